"""To whom footage is sealed: the coach, the recovery key, and this boot's review key.

The coach's and the recovery key stand in the settings, or were set once on the page by somebody who had just pressed
the button. Then they lie in the recorder's own folder: the page itself can never exchange them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from device.domain.errors import Permanent, Refused, Temporary
from device.domain.strict import Fields, parse_object
from device.footage.durable import replace_file
from device.footage.packets import NS_PER_S
from device.footage.seal import read_recipient

NAME = "keys.json"
PRESSED_NS = 300 * NS_PER_S


class Keys:
    """``recipients`` is one list that stays the same object: whoever seals sees a key that came later."""

    def __init__(self, own: Path, coach: str, recovery: str, review: str | None) -> None:
        self._own = own
        self._settled = bool(coach)
        self.coach, self.recovery = (coach, recovery) if coach else _read(own / NAME)
        self._review = [review] if review else []
        self.recipients: list[X25519PublicKey] = []
        self._fill()

    @property
    def coach_present(self) -> bool:
        """Whether there is somebody who can read what is recorded."""
        return bool(self.coach)

    def set(self, coach: str, recovery: str, pressed_ago_ns: int | None) -> None:
        """Set the keys, once; ``pressed_ago_ns`` is when somebody pressed at the device (None: never).

        Permanent when a key is none, Refused when there are keys already or nobody pressed within five minutes,
        Temporary when the card refuses. Setting the same keys again changes nothing.
        """
        for text in (coach, *([recovery] if recovery else [])):
            read_recipient(text)
        if (coach, recovery) == (self.coach, self.recovery):
            return
        if self._settled or self.coach:
            raise Refused("this device has its keys already; only wiping it makes room for others")
        if pressed_ago_ns is None or pressed_ago_ns > PRESSED_NS:
            raise Refused("press the button on the device first, then set the keys within five minutes")
        _write(self._own, coach, recovery)
        self.coach, self.recovery = coach, recovery
        self._fill()

    def _fill(self) -> None:
        texts: Sequence[str] = [text for text in (self.coach, self.recovery) if text] + self._review
        self.recipients[:] = [read_recipient(text) for text in texts]


def _read(path: Path) -> tuple[str, str]:
    try:
        fields = Fields(parse_object(path.read_bytes(), "the file"), "the file")
        keys = fields.take("coach", str), fields.take("recovery", str)
        fields.done()
    except FileNotFoundError:
        return "", ""
    except (OSError, Permanent) as error:
        raise Permanent(
            f"the keys in {path} cannot be read ({error}); without them nothing can be sealed"
        ) from None
    return keys


def _write(own: Path, coach: str, recovery: str) -> None:
    try:
        replace_file(own / NAME, json.dumps({"coach": coach, "recovery": recovery}).encode())
    except OSError as error:
        raise Temporary(f"the card refused to store the keys: {error.strerror or error}") from None
