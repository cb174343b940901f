"""What every microphone keeps. A new driver joins by one line in CASES."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.domain.errors import Busy, Refused
from device.drivers import _take, names
from device.ports import AudioFormat, Microphone
from tests.support.permits import permit
from tests.support.sinks import CollectingSink
from tests.support.synthetic_films import build, record, write_film

ORIGIN_NS = 7_000_000_123

CASES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "synthetic": lambda _: {"speed": "max", "length_s": 3.0, "channels": 2, "rate_hz": 44_100},
    "file": lambda film: {"path": str(film), "speed": "max"},
    "none": lambda _: {},
}
SILENT = {"none"}
ONLY_ON_A_PI = {"alsa": "needs a sound card; tests/hardware runs it"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "film.mp4", record(3.0))


def _open(name: str, film: Path) -> Iterator[Microphone]:
    microphone: Microphone = build("microphone", name, CASES[name](film))
    yield microphone
    microphone.stop()


@pytest.fixture(params=sorted(CASES))
def microphone(request: pytest.FixtureRequest, film: Path) -> Iterator[Microphone]:
    yield from _open(request.param, film)


@pytest.fixture(params=sorted(set(CASES) - SILENT))
def voice(request: pytest.FixtureRequest, film: Path) -> Iterator[Microphone]:
    yield from _open(request.param, film)


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


def _wait_for_three_seconds(sink: CollectingSink, form: AudioFormat) -> None:
    wanted = 3 * form.rate_hz * form.channels * 2
    sink.wait(lambda: sum(len(block.data) for block in sink.blocks) >= wanted, "three seconds of sound")


def test_every_microphone_driver_is_in_this_suite() -> None:
    assert set(names("microphone")) - set(ONLY_ON_A_PI) == set(CASES)


def test_stamps_count_samples_from_the_origin_without_a_hole(voice: Microphone, sink: CollectingSink) -> None:
    form = _form(voice)
    voice.start(permit(), sink, ORIGIN_NS)
    _wait_for_three_seconds(sink, form)
    samples = 0
    for block in sink.blocks:
        assert block.pts_ns == ORIGIN_NS + samples * 1_000_000_000 // form.rate_hz
        assert len(block.data) % (2 * form.channels) == 0
        samples += len(block.data) // (2 * form.channels)


def test_blocks_are_short(voice: Microphone, sink: CollectingSink) -> None:
    form = _form(voice)
    voice.start(permit(), sink, ORIGIN_NS)
    _wait_for_three_seconds(sink, form)
    assert max(len(block.data) for block in sink.blocks) <= form.rate_hz // 25 * form.channels * 2


def test_without_permission_for_sound_it_refuses_and_hears_nothing(
    microphone: Microphone, sink: CollectingSink
) -> None:
    with pytest.raises(Refused, match="sound"):
        microphone.start(permit(sound=False), sink, ORIGIN_NS)
    assert sink.blocks == []
    microphone.start(permit(), sink, ORIGIN_NS)  # the refusal did not leave it half open


@pytest.mark.parametrize("impostor", [None, object(), "permit", True])
def test_nothing_but_a_permit_opens_the_microphone(
    microphone: Microphone, sink: CollectingSink, impostor: Any
) -> None:
    with pytest.raises(TypeError, match="Permit"):
        microphone.start(impostor, sink, ORIGIN_NS)
    assert sink.blocks == []


def test_a_microphone_that_is_open_is_busy(microphone: Microphone, sink: CollectingSink) -> None:
    microphone.start(permit(), sink, ORIGIN_NS)
    with pytest.raises(Busy):
        microphone.start(permit(), sink, ORIGIN_NS)


def test_muted_sound_is_zeros_and_the_rest_is_not(voice: Microphone) -> None:
    sink = CollectingSink(room=10)
    voice.mute(True)
    voice.start(permit(), sink, ORIGIN_NS)
    sink.wait_for_blocks(10)
    voice.mute(False)
    sink.make_room(1000)
    _wait_for_three_seconds(sink, _form(voice))
    # The block that was waiting for room when the mute was lifted may be either; one later there is a hum.
    assert all(not any(block.data) for block in sink.blocks[:10])
    assert all(any(block.data) for block in sink.blocks[11:-2])


def test_after_stop_nothing_arrives_and_no_thread_is_left(voice: Microphone, sink: CollectingSink) -> None:
    before = set(threading.enumerate())
    voice.start(permit(), sink, ORIGIN_NS)
    sink.wait_for_blocks(5)
    voice.stop()
    assert set(threading.enumerate()) <= before


def test_it_can_be_started_again_and_counts_anew(voice: Microphone, sink: CollectingSink) -> None:
    voice.start(permit(), sink, ORIGIN_NS)
    sink.wait_for_blocks(5)
    voice.stop()
    again = CollectingSink()
    voice.start(permit(), again, ORIGIN_NS * 2)
    again.wait_for_blocks(5)
    assert again.blocks[0].pts_ns == ORIGIN_NS * 2


def test_stopping_what_was_not_started_is_harmless(microphone: Microphone) -> None:
    microphone.stop()
    microphone.stop()


def test_a_source_that_can_wait_loses_nothing_in_a_narrow_place(voice: Microphone) -> None:
    sink = CollectingSink(room=2)
    voice.start(permit(), sink, ORIGIN_NS)
    for taken in range(2, 100, 7):
        sink.wait_for_blocks(taken)
        sink.make_room(7)
    assert sink.refused == 0


def test_no_microphone_says_so_and_delivers_nothing(sink: CollectingSink) -> None:
    missing = build("microphone", "none")
    assert missing.format() is None
    missing.start(permit(), sink, ORIGIN_NS)
    missing.stop()
    assert sink.blocks == []
    assert sink.microphone_problems == []
