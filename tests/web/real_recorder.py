"""A real recorder behind the pages: it answers as it would over its socket, in the test's own thread."""

from __future__ import annotations

from typing import Any

from device.domain.errors import Busy, LeerblikError, Permanent, Refused, Temporary
from tests.support.recorder import Unit

_ERRORS: dict[str, type[LeerblikError]] = {each.word: each for each in (Refused, Busy, Temporary, Permanent)}


class RealRecorder:
    """Asks a unit; an error is raised as :class:`device.recorder.client.RecorderClient` does."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        answer = self.unit.ask(do, **values)
        if not answer.get("ok"):
            raise _ERRORS.get(answer.get("error", ""), Temporary)(answer.get("message", "unknown error"))
        return answer
