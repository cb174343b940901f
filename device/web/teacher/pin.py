"""The PIN once more, for what nobody may do at a screen that somebody left open."""

from __future__ import annotations

from device.domain.errors import Busy
from device.web.current import current_actor
from device.web.deciding import Objected
from device.web.limits import BROWSER, Key
from device.web.services import services
from device.web.teacher.text import gettext as _


def confirm_pin(pin: str) -> None:
    """Raise :class:`Objected` for the field "pin" unless it is this teacher's; Busy when too many ask at once.

    Only whoever is logged in as her gets here, so these tries are counted by themselves: nobody else's guesses
    make her wait.
    """
    actor = current_actor()
    key = Key(f"confirm {actor.code}", BROWSER)
    wait_s = services().limits.begin(key)
    if wait_s > 0:
        raise Objected(
            {
                "pin": _(
                    "There were too many tries: wait %(seconds)d seconds and try again.",
                    seconds=int(wait_s) + 1,
                )
            }
        )
    try:
        right = services().accounts.verify(actor, pin)
    except Busy:
        services().limits.succeeded(key)
        raise
    if not right:
        raise Objected({"pin": _("This is not your PIN. Type it once more.")})
    services().limits.forget(key)
