"""What the film itself says about the way it came: measured, compared with what was promised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.analysis import FilmReport, analyse
from deploy.demo.compare import TOLERANCE_MS, Comparison, compare
from deploy.demo.house import House
from deploy.demo.story import Story
from device.domain.errors import Temporary
from device.domain.lifecycle import Status
from device.storage.catalogue import FILE_NAME, Catalogue

_DURATION_TOLERANCE_S = 0.2


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``right`` is None for a plain fact."""

    name: str
    value: str
    right: bool | None = None

    @property
    def sign(self) -> str:
        """A sign that can be told apart without colour."""
        return {True: "✔", False: "✘", None: "·"}[self.right]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole table."""

    film: Path
    frames: int
    rows: tuple[Row, ...]


def judge(
    house: House,
    story: Story,
    source: Path | None,
    *,
    real_time: bool,
    seconds: float | None = None,
    marked: bool = True,
) -> Verdict:
    """Measure the film and compare it, also with so many ``seconds`` of its source; Temporary when there is none.

    ``marked``: without a source, the lesson was the synthetic one, whose marks can be read.
    """
    films = sorted(house.films.glob(f"*{story.recording}*.mp4"))
    if not films:
        raise Temporary(f"no film of recording {story.recording} in {house.films}; see {house.log('inbox')}")
    report = analyse(films[0])
    original = compare(source, films[0], seconds) if source else None
    rows = (*_way(house, story), *_film(report, story, original, real_time=real_time, marked=marked))
    return Verdict(films[0], report.frames, rows)


def _way(house: House, story: Story) -> Iterator[Row]:
    with Catalogue(house.folder / "state" / FILE_NAME, None) as catalogue:
        objects = catalogue.recordings.objects(story.recording)
        receipts = catalogue.sends.receipts(story.recording)
        history = catalogue.recordings.history(story.recording)
        sends = catalogue.sends.of(story.recording)
    yield Row("way", " → ".join(step.status.value for step in history), history[-1].status is Status.PURGED)
    yield Row("sealed objects", f"{len(objects)} ({story.size_bytes / 1e6:.2f} MB), sent {len(sends)}")
    accepted = sum(receipt.accepted for receipt in receipts)
    yield Row(
        "receipt",
        f"{len(objects)} hashes verified by the coach's machine, signature verified here",
        accepted == 1,
    )
    left = [path for path in house.spool.rglob("*") if path.is_file()]
    yield Row("left on device", f"{len(left)} files", not left)
    for name, seconds in story.steps_s.items():
        yield Row(f"time {name}", f"{seconds:.1f} s")


def _film(
    report: FilmReport, story: Story, original: Comparison | None, *, real_time: bool, marked: bool
) -> Iterator[Row]:
    sound = report.audio_codec or "no sound"
    rate = f"{report.fps:.2f} frames/s" if report.fps else "variable rate"
    right_codecs = report.video_codec == "h264" and report.audio_codec in ("aac", None)
    yield Row("film", f"{report.width}x{report.height}, {rate}, {report.video_codec} + {sound}", right_codecs)
    yield Row(
        "plays at once", "moov before mdat, no fragments", bool(report.faststart) and not report.fragmented
    )
    yield from _duration(report, story, real_time=real_time)
    if original is not None:
        yield from _likeness(report, original)
    elif marked:
        yield from _marks(report)
    else:
        yield Row("frames", f"{report.frames}", report.frames > 0)
    yield Row("dropped frames", f"{story.dropped_frames}", story.dropped_frames == 0)
    faults = report.faults()
    yield Row("faults", "; ".join(faults) or "none", not faults)
    if report.chapters is not None:
        # A film without marked moments needs no chapters; with them, the first chapter is its start.
        expected = story.bookmarks + 1 if story.bookmarks else 0
        titles = ", ".join(f"{chapter.title} {chapter.start_s:.1f} s" for chapter in report.chapters)
        yield Row("chapters", titles or "none", len(report.chapters) == expected)


def _marks(report: FilmReport) -> Iterator[Row]:
    """Tell what the marks in a synthetic lesson prove."""
    counters, offset = report.counters, report.offset
    missing = counters.missing if counters else report.frames
    yield Row("frames", f"{report.frames}, {missing} missing", counters is not None and not missing)
    text = _shift_text(offset.median_ms, offset.max_ms) if offset else "not measurable"
    yield Row("lips (A/V)", text, offset is not None and abs(offset.max_ms) <= TOLERANCE_MS)


def _likeness(report: FilmReport, original: Comparison) -> Iterator[Row]:
    """Tell how far a film lies from the one that stood in for lens and microphone."""
    picture, sound = original.picture, original.sound
    yield Row("frames", f"{report.frames}")
    text = (
        f"{picture.missing} missing, {picture.extra} too many, worst {round(picture.worst_ms, 1) + 0.0:+.1f} ms;"
        f" {picture.looked_at} looked at, {picture.wrong} differ"
    )
    yield Row("picture vs original", text, original.picture_right)
    if sound is None:
        yield Row("sound vs original", "neither has sound")
        return
    text = _shift_text(sound.sound.median_ms, sound.sound.worst_ms) if sound.sound else "not measurable"
    yield Row("sound vs original", f"{text}; {sound.places} places, {sound.lost} differ", sound.right)
    if sound.lips:
        text = _shift_text(sound.lips.median_ms, sound.lips.worst_ms)
        yield Row("lips (A/V)", text, sound.lips.right)


def _shift_text(median_ms: float, worst_ms: float) -> str:
    # Adding 0.0 makes a negative zero a plain one.
    return f"median {round(median_ms, 1) + 0.0:+.1f} ms, worst {round(worst_ms, 1) + 0.0:+.1f} ms"


def _duration(report: FilmReport, story: Story, *, real_time: bool) -> Iterator[Row]:
    """Compare the film with the manifest and, in real time, with the clock on the wall."""
    film_s = report.video_duration_s
    text = f"{film_s:.3f} s, manifest {story.recorded_s:.3f} s"
    right = abs(film_s - story.recorded_s) <= _DURATION_TOLERANCE_S
    if real_time and story.lens_open_s is not None:
        text += f", lens open {story.lens_open_s:.3f} s"
        right = right and abs(film_s - story.lens_open_s) <= _DURATION_TOLERANCE_S
    yield Row("duration", text, right)
