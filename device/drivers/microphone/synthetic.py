"""A voice that counts the seconds: a beep at every full second above a soft hum.

The pitch tells which second of twelve it is; where the hum is missing, sound was lost or muted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from device.domain.consent import Permit
from device.domain.settings import Setting
from device.drivers._take import SPEED
from device.drivers._test_card import BEEP_LEVEL, BEEP_NS, HUM_HZ, HUM_LEVEL, PITCHES_HZ
from device.drivers.microphone._voice import Voice, samples_per_block
from device.ports import AudioFormat, FootageSink, Level, Microphone

OPTIONS = (
    Setting("rate_hz", int, "samples per second", 48_000, 16_000, 8_000, 192_000),
    Setting("channels", int, "1 for mono, 2 for stereo", 1, 2, 1, 2),
    SPEED,
    Setting("length_s", float, "seconds of sound after which it ends, 0 for endless", 0.0, 60.0, 0.0),
    Setting(
        "seconds",
        str,
        "which seconds the beeps count: of the lesson, or of the machine since it was switched on",
        "lesson",
        "machine",
        choices=("lesson", "machine"),
    ),
)

_FULL_SCALE = 32767


def build(options: Mapping[str, Any]) -> Microphone:
    """Return the microphone."""
    form = AudioFormat(options["rate_hz"], options["channels"])
    of_machine = options["seconds"] == "machine"
    return SyntheticMicrophone(form, options["speed"], options["length_s"], of_machine=of_machine)


class SyntheticMicrophone:
    """Sounds the beeps of ``device.drivers._test_card``, sample 0 at the origin."""

    def __init__(self, form: AudioFormat, speed: str, length_s: float, *, of_machine: bool = False) -> None:
        self._format = form
        self._of_machine = of_machine
        self._length = round(length_s * form.rate_hz) or None
        self._voice = Voice("synthetic microphone", speed)

    def format(self) -> AudioFormat | None:
        """Return the rate and channels that were configured."""
        return self._format

    def missing(self) -> str:
        """Return "": it needs nothing."""
        return ""

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Begin with sample 0 at ``origin_ns``."""
        self._voice.start(permit, sink, origin_ns, self._format, self._blocks(origin_ns))

    def mute(self, muted: bool) -> None:
        """Deliver zeros, without hum, until told otherwise."""
        self._voice.mute(muted)

    def stop(self) -> None:
        """Fall silent."""
        self._voice.stop()

    def levels(self) -> tuple[Level, ...]:
        """Return how loud the last second was; empty while not started."""
        return self._voice.levels()

    def _blocks(self, origin_ns: int) -> Iterator[tuple[int, bytes]]:
        passed = origin_ns * self._format.rate_hz // 1_000_000_000 if self._of_machine else 0
        size = samples_per_block(self._format.rate_hz)
        index = 0
        while self._length is None or index < self._length:
            until = index + size if self._length is None else min(index + size, self._length)
            mono = sound(np.arange(passed + index, passed + until, dtype=np.int64), self._format.rate_hz)
            yield index, np.repeat(mono, self._format.channels).tobytes()
            index = until


def sound(samples: npt.NDArray[np.int64], rate_hz: int) -> npt.NDArray[np.int16]:
    """Return the level of these samples (counted from the origin), one channel, signed 16 bit."""
    seconds, within = np.divmod(samples, rate_hz)
    pitch_hz = np.asarray(PITCHES_HZ)[seconds % len(PITCHES_HZ)]
    sounding = within < rate_hz * BEEP_NS // 1_000_000_000
    # Both are whole numbers of cycles per second, so counting within the second leaves no seam.
    beep = sounding * BEEP_LEVEL * np.sin(2 * np.pi * pitch_hz * within / rate_hz)
    hum = HUM_LEVEL * np.sin(2 * np.pi * HUM_HZ * within / rate_hz)
    return np.asarray((beep + hum) * _FULL_SCALE, dtype="<i2")
