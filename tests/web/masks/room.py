"""A room with a device: a real recorder whose loop runs, a camera with an invented lesson, and a coach."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from device.domain.errors import Busy, LeerblikError, Permanent, Refused, Temporary
from device.drivers.camera.synthetic import SyntheticCamera
from device.drivers.clock.system import SystemClock
from device.ports import VideoFormat
from device.web.roles import Role
from tests.support.permits import agreement
from tests.support.recorder import Unit
from tests.support.waiting import LIMIT_S, wait_for
from tests.web.site import csrf_token, make_site

QUARTER = [[[0, 0], [2500, 0], [2500, 10000], [0, 10000]]]
_ERRORS: dict[str, type[LeerblikError]] = {each.word: each for each in (Refused, Busy, Temporary, Permanent)}


class Room:
    """Enter it to let the recorder's loop run. It is the pages' way to the recorder, safe from any thread."""

    unit: Unit

    def __init__(self, folder: Path, view: str = "as it hangs") -> None:
        self._folder, self._view = folder / "device", view
        self.asked: list[str] = []
        self.site = make_site(folder, recorder=self)
        self.coach = self.site.log_in(Role.COACH)
        self._is_there = threading.Event()
        self._thread = threading.Thread(target=self._record)

    def _record(self) -> None:
        """Make the recorder where its loop runs: its catalogue belongs to one thread."""
        camera = SyntheticCamera(VideoFormat(640, 360, 25), 500_000, 1.0, "real", 0.0)
        agreed = replace(agreement(), valid_from=date(2000, 1, 1), valid_until=date(2999, 1, 1))
        self.unit = Unit(self._folder, agreed, camera=camera, clock=SystemClock(), view=self._view)
        self._is_there.set()
        self.unit.loop.run()

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        self.asked.append(do)
        answer = self.unit.loop.ask({"do": do, **values}).get(timeout=LIMIT_S)
        if not answer["ok"]:
            raise _ERRORS[answer["error"]](answer["message"])
        return answer

    def press(self) -> None:
        """Press the button at the device, and wait until the recorder took it."""
        self.unit.finger.press()
        self.ask("status")

    def look_through_the_lens(self) -> None:
        """Let the coach ask, and somebody press."""
        self.ask("aim")
        self.press()
        wait_for(lambda: bool(self.ask("status")["aim"]["open"]))

    def see(self, path: str = "/coach/masks", status: int = 200) -> str:
        """Return a page, in English."""
        answer = self.coach.get(path, headers={"Accept-Language": "en"})
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, path: str, *, on: str = "/coach/masks", **fields: str) -> TestResponse:
        """Send a form as its page would."""
        token = csrf_token(self.see(on))
        return self.coach.post(path, data={"csrf_token": token, **fields}, headers={"Accept-Language": "en"})

    def visitor(self, role: Role) -> FlaskClient:
        return self.site.log_in(role)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_there.wait(LIMIT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unit.loop.stop()
        self._thread.join()
