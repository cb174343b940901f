"""What every microphone keeps. A new driver joins by one line in CASES."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.domain.errors import Busy, Refused
from device.drivers import _take, names
from device.drivers.microphone._meter import FLOOR_DBFS
from device.ports import AudioFormat, Microphone
from tests.support.permits import permit
from tests.support.sinks import CollectingSink
from tests.support.sound_cards import NO_ALSA, SoundCards
from tests.support.synthetic_films import build, record, write_film

CASES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "synthetic": lambda _: {"speed": "max", "length_s": 3.0, "channels": 2, "rate_hz": 44_100},
    "file": lambda film: {"path": str(film), "speed": "max"},
    "lavfi": lambda _: {"speed": "max", "graph": "sine=frequency=440:sample_rate=44100:duration=3"},
    "alsa": lambda _: {"card": "Device", "channels": 2},
    "none": lambda _: {},
}
SILENT = {"none"}
# These hear the world: they begin when they are ready, and the world does not wait.
LIVE = {"alsa"}
HEARD_S = {"alsa": 0.5}


def _names(without: set[str]) -> list[Any]:
    skip = pytest.mark.skipif(bool(NO_ALSA), reason=NO_ALSA)
    return [pytest.param(name, marks=[skip] * (name == "alsa")) for name in sorted(set(CASES) - without)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "film.mp4", record(3.0))


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SoundCards(tmp_path, monkeypatch).plug_in("Device")


def _open(name: str, film: Path) -> Iterator[Microphone]:
    microphone: Microphone = build("microphone", name, CASES[name](film))
    yield microphone
    microphone.stop()


@pytest.fixture(params=_names(set()))
def microphone(request: pytest.FixtureRequest, film: Path, cards: None) -> Iterator[Microphone]:
    yield from _open(request.param, film)


@pytest.fixture(params=_names(SILENT))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def voice(name: str, film: Path, cards: None) -> Iterator[Microphone]:
    yield from _open(name, film)


@pytest.fixture(params=_names(SILENT | LIVE))
def patient(request: pytest.FixtureRequest, film: Path) -> Iterator[Microphone]:
    yield from _open(request.param, film)


@pytest.fixture
def origin_ns() -> int:
    return time.monotonic_ns()


@pytest.fixture(autouse=True)
def _without_waiting_for_a_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_take, "GRACE_S", 0.0)


@pytest.fixture
def sink() -> CollectingSink:
    return CollectingSink()


def _form(microphone: Microphone) -> AudioFormat:
    form = microphone.format()
    assert form is not None
    return form


def _listen(sink: CollectingSink, form: AudioFormat, name: str = "") -> None:
    """Wait for three seconds of sound, or less from what sounds in real time."""
    wanted = round(HEARD_S.get(name, 3) * form.rate_hz) * form.channels * 2
    sink.wait(lambda: sum(len(block.data) for block in sink.blocks) >= wanted, "enough sound")


def test_every_microphone_driver_is_in_this_suite() -> None:
    assert set(names("microphone")) == set(CASES)


def test_stamps_count_samples_without_a_hole(
    voice: Microphone, name: str, sink: CollectingSink, origin_ns: int
) -> None:
    form = _form(voice)
    voice.start(permit(), sink, origin_ns)
    _listen(sink, form, name)
    samples = _first_sample(sink.blocks[0].pts_ns - origin_ns, form)
    assert samples >= 0 if name in LIVE else samples == 0
    for block in sink.blocks:
        assert block.pts_ns == origin_ns + samples * 1_000_000_000 // form.rate_hz
        assert len(block.data) % (2 * form.channels) == 0
        assert block.track < form.tracks
        samples += len(block.data) // (2 * form.channels)


def _first_sample(after_ns: int, form: AudioFormat) -> int:
    return -(-after_ns * form.rate_hz // 1_000_000_000)


def test_blocks_are_short(voice: Microphone, name: str, sink: CollectingSink, origin_ns: int) -> None:
    form = _form(voice)
    voice.start(permit(), sink, origin_ns)
    _listen(sink, form, name)
    assert max(len(block.data) for block in sink.blocks) <= form.rate_hz // 25 * form.channels * 2


def test_without_permission_for_sound_it_refuses_and_hears_nothing(
    microphone: Microphone, sink: CollectingSink, origin_ns: int
) -> None:
    with pytest.raises(Refused, match="sound"):
        microphone.start(permit(sound=False), sink, origin_ns)
    assert sink.blocks == []
    microphone.start(permit(), sink, origin_ns)  # the refusal did not leave it half open


@pytest.mark.parametrize("impostor", [None, object(), "permit", True])
def test_nothing_but_a_permit_opens_the_microphone(
    microphone: Microphone, sink: CollectingSink, impostor: Any, origin_ns: int
) -> None:
    with pytest.raises(TypeError, match="Permit"):
        microphone.start(impostor, sink, origin_ns)
    assert sink.blocks == []


def test_a_microphone_that_is_open_is_busy(
    microphone: Microphone, sink: CollectingSink, origin_ns: int
) -> None:
    microphone.start(permit(), sink, origin_ns)
    with pytest.raises(Busy):
        microphone.start(permit(), sink, origin_ns)


def test_muted_sound_is_zeros_and_the_rest_is_not(patient: Microphone, origin_ns: int) -> None:
    sink = CollectingSink(room=10)
    patient.mute(True)
    patient.start(permit(), sink, origin_ns)
    sink.wait_for_blocks(10)
    patient.mute(False)
    sink.make_room(1000)
    _listen(sink, _form(patient))
    # The block that was waiting for room when the mute was lifted may be either; one later there is a hum.
    assert all(not any(block.data) for block in sink.blocks[:10])
    assert all(any(block.data) for block in sink.blocks[11:-2])


def test_after_stop_nothing_arrives_and_no_thread_is_left(
    voice: Microphone, sink: CollectingSink, origin_ns: int
) -> None:
    before = set(threading.enumerate())
    voice.start(permit(), sink, origin_ns)
    sink.wait_for_blocks(5)
    voice.stop()
    assert set(threading.enumerate()) <= before


def test_what_is_muted_from_the_start_is_zeros(
    voice: Microphone, sink: CollectingSink, origin_ns: int
) -> None:
    voice.mute(True)
    voice.start(permit(), sink, origin_ns)
    sink.wait_for_blocks(10)
    assert not any(any(block.data) for block in sink.blocks)


def test_it_can_be_started_again_and_counts_anew(
    voice: Microphone, name: str, sink: CollectingSink, origin_ns: int
) -> None:
    voice.start(permit(), sink, origin_ns)
    sink.wait_for_blocks(5)
    voice.stop()
    again, later_ns = CollectingSink(), time.monotonic_ns()
    voice.start(permit(), again, later_ns)
    again.wait_for_blocks(5)
    assert again.blocks[0].pts_ns >= later_ns
    assert name in LIVE or again.blocks[0].pts_ns == later_ns


def test_the_level_is_shown_while_it_is_open(voice: Microphone, sink: CollectingSink, origin_ns: int) -> None:
    assert voice.levels() == ()
    voice.start(permit(), sink, origin_ns)
    sink.wait_for_blocks(25)
    (level,) = voice.levels()
    assert level.name
    assert FLOOR_DBFS < level.rms_dbfs < level.peak_dbfs <= 0
    assert not level.clipping
    assert level.silent_s < 1.0
    voice.stop()
    assert voice.levels() == ()


def test_privacy_is_no_fault_and_shows_no_level(
    voice: Microphone, sink: CollectingSink, origin_ns: int
) -> None:
    voice.mute(True)
    voice.start(permit(), sink, origin_ns)
    sink.wait_for_blocks(25)
    (level,) = voice.levels()
    assert (level.peak_dbfs, level.rms_dbfs, level.silent_s) == (FLOOR_DBFS, FLOOR_DBFS, 0.0)


def test_nothing_is_missing_where_all_is_there(microphone: Microphone) -> None:
    assert microphone.missing() == ""


def test_stopping_what_was_not_started_is_harmless(microphone: Microphone) -> None:
    microphone.stop()
    microphone.stop()


def test_a_source_that_can_wait_loses_nothing_in_a_narrow_place(patient: Microphone, origin_ns: int) -> None:
    sink = CollectingSink(room=2)
    patient.start(permit(), sink, origin_ns)
    for taken in range(2, 100, 7):
        sink.wait_for_blocks(taken)
        sink.make_room(7)
    assert sink.refused == 0


def test_no_microphone_says_so_and_delivers_nothing(sink: CollectingSink, origin_ns: int) -> None:
    missing = build("microphone", "none")
    assert missing.format() is None
    assert missing.levels() == ()
    missing.start(permit(), sink, origin_ns)
    missing.stop()
    assert sink.blocks == []
    assert sink.microphone_problems == []
