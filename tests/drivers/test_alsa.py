"""Sound cards that are absent, pulled out, stuck or two: the lesson goes on, and nothing slips out of place."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.domain.errors import Permanent, Temporary
from device.drivers.microphone import _capture, _lesson_sound
from device.ports import AudioFormat, Microphone
from tests.support.permits import permit
from tests.support.sinks import CollectingSink
from tests.support.sound_cards import NO_ALSA, PERIOD, RATE_HZ, SoundCards, tone
from tests.support.synthetic_films import build

pytestmark = pytest.mark.slow

needs_alsa = pytest.mark.skipif(bool(NO_ALSA), reason=NO_ALSA)


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundCards]:
    monkeypatch.setattr(_capture, "LOOK_EVERY_S", 0.05)
    plugged = SoundCards(tmp_path, monkeypatch)
    yield plugged
    plugged.close()


@pytest.fixture
def sink() -> CollectingSink:
    return CollectingSink()


class Lesson:
    """A microphone that is open, and when its lesson began."""

    def __init__(self, sink: CollectingSink, options: dict[str, Any], *, later_ns: int = 0) -> None:
        self.sink = sink
        self.microphone: Microphone = build("microphone", "alsa", options)
        self.origin_ns = time.monotonic_ns() + later_ns
        self.microphone.start(permit(), sink, self.origin_ns)

    def samples(self, track: int = 0) -> np.ndarray:
        """Return what was delivered, with silence where nothing was, from the first sample on."""
        blocks = [block for block in self.sink.blocks if block.track == track]
        starts = [self.index(block.pts_ns) for block in blocks]
        out = np.zeros(starts[-1] - starts[0] + len(blocks[-1].data) // 2, "<i2")
        for start, block in zip(starts, blocks, strict=True):
            out[start - starts[0] :][: len(block.data) // 2] = np.frombuffer(block.data, "<i2")
        return out

    def index(self, pts_ns: int) -> int:
        return round((pts_ns - self.origin_ns) * RATE_HZ / 1e9)

    def loudest(self) -> int:
        """Return the loudest sample of the newest block."""
        return int(np.abs(np.frombuffer(self.sink.blocks[-1].data, "<i2")).max())


@pytest.fixture
def lessons() -> Iterator[list[Lesson]]:
    begun: list[Lesson] = []
    yield begun
    for lesson in begun:
        lesson.microphone.stop()


def _wait_for_more(sink: CollectingSink, blocks: int) -> None:
    sink.wait_for_blocks(len(sink.blocks) + blocks)


@needs_alsa
def test_a_card_is_heard_on_the_clock_of_the_lesson(
    cards: SoundCards, lessons: list[Lesson], sink: Any
) -> None:
    cards.plug_in("Device")
    lesson = Lesson(sink, {"card": "Device"})
    lessons.append(lesson)
    sink.wait_for_blocks(40)
    behind_ns = time.monotonic_ns() - sink.blocks[-1].pts_ns
    assert 0 <= behind_ns < 5_000_000_000
    heard = lesson.samples()[: RATE_HZ // 2].astype(float)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert spectrum.argmax() * 2 == 440
    assert np.abs(np.diff(heard)).max() < 250  # no click: a sine of this level never steps further
    assert sink.microphone_problems == []


@needs_alsa
def test_nothing_from_before_the_origin_is_delivered(
    cards: SoundCards, lessons: list[Lesson], sink: CollectingSink
) -> None:
    cards.plug_in("Device")
    lesson = Lesson(sink, {"card": "Device"}, later_ns=500_000_000)
    lessons.append(lesson)
    sink.wait_for_blocks(1)
    assert sink.blocks[0].pts_ns == lesson.origin_ns


@needs_alsa
def test_an_absent_card_is_no_error_and_is_heard_when_it_comes(
    cards: SoundCards, lessons: list[Lesson], sink: CollectingSink
) -> None:
    lesson = Lesson(sink, {"card": "Device"})
    lessons.append(lesson)
    assert lesson.microphone.format() == AudioFormat(RATE_HZ, 1)
    sink.wait(lambda: bool(sink.microphone_problems), "the report that it is absent")
    assert "Device is not plugged in" in sink.microphone_problems[0]
    (level,) = lesson.microphone.levels()
    assert level.name == "Device"
    plugged_ns = time.monotonic_ns()
    cards.plug_in("Device")
    sink.wait_for_blocks(10)
    assert sink.blocks[0].pts_ns > plugged_ns - 300_000_000
    assert len(sink.microphone_problems) == 1


@needs_alsa
def test_a_card_that_is_pulled_out_is_reported_once_and_comes_back(
    cards: SoundCards, lessons: list[Lesson], sink: CollectingSink
) -> None:
    cards.plug_in("Device")
    lesson = Lesson(sink, {"card": "Device"})
    lessons.append(lesson)
    sink.wait_for_blocks(5)
    cards.pull_out("Device")
    sink.wait(lambda: bool(sink.microphone_problems), "the report that it was pulled out")
    gone_ns = sink.blocks[-1].pts_ns
    cards.plug_in("Device")
    _wait_for_more(sink, 10)
    assert len(sink.microphone_problems) == 1
    assert "Device" in sink.microphone_problems[0]
    stamps = [block.pts_ns for block in sink.blocks]
    assert stamps == sorted(set(stamps))
    assert stamps[-1] > gone_ns
    assert lesson.loudest() > 3000


@needs_alsa
def test_after_an_overrun_sound_goes_on_in_its_place(
    cards: SoundCards, lessons: list[Lesson], sink: CollectingSink
) -> None:
    cards.plug_in("Device", np.full(60 * RATE_HZ, 1000, "<i2"))
    lessons.append(Lesson(sink, {"card": "Device"}))
    sink.wait_for_blocks(10)
    cards.overrun("Device")
    _wait_for_more(sink, 30)
    behind_ns = time.monotonic_ns() - sink.blocks[-1].pts_ns
    assert 0 <= behind_ns < 5_000_000_000
    stamps = [block.pts_ns for block in sink.blocks]
    assert stamps == sorted(set(stamps))
    assert sink.microphone_problems == []


@needs_alsa
def test_a_read_that_never_returns_does_not_hang_the_stop(
    cards: SoundCards, sink: CollectingSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_lesson_sound, "CLOSE_LIMIT_S", 0.1)
    monkeypatch.setattr(_lesson_sound, "SILENT_LIMIT_S", 0.3)
    cards.plug_in_pipe("Device")
    before = set(threading.enumerate())
    lesson = Lesson(sink, {"card": "Device"})
    sink.wait(lambda: bool(sink.microphone_problems), "the report that nothing comes")
    assert "Device delivers nothing" in sink.microphone_problems[0]
    with pytest.raises(Temporary, match="Device does not close"):
        lesson.microphone.stop()
    hanging = set(threading.enumerate()) - before
    assert [thread.name for thread in hanging] == ["microphone Device"]
    cards.close()
    for thread in hanging:
        thread.join(10)
        assert not thread.is_alive()
    assert sink.blocks == []


@needs_alsa
def test_samples_that_are_lost_become_silence_of_their_length(
    cards: SoundCards, lessons: list[Lesson], sink: CollectingSink
) -> None:
    pipe = cards.plug_in_pipe("Device")
    lesson = Lesson(sink, {"card": "Device"})
    lessons.append(lesson)
    loud = np.full(PERIOD, 9000, "<i2").tobytes()
    start_ns = time.monotonic_ns()
    # The card hears 12 periods, loses 10 that nobody tells about, and hears 16 more.
    for number in [*range(12), *range(22, 38)]:
        _sleep_until(start_ns + (number + 1) * PERIOD * 1_000_000_000 // RATE_HZ)
        os.write(pipe, loud)
    sink.wait(lambda: len(lesson.samples()) > 30 * PERIOD if sink.blocks else False, "all of it")
    cards.close()
    silent = np.flatnonzero(lesson.samples() == 0)
    assert abs(len(silent) - 10 * PERIOD) < RATE_HZ * 0.02
    assert silent[-1] - silent[0] == len(silent) - 1


def _sleep_until(at_ns: int) -> None:
    time.sleep(max(0.0, (at_ns - time.monotonic_ns()) / 1e9))


@needs_alsa
@pytest.mark.parametrize("way", ["mix", "tracks"])
def test_two_cards_are_mixed_or_kept_apart(
    cards: SoundCards, lessons: list[Lesson], sink: CollectingSink, way: str
) -> None:
    cards.plug_in("Device", np.full(60 * RATE_HZ, 1000, "<i2"))
    cards.plug_in("Room", np.full(60 * RATE_HZ, 200, "<i2"))
    lesson = Lesson(sink, {"card": "Device", "second_card": "Room", "second": way, "second_gain_db": 20.0})
    lessons.append(lesson)
    tracks = {"mix": 1, "tracks": 2}[way]
    assert lesson.microphone.format() == AudioFormat(RATE_HZ, 1, tracks)
    sink.wait_for_blocks(40)
    newest = [np.frombuffer(block.data, "<i2")[-1] for block in sink.blocks[-2:]]
    assert newest == {"mix": [3000, 3000], "tracks": [1000, 2000]}[way]
    by_track = {track: [b.pts_ns for b in sink.blocks[:40] if b.track == track] for track in range(tracks)}
    assert by_track[0] == by_track[tracks - 1]
    assert [level.name for level in lesson.microphone.levels()] == ["Device", "Room"]


@needs_alsa
@pytest.mark.parametrize("way", ["mix", "tracks"])
def test_when_one_of_two_cards_is_absent_the_other_goes_on_and_sound_has_not_failed(
    cards: SoundCards, lessons: list[Lesson], sink: CollectingSink, way: str
) -> None:
    cards.plug_in("Room", np.full(60 * RATE_HZ, 200, "<i2"))
    lesson = Lesson(sink, {"card": "Device", "second_card": "Room", "second": way})
    lessons.append(lesson)
    sink.wait_for_blocks(40)
    assert sink.microphone_problems == []
    assert lesson.loudest() == 200
    device, room = lesson.microphone.levels()
    assert device.peak_dbfs < room.peak_dbfs
    assert device.silent_s > 0
    cards.plug_in("Device", np.full(60 * RATE_HZ, 1000, "<i2"))
    both = {"mix": {1200}, "tracks": {1000, 200}}[way]
    sink.wait(lambda: {np.frombuffer(b.data, "<i2")[-1] for b in sink.blocks[-2:]} == both, "both cards")


@needs_alsa
def test_when_both_are_absent_both_are_named(
    cards: SoundCards, lessons: list[Lesson], sink: CollectingSink
) -> None:
    lessons.append(Lesson(sink, {"card": "Device", "second_card": "Room"}))
    sink.wait(lambda: bool(sink.microphone_problems), "the report")
    assert "Device is not plugged in" in sink.microphone_problems[0]
    assert "Room is not plugged in" in sink.microphone_problems[0]


@needs_alsa
def test_what_is_said_while_muted_is_never_delivered_and_is_no_silence(
    cards: SoundCards, lessons: list[Lesson], sink: CollectingSink
) -> None:
    pipe = cards.plug_in_pipe("Device")
    lesson = Lesson(sink, {"card": "Device"})
    lessons.append(lesson)
    private, public = (np.full(PERIOD, value, "<i2").tobytes() for value in (7777, 1000))
    start_ns = time.monotonic_ns()
    for number in range(40):
        _sleep_until(start_ns + (number + 1) * PERIOD * 1_000_000_000 // RATE_HZ)
        if number == 12:
            lesson.microphone.mute(True)
        if number == 28:
            lesson.microphone.mute(False)
        os.write(pipe, private if 12 <= number < 28 else public)
        if number == 27:
            assert lesson.microphone.levels()[0].silent_s == 0.0
    sink.wait(lambda: len(lesson.samples()) > 35 * PERIOD, "all of it")
    cards.close()
    heard = lesson.samples()
    assert set(np.unique(heard)) == {0, 1000}
    assert np.count_nonzero(heard == 0) > 8 * PERIOD


@needs_alsa
def test_the_level_of_a_card_is_measured_and_a_dead_one_is_silent(
    cards: SoundCards, lessons: list[Lesson], sink: CollectingSink
) -> None:
    cards.plug_in("Device", tone(60.0))
    cards.plug_in("Room", np.zeros(60 * RATE_HZ, "<i2"))
    lesson = Lesson(sink, {"card": "Device", "second_card": "Room"})
    lessons.append(lesson)
    sink.wait_for_blocks(40)
    device, room = lesson.microphone.levels()
    assert device.peak_dbfs == pytest.approx(-20, abs=0.2)
    assert device.rms_dbfs == pytest.approx(-23, abs=0.3)
    assert device.silent_s < room.silent_s
    lesson.microphone.stop()
    assert lesson.microphone.levels() == ()


def test_which_cards_are_missing_is_known_without_opening_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = SoundCards(tmp_path, monkeypatch)
    microphone = build("microphone", "alsa", {"card": "Device", "second_card": "Room"})
    cards.announce("Room")
    assert "Device is not plugged in" in microphone.missing()
    assert "Room is not" not in microphone.missing()
    cards.announce("Device")
    assert microphone.missing() == ""


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"card": "no card"}, "no card"),
        ({"card": "Device", "second_card": "Device"}, "both 'Device'"),
        ({"second_card": "Room"}, "card must be given"),
    ],
)
def test_impossible_choices_are_refused_at_once(options: dict[str, Any], word: str) -> None:
    with pytest.raises(Permanent, match=word):
        build("microphone", "alsa", options)


def test_an_idle_recorder_with_sound_cards_loads_no_numpy() -> None:
    program = (
        "import sys; from device.domain.settings import Table; import device.drivers.microphone.alsa as alsa; "
        "m = alsa.build(Table('m', 't', alsa.OPTIONS).read({})); assert m.levels() == () and m.format(); "
        "print([each for each in ('numpy', 'av', 'ctypes') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
