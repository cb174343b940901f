"""What the mask editor says, in the visitor's language; ``{...}`` are filled in by the editor itself."""

from __future__ import annotations

from device.web.coach.text import translated as _


def editor_words() -> dict[str, str]:
    """Return its sentences by the name that ``static/masks/editor.js`` knows them by."""
    return {
        "mask": _("Mask {mask}"),
        "place": _(
            "{corners} corners; from left to right {left} to {right}, from top to bottom {top} to {bottom}"
        ),
        "corner": _("Mask {mask}, corner {corner}: {x} from the left, {y} from the top"),
        "remove": _("Remove mask {mask}"),
        "insert": _("Add a corner to mask {mask}"),
        "none": _("Nothing is masked."),
        "removed": _("Mask {mask} is removed."),
        "added": _("Mask {mask} is added."),
        "undone": _("Undone."),
        "unsaved": _("Not saved yet."),
        "full": _("There is no room for more."),
    }
