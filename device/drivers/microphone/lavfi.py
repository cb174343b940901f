"""Any sound that libav can make up, as a microphone for tests and demonstrations: it follows the clock.

A graph is written as for ``ffmpeg -f lavfi -i``; see https://ffmpeg.org/ffmpeg-filters.html#Audio-Sources.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from device.domain.consent import Permit
from device.domain.errors import Permanent
from device.domain.settings import Setting
from device.drivers._source import require_sound
from device.drivers._take import SPEED
from device.drivers.microphone._voice import Voice, in_blocks, samples_per_block
from device.ports import AudioFormat, FootageSink, Level, Microphone

if TYPE_CHECKING:
    from av.container import InputContainer

OPTIONS = (
    Setting(
        "graph", str, "sound sources and filters of libav, without (a)realtime",
        "sine=frequency=440:sample_rate=48000", "anoisesrc=color=pink:amplitude=0.1:sample_rate=48000",
    ),
    Setting("rate_hz", int, "samples per second to deliver", 48_000, 16_000, 8_000, 192_000),
    Setting("channels", int, "1 for mono, 2 for stereo", 1, 2, 1, 2),
    SPEED,
)  # fmt: skip


def build(options: Mapping[str, Any]) -> Microphone:
    """Return the microphone; the graph is not opened before the start."""
    form = AudioFormat(options["rate_hz"], options["channels"])
    return LavfiMicrophone(options["graph"], form, options["speed"])


class LavfiMicrophone:
    """Sounds the graph from the origin on; where a graph ends there is no more sound."""

    def __init__(self, graph: str, form: AudioFormat, speed: str) -> None:
        self._graph = graph
        self._format = form
        self._voice = Voice("lavfi microphone", speed)

    def format(self) -> AudioFormat | None:
        """Return the rate and channels that were configured."""
        return self._format

    def missing(self) -> str:
        """Return "": it needs nothing but libav."""
        return ""

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Begin with sample 0 at ``origin_ns``; Permanent when libav does not understand the graph."""
        require_sound(permit)
        _open(self._graph).close()
        blocks = in_blocks(self._pieces(), samples_per_block(self._format.rate_hz), self._format.channels)
        self._voice.start(permit, sink, origin_ns, self._format, blocks)

    def mute(self, muted: bool) -> None:
        """Deliver zeros until told otherwise."""
        self._voice.mute(muted)

    def stop(self) -> None:
        """Fall silent."""
        self._voice.stop()

    def levels(self) -> tuple[Level, ...]:
        """Return how loud the last second was; empty while not started."""
        return self._voice.levels()

    def _pieces(self) -> Iterator[tuple[int, bytes]]:
        import av

        layout = "mono" if self._format.channels == 1 else "stereo"
        resampler = av.AudioResampler(format="s16", layout=layout, rate=self._format.rate_hz)
        index = 0
        with _open(self._graph) as source:
            for frame in itertools.chain(source.decode(audio=0), [None]):
                for piece in resampler.resample(frame):
                    yield index, bytes(piece.planes[0])[: 2 * self._format.channels * piece.samples]
                    index += piece.samples


def _open(graph: str) -> InputContainer:
    import av

    try:
        source = av.open(graph, format="lavfi")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise Permanent(f"libav cannot make the sound '{graph}': {error}") from error
    if not source.streams.audio:
        source.close()
        raise Permanent(f"'{graph}' makes no sound; for example sine=frequency=440:sample_rate=48000")
    return source
