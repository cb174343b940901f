"""A recorder with its loop, desk and catalogue, real but for the world around it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device.domain.consent import Permit
from device.domain.errors import LeerblikError, Permanent
from device.domain.lifecycle import Writer
from device.domain.session import EventKind, Rules
from device.domain.trajectory import Agreement
from device.ports import AudioFormat, Camera, FootageSink, Microphone, Signal, VideoFormat
from device.recorder.aftercare import Aftercare
from device.recorder.desk import Desk, DeskSettings, Machine
from device.recorder.lesson import LessonSettings
from device.recorder.loop import RecorderLoop
from device.recorder.report import describe
from device.recorder.vigil import Vigil
from device.storage.catalogue import FILE_NAME, Catalogue, fresh_ulid
from tests.support.clock import HandClock
from tests.support.material import AUDIO, VIDEO, pictures, recipients, sound
from tests.support.permits import agreement
from tests.support.waiting import Collector


class WatchedCamera:
    """A lens that notes who opened it; it delivers some pictures at once."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.permits: list[Any] = []
        self.open = False
        self.fault: LeerblikError | None = None
        self.sink: FootageSink | None = None

    def format(self) -> VideoFormat:
        return VIDEO

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        self.permits.append(permit)
        self.log.append("lens opens")
        assert not self.open
        if self.fault is not None:
            raise self.fault
        self.open = True
        self.sink = sink
        for packet in pictures(1):
            sink.video(packet)

    def blank(self, blanked: bool) -> None:
        self.log.append(f"lens blanked {blanked}")

    def stop(self) -> None:
        if self.open:
            self.log.append("lens closes")
        self.open = False

    def frames(self) -> int:
        return len(pictures(1))


class WatchedMicrophone:
    """A microphone that notes who opened it."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.permits: list[Any] = []
        self.fault: LeerblikError | None = None

    def format(self) -> AudioFormat | None:
        return AUDIO

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        self.permits.append(permit)
        if self.fault is not None:
            raise self.fault
        for block in sound(1):
            sink.audio(block)

    def mute(self, muted: bool) -> None:
        self.log.append(f"microphone muted {muted}")

    def stop(self) -> None:
        self.log.append("microphone closes")


class WatchedLight:
    """Notes what it showed."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def show(self, signal: Signal) -> None:
        self.log.append(f"light {signal.value}")

    def close(self) -> None:
        self.log.append("light goes out")


@dataclass
class Unit:
    """One recorder. Events and lights are in ``log`` and ``events``; ``agreed=None``: nothing was agreed."""

    root: Path
    agreed: Agreement | None = field(default_factory=agreement)
    coach_key_present: bool = True
    reserve_bytes: int = 0
    cooling_off_s: float = 60.0
    rules: Rules = field(default_factory=Rules)
    camera: Camera | None = None
    microphone: Microphone | None = None
    clock: Any = field(default_factory=HandClock)
    segment_s: float = 30.0
    still_s: float = 1e6

    def __post_init__(self) -> None:
        self.spool = self.root / "spool"
        self.spool.mkdir(parents=True)
        self.log: list[str] = []
        self.events: Collector[dict[str, Any]] = Collector()
        self.lens = WatchedCamera(self.log)
        self.ears = WatchedMicrophone(self.log)
        self.catalogue = Catalogue(self.root / FILE_NAME, Writer.RECORDER)
        self.aftercare = Aftercare(self.catalogue, self.spool, self.clock, self.cooling_off_s, None)
        machine = Machine(
            self.camera or self.lens, self.microphone or self.ears, WatchedLight(self.log), self.clock
        )
        lesson = LessonSettings("device-1", recipients(), self.segment_s, 64_000)
        settings = DeskSettings(
            self.spool,
            "en",
            self.reserve_bytes,
            self.rules.discard_window_ns,
            self.coach_key_present,
            self.agreed,
            lesson,
        )
        self.desk = Desk(machine, settings, self.catalogue, self.aftercare, fresh_ulid, self.events)
        self.loop = RecorderLoop(
            self.desk, self.clock, self.rules, Vigil(self.reserve_bytes, 0, self.still_s), self._gesture,
            lambda phase, desk: describe(phase, desk, self.catalogue, self.aftercare), self.aftercare.discard,
        )  # fmt: skip

    def _gesture(self, values: dict[str, Any]) -> None:
        """Let time pass on the clock that is moved by hand, in the loop's own thread.

        With ``tell`` camera, microphone or card say something about the lesson that is being recorded.
        """
        if not isinstance(values.get("pass_s"), int | float):
            raise Permanent("this finger only lets time pass")
        self.clock.pass_s(values["pass_s"])
        # What the loop itself does when nothing more came: here time passes between two things that came.
        self.loop._step(EventKind.TICK)
        self.loop._do_chores()
        if values.get("tell"):
            self.loop._tell(self.desk.recording or "", values["tell"], "something happened")
        if values.get("then_stop"):
            self.loop.stop()

    def run(self) -> None:
        """Let the loop work off everything it was handed, and what came of it, and end it."""
        self.loop.ask({"do": "press", "pass_s": 0, "then_stop": True})
        self.loop.run()

    def run_until(self, event: str) -> None:
        """Let the loop run until it tells of an event; the test fails when that never comes."""

        def end() -> None:
            try:
                self.events.wait_for(lambda: event in self.kinds())
            finally:
                self.loop.stop()

        waiting = threading.Thread(target=end)
        waiting.start()
        self.loop.run()
        waiting.join()
        assert event in self.kinds(), self.events.seen

    def kinds(self) -> list[str]:
        """Return the events so far, by name."""
        return [event["event"] for event in self.events.seen]
