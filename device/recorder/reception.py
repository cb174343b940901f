"""Answers what is asked over the control socket; carried out by the recorder's own loop, one after the other."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from device.domain.errors import Busy, LeerblikError, Permanent, Refused, Stuck
from device.domain.mask import read_polygons, write_polygons
from device.domain.receipt import read_public_key
from device.domain.session import Phase
from device.recorder.aiming import Aiming
from device.recorder.control import error_answer
from device.recorder.keys import Keys
from device.recorder.masks import Masks
from device.recorder.records import Records

Answer = dict[str, Any]
# What takes its time is answered later, from a thread of its own: the loop goes on meanwhile.
Later = Future[Answer]


class Lessons(Protocol):
    """What the loop lets a request do with lessons."""

    @property
    def phase(self) -> Phase:
        """Whether a lesson is being recorded."""
        ...

    @property
    def recording(self) -> str | None:
        """The lesson that is being recorded."""
        ...

    def request_start(self) -> str:
        """Begin a lesson and return its name; Refused when it may or can not."""
        ...

    def request_stop(self) -> None:
        """End the lesson."""
        ...

    def request_mark(self) -> None:
        """Mark the moment."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """What the composition root hands out: the software finger, the report, the teacher's no, records and keys."""

    gesture: Callable[[dict[str, Any]], None]
    report: Callable[[], Answer]
    outlook: Callable[[Answer], Answer]
    discard: Callable[[str], None]
    records: Records
    keys: Keys
    restart: Callable[[], None]
    wipe: Callable[[Answer], Answer]
    settings: Callable[[Answer], Answer]
    network: Callable[[Answer], Answer]
    pressed_ago_ns: Callable[[], int | None]


class Reception:
    """One method per request; each returns what is answered beside "ok"."""

    def __init__(self, lessons: Lessons, services: Services, aiming: Aiming, masks: Masks) -> None:
        self._lessons = lessons
        self._services = services
        self._aiming = aiming
        self._masks = masks
        self._requests: dict[str, Callable[[dict[str, Any]], Answer | Later]] = {
            "status": self._status,
            "outlook": services.outlook,
            "press": self._press,
            "start": self._start,
            "stop": self._stop,
            "mark": self._mark,
            "discard": self._discard,
            "aim": self._aim,
            "still": self._still,
            "masks": self._draw,
            "recordings": services.records.list,
            "recording": services.records.one,
            "reach": services.records.reach,
            "release": services.records.release,
            "reflect": services.records.reflect,
            "keys": self._keys,
            "restart": self._restart,
            "wipe": services.wipe,
            "settings": services.settings,
            "network": services.network,
        }

    def answer(self, values: dict[str, Any]) -> Answer | Later:
        """Carry out a request; an error is an answer, too. Stuck when a lens does not close."""
        try:
            do = values.get("do")
            request = self._requests.get(do) if isinstance(do, str) else None
            if request is None:
                known = ", ".join((*self._requests, "events"))
                raise Permanent(f"unknown request '{do}'; known are {known}")
            answer = request(values)
            return answer if isinstance(answer, Future) else {"ok": True, **answer}
        except Stuck:
            raise  # no answer mends that: this process must end
        except LeerblikError as error:
            return error_answer(error)

    def _status(self, values: dict[str, Any]) -> Answer:
        return self._services.report()

    def _press(self, values: dict[str, Any]) -> Answer:
        self._services.gesture(values)
        return {}

    def _start(self, values: dict[str, Any]) -> Answer:
        if self._lessons.phase is not Phase.IDLE:
            raise Busy("a lesson is being recorded already")
        self._aiming.close()
        return {"recording": self._lessons.request_start()}

    def _stop(self, values: dict[str, Any]) -> Answer:
        recording = self._need_lesson()
        self._lessons.request_stop()
        return {"recording": recording}

    def _mark(self, values: dict[str, Any]) -> Answer:
        recording = self._need_lesson()
        self._lessons.request_mark()
        return {"recording": recording}

    def _discard(self, values: dict[str, Any]) -> Answer:
        self._services.discard(str(values.get("recording")))
        return {}

    def _aim(self, values: dict[str, Any]) -> Answer:
        if self._lessons.phase is not Phase.IDLE:
            raise Busy("a lesson is being recorded; aim when it has ended")
        if values.get("close") is True:
            self._aiming.close()
        elif not self._aiming.is_open:
            self._aiming.ask()
        return {"open": self._aiming.is_open, "left_s": self._aiming.left_s}

    def _still(self, values: dict[str, Any]) -> Later:
        answer: Later = Future()
        self._aiming.still().add_done_callback(lambda done: answer.set_result(self._show(done)))
        return answer

    def _show(self, picture: Future[bytes]) -> Answer:
        try:
            jpeg = base64.b64encode(picture.result()).decode()
        except LeerblikError as error:
            return error_answer(error)
        return {"ok": True, "jpeg": jpeg, "left_s": self._aiming.left_s}

    def _draw(self, values: dict[str, Any]) -> Answer:
        """Return the masks; with ``polygons`` in the request, those from now on."""
        if "polygons" in values:
            polygons = read_polygons(values["polygons"], "polygons")
            if self._lessons.phase is not Phase.IDLE:
                raise Busy("a lesson is being recorded; set the masks when it has ended")
            self._masks.save(polygons)
        return {"polygons": write_polygons(self._masks.drawn()), "fits": self._masks.fits()}

    def _restart(self, values: dict[str, Any]) -> Answer:
        """Have the services started anew; never in the middle of a lesson."""
        if self._lessons.phase is not Phase.IDLE:
            raise Busy("a lesson is being recorded; restart when it has ended")
        self._services.restart()
        return {}

    def _keys(self, values: dict[str, Any]) -> Answer:
        """Return the public keys, to seal to and of receipts; with ``coach`` in the request, those from now on."""
        keys, receipt = self._services.keys, str(values.get("receipt", ""))
        if receipt:
            read_public_key(receipt)  # before the others are set: all or none
        if "coach" in values:
            keys.set(str(values["coach"]), str(values.get("recovery", "")), self._services.pressed_ago_ns())
        change = {"coach.receipt_key": receipt} if receipt else {}
        settings = self._services.settings({"change": change})
        return {
            "coach": keys.coach, "recovery": keys.recovery,
            "receipt": settings["fields"]["coach.receipt_key"]["value"],
        }  # fmt: skip

    def _need_lesson(self) -> str:
        recording = self._lessons.recording
        if recording is None:
            raise Refused("nothing is being recorded")
        return recording
