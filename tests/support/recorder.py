"""A recorder with its loop, desk and catalogue, real but for the world around it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from device import config
from device.domain.consent import AimLeave, Permit, WarmLeave
from device.domain.errors import LeerblikError, Permanent, Temporary
from device.domain.lifecycle import Writer
from device.domain.mask import Polygon
from device.domain.session import EventKind, Rules
from device.domain.trajectory import Agreement
from device.ports import AudioFormat, Camera, Edge, FootageSink, Level, Microphone, Signal, VideoFormat
from device.recorder.aftercare import Aftercare
from device.recorder.assembly import Parts, put_together
from device.recorder.desk import DeskSettings, Machine
from device.recorder.keys import Keys
from device.recorder.late import LateIndicators, LateTriggers
from device.recorder.lesson import LessonSettings
from device.recorder.masks import Masks
from device.recorder.network import Network
from device.recorder.settings_overlay import SettingsOverlay, defaults_of
from device.recorder.vigil import Vigil
from device.storage.catalogue import FILE_NAME, Catalogue
from tests.support.clock import HandClock
from tests.support.material import AUDIO, COACH, RECOVERY, VIDEO, pictures, recipients, sound
from tests.support.permits import agreement
from tests.support.waiting import LIMIT_S, Collector


class WatchedCamera:
    """A lens that notes who opened it; it delivers some pictures at once."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.permits: list[Any] = []
        self.open = False
        self.fault: LeerblikError | None = None
        self.absent = ""
        self.sink: FootageSink | None = None
        self.masks: tuple[Polygon, ...] = ()
        self.seen = 0
        self.after_s = 0.0
        self.prepared: WarmLeave | None = None
        self.ill = ""

    def format(self) -> VideoFormat:
        if self.absent:
            raise Temporary(self.absent)
        return VIDEO

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        self.permits.append(permit)
        self.log.append("lens opens from warm" if self.prepared else "lens opens")
        self.prepared = None
        assert not self.open
        if self.fault is not None:
            raise self.fault
        self.open = True
        self.sink = sink
        self.origin_ns = origin_ns
        self.show(1, self.after_s)

    def show(self, seconds: int, after_s: float = 0) -> None:
        """Deliver pictures that begin ``after_s`` after the lens was opened."""
        assert self.sink is not None
        for packet in pictures(seconds):
            self.sink.video(replace(packet, pts_ns=packet.pts_ns + round(after_s * 1e9)))
            self.seen += 1

    def blank(self, blanked: bool) -> None:
        self.log.append(f"lens blanked {blanked}")

    def mask(self, polygons: Sequence[Polygon]) -> None:
        self.masks = tuple(polygons)

    def aim(self, leave: AimLeave) -> bytes:
        if not self.open:
            self.log.append("lens opens for aiming")
        self.open = True
        return b"a still"

    def prepare(self, leave: WarmLeave) -> None:
        assert not self.open
        if self.ill:
            raise Temporary(self.ill)
        self.log.append("camera gets ready")
        self.prepared = leave

    def is_prepared(self) -> bool:
        return self.prepared is not None

    def stop(self) -> None:
        if self.open:
            self.log.append("lens closes")
        if self.prepared:
            self.log.append("camera is put away")
        self.open, self.prepared = False, None

    def frames(self) -> int:
        return self.seen


class WatchedMicrophone:
    """A microphone that notes who opened it."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.permits: list[Any] = []
        self.fault: LeerblikError | None = None
        self.absent = ""
        self.heard: tuple[Level, ...] = ()

    def format(self) -> AudioFormat | None:
        return AUDIO

    def missing(self) -> str:
        return self.absent

    def levels(self) -> tuple[Level, ...]:
        return self.heard

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        self.permits.append(permit)
        if self.fault is not None:
            raise self.fault
        self.sink = sink
        self.sound(1)

    def sound(self, seconds: float, from_s: float = 0.0) -> None:
        """Deliver silence that begins ``from_s`` after the microphone was opened."""
        for block in sound(from_s + seconds, from_s=from_s):
            self.sink.audio(block)

    def mute(self, muted: bool) -> None:
        self.log.append(f"microphone muted {muted}")

    def stop(self) -> None:
        self.log.append("microphone closes")


class WatchedLight:
    """Notes what it showed; it may have gone dark."""

    works = True

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def show(self, signal: Signal) -> None:
        self.log.append(f"light {signal.value}")

    def close(self) -> None:
        self.log.append("light goes out")


class HandTrigger:
    """A button that a test presses, here or through the loop itself; it may be absent."""

    absent = ""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._on_edge: Callable[[Edge], None] | None = None

    def start(self, on_edge: Callable[[Edge], None]) -> None:
        if self.absent:
            raise Temporary(self.absent)
        self._on_edge = on_edge

    def press(self, *, by_hand: bool = True) -> None:
        """Press and let go at one moment, from any thread."""
        assert self._on_edge is not None, "nobody listens to the button yet"
        for down in (True, False):
            self._on_edge(Edge(down, self._clock.monotonic_ns(), by_hand=by_hand))

    def stop(self) -> None:
        """Nothing was begun."""


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
    owed: Sequence[str] = ()
    view: str = "watched upright"
    warm_camera: bool = False
    overrun_s: int = 300
    # What leerblik.toml says of the coach's machine.
    written: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spool = self.root / "spool"
        self.spool.mkdir(parents=True, exist_ok=True)
        self.log: list[str] = []
        self.events: Collector[dict[str, Any]] = Collector()
        self.lens = WatchedCamera(self.log)
        self.ears = WatchedMicrophone(self.log)
        self.catalogue = Catalogue(self.root / FILE_NAME, Writer.RECORDER)
        self.aftercare = Aftercare(self.catalogue, self.spool, self.clock, self.cooling_off_s, None)
        self.light = WatchedLight(self.log)
        lights = LateIndicators([("watched", lambda: self.light)], self.clock)
        self.finger = HandTrigger(self.clock)
        coach = str(COACH.to_public()) if self.coach_key_present else ""
        self.keys = Keys(self.root, coach, str(RECOVERY.to_public()), None)
        self.recorder = put_together(
            Parts(
                Machine(self.camera or self.lens, self.microphone or self.ears, lights, self.clock),
                lights,
                LateTriggers([("hand", self.finger)], self.clock),
                DeskSettings(
                    spool=self.spool,
                    state=self.root,
                    runtime=self.root,
                    language="en",
                    reserve_bytes=self.reserve_bytes,
                    discard_window_ns=self.rules.discard_window_ns,
                    keys=self.keys,
                    agreement=self.agreed,
                    register=self.root,
                    own=self.root,
                    lesson=LessonSettings("device-1", recipients(), self.segment_s, 64_000),
                    masks=Masks(self.root, self.view),
                    overrun_s=self.overrun_s,
                ),
                self.rules,
                Vigil(self.reserve_bytes, 0, self.still_s),
                self._gesture,
                SettingsOverlay(
                    self.root / "settings",
                    self.written,
                    {},
                    check=partial(config.check_overlay, self.written),
                    defaults=defaults_of({name: config.defaults(name) for name in ("sync", "coach")}),
                ),
                Network(self.root, self.root / "network"),
                aside=lambda work: work(),
                warm_camera=self.warm_camera,
            ),
            self.catalogue,
            self.aftercare,
            self.owed,
            self.events,
        )
        self.desk, self.loop, self.face = self.recorder.desk, self.recorder.loop, self.recorder.face
        self.recorder.look_around()

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

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """Return what the loop would answer; what it answers later as well."""
        answer = self.loop._answer({"do": do, **values})
        return answer.result(LIMIT_S) if isinstance(answer, Future) else answer

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
