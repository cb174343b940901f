"""What the sheet calls the parts of the device and what is kept of a group; the setting's own name behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from device.web.phrases import N_
from device.web.prints.text import gettext as _
from device.web.roles import Role

_PARTS: Mapping[str, str] = {
    "control_socket": N_("this page and the bookings that begin by themselves"),
    "gpio_button": N_("the button"),
    "gpio_colours": N_("a button of its own colour for each teacher"),
    "gpio_privacy": N_("the privacy button"),
    "gpio_cover": N_("the cover of the lens"),
    "gpio_power": N_("the button that switches it off"),
    "evdev_badge": N_("the badge reader"),
    "gpio_led": N_("a light"),
    "gpio_rgb": N_("a light in several colours"),
    "console": N_("words on its own screen"),
    "none": N_("none"),
}
_KEPT: Mapping[str, str] = {
    "group": N_("the name of the group"),
    "pupils": N_("how many pupils it has"),
    "asked": N_("of how many the answer is known"),
    "not_filmed": N_("how many must not be filmed"),
    "arrangement": N_("what was arranged for them"),
    "sound": N_("whether sound may be recorded"),
    "informed_on": N_("when they were informed"),
    "valid_from": N_("from when it counts"),
    "valid_until": N_("until when it counts"),
}
_ROLES: Mapping[Role, str] = {
    Role.PUBLIC: N_("anybody in the room"),
    Role.TEACHER: N_("teacher"),
    Role.COACH: N_("coach"),
    Role.IT: N_("IT"),
}


def parts(names: Iterable[str]) -> str:
    """Return drivers in words, each with its name in the settings."""
    return ", ".join(f"{_(_PARTS[name])} ({name})" if name in _PARTS else name for name in names)


def kept(fields: Iterable[str]) -> str:
    """Return fields of a group in words."""
    return ", ".join(_(_KEPT[name]) if name in _KEPT else name for name in fields)


def roles() -> str:
    """Return every role in words."""
    return ", ".join(_(_ROLES[role]) for role in Role)
