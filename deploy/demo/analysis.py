"""Measures a finished film: is every frame there, once, in order, and does sound sit with picture?

    python -m deploy.demo.analysis FILM [--json]

Films of the synthetic drivers carry marks (``device.drivers._test_card``) that prove it frame by frame;
any other film gets the rest of the report. The film is read once and nothing of it is kept.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet

from deploy.demo._atoms import atoms, is_faststart
from deploy.demo._picture import Counters, Flash, Pictures
from deploy.demo._sound import Beep, Sounds, Stretch, first_channel
from device.domain.errors import LeerblikError
from device.drivers._film import open_film, picture_stream
from device.drivers._test_card import PITCHES_HZ

_PLANAR_8_BIT = frozenset(("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12"))
_SAME_SECOND_S = len(PITCHES_HZ) / 2


@dataclass(frozen=True, slots=True)
class Chapter:
    """A bookmark in the film."""

    title: str
    start_s: float


@dataclass(frozen=True, slots=True)
class Offset:
    """How much later the beep is heard than the flash is seen, over so many seconds; negative: earlier."""

    median_ms: float
    max_ms: float
    seconds: int
    seconds_without_beep: int


@dataclass(frozen=True, slots=True)
class FilmReport:
    """Everything that was measured. None means "not in this film", for example no sound or no marks.

    ``max_ms`` of the offset is the one farthest from zero, with its sign. ``chapters`` is None where
    this PyAV cannot read them (14 cannot). ``corrupt`` counts frames and packets the decoder complained about.
    """

    width: int
    height: int
    fps: float | None
    video_codec: str
    audio_codec: str | None
    frames: int
    black_frames: int
    corrupt: int
    video_start_s: float
    video_duration_s: float
    audio_start_s: float | None
    audio_duration_s: float | None
    counters: Counters | None
    offset: Offset | None
    audio_gaps: tuple[Stretch, ...]
    silences: tuple[Stretch, ...]
    chapters: tuple[Chapter, ...] | None
    faststart: bool | None
    fragmented: bool

    def faults(self) -> tuple[str, ...]:
        """Return a sentence for everything that is wrong with frames or samples; empty when all is well."""
        counters = self.counters
        checks: tuple[tuple[int, str], ...] = (
            (self.corrupt, "frames or packets are corrupt"),
            (counters.missing if counters else 0, "frames are missing"),
            (len(counters.duplicated) if counters else 0, "frames are there twice"),
            (len(counters.out_of_order) if counters else 0, "frames are out of order"),
            (counters.unreadable if counters else 0, "frames have no readable number"),
            (len(self.audio_gaps), "places in the sound lack samples or overlap"),
            (self.offset.seconds_without_beep if self.offset else 0, "seconds flash without a beep"),
        )
        return tuple(f"{count} {what}" for count, what in checks if count)


def analyse(path: Path | str) -> FilmReport:
    """Measure a film; Permanent when it is missing, unreadable or without a picture."""
    path = Path(path)
    with open_film(path) as film:
        watcher = _Watcher(film, path)
        watcher.watch()
        chapters = _chapters(film)
    return watcher.report(chapters, atoms(path))


class _Watcher:
    """Goes through a film once, picture and sound side by side."""

    def __init__(self, film: InputContainer, path: Path) -> None:
        self._film = film
        self._video = picture_stream(film, path)
        self._audio = film.streams.audio[0] if film.streams.audio else None
        self._pictures = Pictures()
        self._sounds = Sounds(self._audio.rate) if self._audio else None
        self._corrupt = 0

    def watch(self) -> None:
        streams = [stream for stream in (self._video, self._audio) if stream is not None]
        for packet in self._film.demux(*streams):
            for frame in self._decoded(packet):
                if isinstance(frame, av.VideoFrame):
                    self._corrupt += frame.is_corrupt
                    self._pictures.feed(float(frame.time or 0.0), _luma(frame))
                elif self._sounds is not None:
                    self._hear(cast(AudioFrame, frame), self._sounds)
        if self._sounds is not None:
            self._sounds.finish()

    def report(self, chapters: tuple[Chapter, ...] | None, names: tuple[str, ...]) -> FilmReport:
        pictures, sounds = self._pictures, self._sounds
        rate = pictures.rate()
        heard = sounds is not None and sounds.first_s is not None
        return FilmReport(
            width=self._video.width,
            height=self._video.height,
            fps=rate,
            video_codec=self._video.codec_context.name,
            audio_codec=self._audio.codec_context.name if self._audio else None,
            frames=pictures.frames,
            black_frames=pictures.black,
            corrupt=self._corrupt,
            video_start_s=pictures.first_s,
            video_duration_s=pictures.duration_s(),
            audio_start_s=sounds.first_s if sounds else None,
            audio_duration_s=sounds.end_s - (sounds.first_s or 0.0) if sounds and heard else None,
            counters=pictures.counters(),
            offset=_offset(pictures.flashes, sounds.beeps, rate) if sounds and rate else None,
            audio_gaps=tuple(sounds.gaps) if sounds else (),
            silences=tuple(sounds.silences) if sounds else (),
            chapters=chapters,
            faststart=is_faststart(names),
            fragmented="moof" in names,
        )

    def _decoded(self, packet: Packet[Any]) -> list[Any]:
        try:
            return list(packet.decode())
        except av.error.InvalidDataError:
            self._corrupt += 1
            return []

    @staticmethod
    def _hear(frame: AudioFrame, sounds: Sounds) -> None:
        channels = frame.layout.nb_channels
        samples = first_channel(frame.to_ndarray(), channels, planar=frame.format.is_planar)
        sounds.feed(frame.time, samples)


def _luma(frame: av.VideoFrame) -> npt.NDArray[Any]:
    if frame.format.name not in _PLANAR_8_BIT:
        return np.asarray(frame.reformat(format="gray").to_ndarray())
    plane: Any = frame.planes[0]
    rows = np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)
    return np.asarray(rows[: frame.height, : frame.width])


def _offset(flashes: Sequence[Flash], beeps: Sequence[Beep], rate: float) -> Offset | None:
    """Compare the seconds that both flash and beep; the pitch says which beep belongs to which second."""
    offsets_ms: list[float] = []
    silent = 0
    for flash in flashes:
        second = math.floor(flash.counter / rate + 1e-3)
        if flash.counter != math.ceil(second * rate - 1e-3):
            continue  # the first picture of this second is missing: its light says nothing about time
        full_s = flash.at_s - (flash.counter / rate - second)
        near = [b.at_s - full_s for b in beeps if b.pitch == second % len(PITCHES_HZ)]
        best = min(near, key=abs, default=math.inf)
        if abs(best) < _SAME_SECOND_S:
            offsets_ms.append(best * 1000)
        else:
            silent += 1
    if not offsets_ms:
        return None
    middle_ms, farthest_ms = statistics.median(offsets_ms), max(offsets_ms, key=abs)
    return Offset(round(middle_ms, 3), round(farthest_ms, 3), len(offsets_ms), silent)


def _chapters(film: InputContainer) -> tuple[Chapter, ...] | None:
    if not hasattr(film, "chapters"):
        return None
    return tuple(
        Chapter(each["metadata"].get("title", ""), float(each["start"] * (each["time_base"] or 0)))
        for each in film.chapters()
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; 0 when no fault was found, 1 for faults, else the exit code of the error."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.analysis", description="Measure a film.")
    parser.add_argument("film", type=Path)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(arguments)
    try:
        report = analyse(options.film)
    except LeerblikError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    faults = report.faults()
    values = {**asdict(report), "faults": faults}
    if options.json:
        sys.stdout.write(json.dumps(values, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{name}: {value}\n" for name, value in values.items())
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
