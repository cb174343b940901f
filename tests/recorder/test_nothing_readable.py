"""Nothing readable is on the card: every byte of every file under the spool is looked at."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest

from device.drivers.camera import synthetic as synthetic_camera
from device.drivers.clock.system import SystemClock
from device.drivers.microphone import synthetic as synthetic_microphone
from device.footage import segment as segment_module
from device.footage.seal import SUFFIX, SealedWriter
from device.ports import VideoFormat
from tests.support.material import COACH, STRANGER, manifest_of, permit_of, pictures, unseal
from tests.support.permits import agreement
from tests.support.recorder import Unit

QUESTION = "Do I leave silence after a question?"
# What a film, a picture stream or a sound stream cannot do without.
SIGNATURES = {
    "MP4": rb"ftyp|moov|moof|mdat|avc1|avcC|mp4a|isom",
    "H.264 (SPS after a start code)": rb"\x00\x00\x01[\x27\x47\x67][\x42\x4d\x58\x64]",
    "H.264 (picture after a start code)": rb"\x00\x00\x01[\x41\x61\x65]",
    "x264": rb"x264 - core",
    "AAC": rb"\xff[\xf0\xf1\xf8\xf9][\x4c\x50\x58\x5c]|Lavc\d",
    "the manifest": rb"leerblik-manifest|manifest_sha256",
}
# Three bytes may occur by chance in a megabyte of noise; a real stream has its signature all over.
BY_CHANCE = {"AAC", "H.264 (picture after a start code)"}


def scan(data: bytes) -> set[str]:
    found = set()
    for name, pattern in SIGNATURES.items():
        hits = len(re.findall(pattern, data))
        expected_by_chance = len(data) / (1 << 16)
        if hits > (3 + expected_by_chance if name in BY_CHANCE else 0):
            found.add(name)
    return found


def files(spool: Path) -> Iterator[Path]:
    return (path for path in spool.rglob("*") if path.is_file())


def record(root: Path) -> Unit:
    """Record a lesson with picture and sound through the whole recorder."""
    unit = Unit(
        root,
        agreed=replace(
            agreement(), learning_question=QUESTION, valid_from=agreement().valid_from.replace(year=2000)
        ),
        clock=SystemClock(),
        segment_s=2,
        camera=synthetic_camera.SyntheticCamera(VideoFormat(320, 180, 25), 500_000, 1.0, "max", 6.0),
        microphone=synthetic_microphone.build(
            {"rate_hz": 48_000, "channels": 1, "speed": "max", "length_s": 6.0, "seconds": "lesson"}
        ),
    )
    answer = unit.loop.ask({"do": "start"})
    unit.run_until("stopped")
    assert answer.get(timeout=1)["ok"], answer
    return unit


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Unit:
    return record(tmp_path_factory.mktemp("lesson"))


def test_no_file_under_the_spool_holds_anything_of_picture_sound_or_manifest(lesson: Unit) -> None:
    looked_at = list(files(lesson.spool))
    assert len([path for path in looked_at if path.suffix == SUFFIX]) >= 4
    for path in looked_at:
        assert scan(path.read_bytes()) == set(), path.name


def test_no_file_under_the_spool_names_a_person_a_group_or_the_question_that_was_asked(lesson: Unit) -> None:
    agreed = agreement()
    for path in files(lesson.spool):
        data = path.read_bytes()
        for text in (QUESTION, *agreed.teachers, agreed.group, agreed.legal_basis.value):
            assert text.encode() not in data, (path.name, text)
            assert base64.b64encode(text.encode())[:-4] not in data, (path.name, text)


def test_the_coach_finds_the_question_with_the_footage(lesson: Unit) -> None:
    (recording,) = lesson.catalogue.recordings.latest(2)
    manifest = manifest_of(lesson.spool / recording.id)
    assert permit_of(manifest).learning_question == QUESTION
    with pytest.raises(pyrage.DecryptError):
        permit_of(manifest, STRANGER)


def test_what_is_sealed_looks_like_noise(lesson: Unit) -> None:
    for path in files(lesson.spool):
        data = path.read_bytes()[2000:]
        if path.suffix != SUFFIX or len(data) < 20_000:
            continue
        counts = [data.count(bytes([value])) for value in range(256)]
        expected = len(data) / 256
        chi_squared = sum((count - expected) ** 2 / expected for count in counts)
        assert chi_squared < 400  # 255 on average, 22 to either side; a film is in the thousands


def test_the_same_look_at_the_unsealed_film_finds_everything(lesson: Unit) -> None:
    """The control: what the scan would have found if anything had leaked."""
    found: set[str] = set()
    for path in files(lesson.spool):
        if path.suffix == SUFFIX:
            found |= scan(unseal(path.read_bytes(), COACH))
    # In MP4 pictures have lengths for start codes, and AAC has no header of its own: seen in raw streams only.
    assert {"MP4", "the manifest"} <= found
    camera_stream = b"".join(packet.data for packet in pictures(2))
    assert scan(camera_stream) >= {"H.264 (SPS after a start code)", "H.264 (picture after a start code)"}


def test_the_look_notices_a_recorder_that_forgets_to_seal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(SealedWriter):
        def _emit(self, size: int, *, last: bool) -> None:
            self._sink.write(bytes(self._pending[:size]))
            del self._pending[:size]

    monkeypatch.setattr(segment_module, "SealedWriter", Forgetful)
    unit = record(tmp_path)
    assert any("MP4" in scan(path.read_bytes()) for path in files(unit.spool))
