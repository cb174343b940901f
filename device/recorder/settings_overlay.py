"""What IT set on the page about the coach's machine: judged here once more, and kept where every process reads it.

The page itself can never redirect footage: for that somebody must have pressed at the device. leerblik.toml goes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.domain.errors import Permanent, Refused, Temporary
from device.domain.host_key import read_host_key
from device.domain.overlay import (
    ALLOWED,
    FILE_NAME,
    REDIRECTING,
    Tables,
    flat,
    is_settled,
    origin_of,
    tables_of,
    write_overlay,
)
from device.domain.receipt import read_public_key
from device.domain.server_fields import faults
from device.footage.durable import replace_file
from device.recorder.keys import PRESSED_NS

_MODE = 0o640
Values = dict[str, Any]
PRESS_FIRST = "press the button on the device first, then send this again within five minutes"


class SettingsOverlay:
    """Belongs to the recorder's loop.

    ``written`` is what stands in leerblik.toml, ``defaults`` a value for each setting that may be set here,
    ``check`` raises Permanent for an overlay that no process could start with. ``changed`` hears of every change.
    """

    def __init__(
        self,
        folder: Path,
        written: Mapping[str, Any],
        overlay: Tables,
        *,
        defaults: Mapping[str, Any],
        check: Callable[[Tables], None],
        problem: str = "",
    ) -> None:
        self._folder = folder
        self._written = written
        self._overlay = overlay
        self._defaults = defaults
        self._check = check
        self.problem = problem
        self.changed: Callable[[], None] = lambda: None

    def answer(self, values: Mapping[str, Any], pressed_ago_ns: int | None) -> Values:
        """Answer a request: ``change`` sets values, ``again`` has the sync try once more; both tell how it is then."""
        change = values.get("change", {})
        if not isinstance(change, dict):
            raise Permanent("change must be an object with settings by their full names, such as sync.host")
        if change:
            self.set(change, pressed_ago_ns)
        elif values.get("again") is True:
            self._write(flat(self._overlay))
        return self.describe()

    def value(self, name: str) -> Any:
        """Return the value of a setting in effect."""
        return self._value(name, self._overlay)

    @property
    def receipt_key(self) -> Ed25519PublicKey | None:
        """The key whose signature makes a recording delivered; None while there is none."""
        text = self.value("coach.receipt_key")
        return read_public_key(text) if text else None

    def _value(self, name: str, overlay: Tables) -> Any:
        if is_settled(self._written, name):
            overlay = self._written
        return flat(overlay).get(name, self._defaults[name])

    def _redirects(self, overlay: Tables) -> bool:
        return any(self._value(name, overlay) != self.value(name) for name in REDIRECTING)

    def describe(self) -> dict[str, Any]:
        """Return every setting with its value and where that comes from, and what is wrong with the file."""
        fields = {
            name: {
                "value": self.value(name),
                "origin": origin_of(self._written, self._overlay, name).name.lower(),
            }
            for name in ALLOWED
        }
        return {"fields": fields, "problem": self.problem}

    def set(self, changes: Mapping[str, Any], pressed_ago_ns: int | None) -> None:
        """Set values by their full names; an empty text leaves a setting open again.

        Permanent when one is not possible, Refused when leerblik.toml has it already or footage would be redirected
        and nobody pressed within five minutes, Temporary when the card refuses. Then nothing was changed.
        """
        wanted = self._judged(changes)
        kept = {**flat(self._overlay), **wanted}.items()
        fresh = {name: value for name, value in kept if value not in ("", self._defaults[name])}
        tables = tables_of(fresh)
        self._check(tables)
        if self._redirects(tables) and not has_pressed(pressed_ago_ns):
            raise Refused(PRESS_FIRST)
        self._write(fresh)
        self._overlay, self.problem = tables, ""
        self.changed()

    def _judged(self, changes: Mapping[str, Any]) -> Values:
        for name in changes:
            if name not in ALLOWED:
                raise Permanent(f"{name} is not a setting of the page; those are {', '.join(ALLOWED)}")
        folders = ("sync.inbox_dir", "sync.receipts_dir")
        beside = (
            {name: self.value(name) for name in folders} if any(name in changes for name in folders) else {}
        )
        wrong = faults({**beside, **changes})
        if wrong:
            raise Permanent(" ".join(f"{name}: {sentence}" for name, sentence in wrong.items()))
        settled = [name for name in changes if is_settled(self._written, name)]
        if any(changes[name] != self.value(name) for name in settled):
            raise Refused(
                f"{', '.join(settled)}: set in leerblik.toml; change it there, or leave it open there"
            )
        wanted = {name: value for name, value in changes.items() if name not in settled}
        if wanted.get("sync.host_key"):
            wanted["sync.host_key"] = read_host_key(wanted["sync.host_key"])
        return wanted

    def _write(self, values: Mapping[str, Any]) -> None:
        try:
            # The folder's own mode is the device's (tmpfiles); elsewhere it may not be there yet.
            self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            replace_file(self._folder / FILE_NAME, write_overlay(values), _MODE)
        except OSError as error:
            raise Temporary(f"the card refused to store the settings: {error.strerror or error}") from None


def defaults_of(values: Tables) -> Values:
    """Return a value for each setting of the page out of whole tables."""
    given = flat(values)
    return {name: given.get(name, "") for name in ALLOWED}


def has_pressed(ago_ns: int | None) -> bool:
    """Tell whether somebody pressed at the device itself within five minutes; None: never."""
    return ago_ns is not None and ago_ns <= PRESSED_NS
