"""Masks on a page: from a form to polygons, and from polygons to words and to a drawing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from device.domain.errors import LeerblikError, Permanent
from device.domain.mask import MAX_POLYGONS, SCALE, Polygon, read_polygons, write_polygons
from device.web.coach.text import translated as _
from device.web.services import services

# The drawing's own units: those of a picture of 16 by 9, so that nothing in it looks stretched.
WIDE, HIGH = 16_000, 9_000
_PERCENT = SCALE // 100
_SIDES = ("left", "top", "width", "height")


@dataclass(frozen=True, slots=True)
class Masks:
    """What is masked on this device. ``fits``: False when it was drawn on another view.

    ``lost``: there were masks and nobody knows which any more; ``answers``: False when the recorder says nothing.
    """

    polygons: tuple[Polygon, ...] = ()
    fits: bool = True
    lost: bool = False
    answers: bool = True


class Unclear(Exception):  # it is an answer, not an accident
    """A form that is not to be understood: sentences by field, translated; "" is the whole of it."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__(*sentences.values())
        self.sentences = sentences


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle as somebody typed it in percent, with what is wrong with it by field."""

    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


def masks_now() -> Masks:
    """Return what the recorder has."""
    try:
        answer = services().recorder.ask("masks")
        return Masks(read_polygons(answer["polygons"], "polygons"), bool(answer["fits"]))
    except Permanent:
        return Masks(fits=False, lost=True)
    except LeerblikError:
        return Masks(answers=False)


def polygons_in(text: str) -> tuple[Polygon, ...]:
    """Return what a form has drawn; raises :class:`Unclear`."""
    try:
        return read_polygons(json.loads(text), "polygons")
    except (Permanent, ValueError, RecursionError):
        sentence = _(
            "This drawing cannot be understood: draw it again. There are at most %(most)s masks.",
            most=MAX_POLYGONS,
        )
        raise Unclear({"": sentence}) from None


def written(polygons: Sequence[Polygon]) -> str:
    """Return polygons as a form carries them."""
    return json.dumps(write_polygons(polygons), separators=(",", ":"))


def rectangle_in(form: Mapping[str, str]) -> Polygon:
    """Return a rectangle that was typed in percent of the picture; raises :class:`Unclear`, by field."""
    parts = {name: _parts(form.get(name, "")) for name in _SIDES}
    problems = {
        name: _("A number from 0 to 100, such as 25.") for name, part in parts.items() if part is None
    }
    left, top, width, height = (parts[name] or 0 for name in _SIDES)
    for name, part, whole in (("width", width, left + width), ("height", height, top + height)):
        if name not in problems and not 0 < part <= SCALE:
            problems[name] = _("More than 0, or it covers nothing.")
        elif name not in problems and whole > SCALE:
            problems[name] = _("That reaches beyond the picture.")
    if problems:
        raise Unclear(problems)
    return ((left, top), (left + width, top), (left + width, top + height), (left, top + height))


def in_words(polygon: Polygon) -> str:
    """Return where a mask is."""
    across, down = [x for x, _y in polygon], [y for _x, y in polygon]
    return _(
        "%(corners)s corners; from left to right %(left)s to %(right)s, from top to bottom %(top)s to %(bottom)s",
        corners=len(polygon), left=_percent(min(across)), right=_percent(max(across)), top=_percent(min(down)),
        bottom=_percent(max(down)),
    )  # fmt: skip


def outline(polygon: Polygon) -> str:
    """Return a polygon as the points of an SVG of WIDE by HIGH."""
    return " ".join(f"{x * WIDE // SCALE},{y * HIGH // SCALE}" for x, y in polygon)


def middle(polygon: Polygon) -> tuple[int, int]:
    """Return where a mask's number stands in an SVG of WIDE by HIGH."""
    across, down = sum(x for x, _y in polygon), sum(y for _x, y in polygon)
    return across * WIDE // SCALE // len(polygon), down * HIGH // SCALE // len(polygon)


def _percent(part: int) -> str:
    return f"{round(part / _PERCENT)}%"


def _parts(text: str) -> int | None:
    """Return percent, "12.5" or "12,5", in ten-thousandths; None for anything else."""
    try:
        percent = float(text.strip().removesuffix("%").replace(",", "."))
    except ValueError:
        return None
    return round(percent * _PERCENT) if 0 <= percent <= 100 else None
