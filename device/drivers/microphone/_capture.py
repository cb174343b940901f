"""The thread that reads one sound card, from wherever it is plugged in, for as long as the lesson lasts."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from device.domain.errors import LeerblikError
from device.drivers.microphone import _cards
from device.drivers.microphone._drift import Placed, Placer
from device.drivers.microphone._libasound import Pcm
from device.drivers.microphone._meter import Meter, Samples, as_samples
from device.ports import AudioFormat

LOOK_EVERY_S = 1.0
READ_LIMIT_S = 0.2
SILENT_LIMIT_S = 2.0

# A source without a clock of its own (a file played as a card) is held to ours; a real card is never this fast.
_AHEAD_NS = 10_000_000
_BEHIND_NS = 1_000_000_000
_FASTEST = 1.0005

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Input:
    """One microphone as it was configured. ``choice``: see :func:`device.drivers.microphone._cards.alsa_name`."""

    choice: str
    gain_db: float

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.choice or "(the first card)"


class Capture:
    """Looks for a card, reads it, and looks for it again when it was pulled out.

    ``put(placed)`` gets the samples and ``lost(sentence)`` what went wrong, once each time, from the
    capture's own thread, never after :meth:`stop` returned True.
    """

    def __init__(
        self,
        source: Input,
        form: AudioFormat,
        origin_ns: int,
        meter: Meter,
        put: Callable[[Placed], None],
        lost: Callable[[str], None],
    ) -> None:
        self._source = source
        self._form = form
        self._origin_ns = origin_ns
        self._meter = meter
        self._put = put
        self._lost = lost
        self._stop = threading.Event()
        self._problem = ""
        self._placer = Placer(form.rate_hz, form.channels)
        self._thread = threading.Thread(target=self._run, name=f"microphone {source.choice}", daemon=True)

    @property
    def label(self) -> str:
        """What a person calls the card."""
        return self._source.label

    def start(self) -> None:
        """Begin to look for the card."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Say that it may end."""
        self._stop.set()

    def stop(self, timeout_s: float) -> bool:
        """End it; False when the card's driver does not return from a call in time."""
        self._stop.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except LeerblikError as error:
                self._say(str(error))
            except Exception as error:  # noqa: BLE001  # top of a thread: whatever it was, the recorder must hear of it
                self._say(f"the microphone {self._source.label} failed: {type(error).__name__}: {error}")
            self._stop.wait(LOOK_EVERY_S)

    def _say(self, problem: str) -> None:
        """Report a problem, but not again at every look."""
        if problem != self._problem and not self._stop.is_set():
            self._problem = problem
            _log.warning("%s", problem)
            self._lost(problem)

    def _listen(self) -> None:
        form = self._form
        pcm = Pcm(_cards.alsa_name(self._source.choice), self._source.label, form.rate_hz, form.channels)
        try:
            self._placer.restart()
            self._read(pcm, _Pace(form.rate_hz))
        finally:
            pcm.close()

    def _read(self, pcm: Pcm, pace: _Pace) -> None:
        heard_ns = time.monotonic_ns()
        while not self._stop.is_set():
            data = pcm.read(READ_LIMIT_S)
            if data is None:
                _log.warning("the microphone %s was not read in time; a moment is lost", self._source.label)
                self._placer.restart()
                continue
            if data:
                heard_ns = time.monotonic_ns()
                self._take(as_samples(data, self._form.channels), pcm, pace)
            elif time.monotonic_ns() - heard_ns > SILENT_LIMIT_S * 1e9:
                self._say(
                    f"the microphone {self._source.label} delivers nothing; unplug it and plug it in again"
                )

    def _take(self, samples: Samples, pcm: Pcm, pace: _Pace) -> None:
        if not pace.keep(len(samples), self._stop):
            return
        if self._problem:
            self._problem = ""
            _log.info("the microphone %s is back", self._source.label)
        unread = pcm.unread()
        now_ns = time.monotonic_ns()
        louder = _amplify(samples, self._source.gain_db)
        self._meter.take(louder, now_ns)
        for placed in self._placer.take(louder, unread, now_ns - self._origin_ns):
            self._put(placed)


class _Pace:
    """Waits for the time when samples that were read can have sounded."""

    def __init__(self, rate_hz: int) -> None:
        self._sample_ns = 1e9 / rate_hz / _FASTEST
        self._due_ns = float(time.monotonic_ns())

    def keep(self, samples: int, stop: threading.Event) -> bool:
        """Wait if need be; False when asked to stop."""
        now_ns = time.monotonic_ns()
        self._due_ns = max(self._due_ns + samples * self._sample_ns, now_ns - _BEHIND_NS)
        ahead_ns = self._due_ns - now_ns
        return not stop.wait(ahead_ns / 1e9) if ahead_ns > _AHEAD_NS else not stop.is_set()


def _amplify(samples: Samples, gain_db: float) -> Samples:
    if not gain_db:
        return samples
    louder = samples * np.float32(10 ** (gain_db / 20))
    return np.asarray(np.clip(np.rint(louder), -32768, 32767), dtype="<i2")
