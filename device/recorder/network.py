"""Hands IT's wish for the network to the unit that carries it out; the recorder itself has no network and no right to.

The wish lies in memory, for the recorder's and root's eyes only, until the unit has carried it out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from device.domain.errors import Busy, Permanent, Refused, Temporary
from device.domain.network import read_wish, write_wish
from device.domain.network_outcome import FILE_NAME, read_result
from device.footage.durable import replace_file
from device.recorder.settings_overlay import PRESS_FIRST, has_pressed

REQUEST_NAME = "network"
_MODE = 0o600
Answer = dict[str, Any]


class Network:
    """``runtime`` is in memory; in ``results`` the unit says how it went."""

    def __init__(self, runtime: Path, results: Path) -> None:
        self._request = runtime / REQUEST_NAME
        self._result = results / FILE_NAME

    def answer(self, values: Mapping[str, Any], pressed_ago_ns: int | None) -> Answer:
        """Answer a request: ``wish`` asks for a network, ``forget`` for the system's own; both tell how it is then.

        Permanent with every fault of a wish, Refused when nobody pressed within five minutes, Busy while the one
        before is carried out.
        """
        if "wish" in values:
            wish = values["wish"]
            if not isinstance(wish, dict):
                raise Permanent("wish must be an object")
            self._hand_on(write_wish(read_wish(wish)), pressed_ago_ns)
        elif values.get("forget") is True:
            self._hand_on({"forget": True}, pressed_ago_ns)
        return {"pending": self._request.exists(), "result": self._read()}

    def _hand_on(self, request: Answer, pressed_ago_ns: int | None) -> None:
        if not has_pressed(pressed_ago_ns):
            raise Refused(PRESS_FIRST)
        if self._request.exists():
            raise Busy("the network is being changed already; wait until the page says how it went")
        try:
            replace_file(self._request, json.dumps(request).encode(), _MODE)
        except OSError as error:
            raise Temporary(f"the network cannot be changed: {error.strerror or error}") from None

    def _read(self) -> Answer | None:
        try:
            result = read_result(self._result.read_bytes())
        except (OSError, Permanent):
            return None
        return {
            "outcome": result.outcome.value, "at": result.at, "why": result.why, "shown": dict(result.shown),
        }  # fmt: skip
