"""The sound of one lesson: from every card's capture, merged and muted, to the recorder."""

from __future__ import annotations

import threading
import time

from device.domain.errors import Temporary
from device.drivers.microphone._capture import SILENT_LIMIT_S, Capture, Input
from device.drivers.microphone._drift import Placed
from device.drivers.microphone._merge import Block, Merge
from device.drivers.microphone._meter import Meter, Samples
from device.drivers.microphone._voice import sample_ns
from device.ports import AudioBlock, AudioFormat, FootageSink, Level

CLOSE_LIMIT_S = 2.0
_NS_PER_S = 1_000_000_000
_LOOK_EVERY_S = 0.1


class LessonSound:
    """Runs in the driver's thread; a card whose driver hangs holds up neither it nor the other card."""

    def __init__(
        self,
        form: AudioFormat,
        inputs: tuple[Input, ...],
        silence_dbfs: float,
        sink: FootageSink,
        origin_ns: int,
    ) -> None:
        self._form = form
        self._sink = sink
        self._origin_ns = origin_ns
        self._came = threading.Condition()
        self._merge = Merge(form.rate_hz, form.channels, len(inputs), mix=form.tracks == 1)
        self._heard_ns = time.monotonic_ns()
        self._down = [False] * len(inputs)
        self._problems = [_STUCK.format(source.label) for source in inputs]
        self._reported = False
        self._privacy = threading.Lock()
        self._muted = False
        self._deaf_until_ns = origin_ns
        self._meters = [Meter(source.label, self._heard_ns, silence_dbfs) for source in inputs]
        self._captures = [self._capture(number, source) for number, source in enumerate(inputs)]
        self._open: list[Capture] = []

    def run(self, stop: threading.Event) -> None:
        """Deliver until asked to stop, and close the cards."""
        try:
            for capture in self._captures:
                capture.start()
                self._open.append(capture)
            while not stop.is_set():
                self._wait_and_deliver()
        finally:
            self._close()

    def mute(self, muted: bool) -> None:
        """Deliver zeros; what was said before the end of that is never delivered."""
        with self._privacy:
            now_ns = time.monotonic_ns()
            if self._muted and not muted:
                self._deaf_until_ns = now_ns
            self._muted = muted
            for meter in self._meters:
                meter.mute(muted, now_ns)

    def levels(self) -> tuple[Level, ...]:
        """Return how loud each card is."""
        now_ns = time.monotonic_ns()
        return tuple(meter.level(now_ns) for meter in self._meters)

    def require_closed(self) -> None:
        """Raise Temporary when a card did not close in time."""
        if self._open:
            labels = " and ".join(capture.label for capture in self._open)
            raise Temporary(f"the microphone {labels} does not close; restart the recorder")

    def _capture(self, number: int, source: Input) -> Capture:
        def put(placed: Placed) -> None:
            with self._came:
                self._merge.put(number, placed)
                self._down[number] = False
                self._heard_ns = time.monotonic_ns()
                self._came.notify_all()

        def lost(problem: str) -> None:
            with self._came:
                self._merge.lost(number)
                self._down[number] = True
                self._problems[number] = problem
                self._came.notify_all()

        return Capture(source, self._form, self._origin_ns, self._meters[number], put, lost)

    def _wait_and_deliver(self) -> None:
        with self._came:
            self._came.wait(_LOOK_EVERY_S)
            now_ns = time.monotonic_ns()
            blocks = list(self._merge.ready((now_ns - self._origin_ns) * self._form.rate_hz // _NS_PER_S))
            failure = self._failure(now_ns)
        for block in blocks:
            self._deliver(block)
        if failure:
            self._sink.microphone_failed(failure)

    def _failure(self, now_ns: int) -> str:
        """Return what to report when no microphone is left, once until one is back."""
        failed = all(self._down) or now_ns - self._heard_ns > SILENT_LIMIT_S * _NS_PER_S
        if failed == self._reported:
            return ""
        self._reported = failed
        return "; ".join(self._problems) if failed else ""

    def _deliver(self, block: Block) -> None:
        pts_ns = self._origin_ns + sample_ns(block.index, self._form.rate_hz)
        with self._privacy:
            for track, samples in enumerate(block.tracks):
                heard = self._censor(samples, pts_ns)
                self._sink.audio(AudioBlock(heard.tobytes(), pts_ns, track))

    def _censor(self, samples: Samples, pts_ns: int) -> Samples:
        private = (self._deaf_until_ns - pts_ns) * self._form.rate_hz // _NS_PER_S + 1
        if self._muted:
            private = len(samples)
        if self._deaf_until_ns > pts_ns or self._muted:
            samples[:private] = 0
        return samples

    def _close(self) -> None:
        for capture in self._open:
            capture.ask_to_stop()
        limit_ns = time.monotonic_ns() + round(CLOSE_LIMIT_S * _NS_PER_S)
        self._open = [
            each
            for each in self._open
            if not each.stop(max(0.0, (limit_ns - time.monotonic_ns()) / _NS_PER_S))
        ]


_STUCK = "the microphone {} delivers nothing; unplug it and plug it in again"
