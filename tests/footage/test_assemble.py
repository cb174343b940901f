"""From journal and files to a manifest: after a stop, after a crash, and when the journal is damaged."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.domain.manifest import Interval, read_manifest
from device.footage.assemble import MANIFEST_NAME, assemble, seal_manifest, was_discarded, was_stopped
from device.footage.durable import hash_file
from device.footage.journal import NAME, Journal, read_journal
from device.footage.segment import SUFFIX
from tests.support.material import COACH, manifest_of, open_journal, recipients

FIRST, SECOND = "01J00000000000000000000001", "01J00000000000000000000002"


def _lesson(folder: Path, *events: dict[str, Any], open_bytes: int = 0) -> None:
    """Write a journal with one whole segment of ten seconds, more events, and perhaps an open segment."""
    journal = open_journal(folder)
    journal.write("segment_opened", object=FIRST, offset_us=0)
    journal.write(
        "segment_closed", object=FIRST, offset_us=0, duration_us=10_000_000, size_bytes=5, sha256="a" * 64
    )
    if open_bytes:
        journal.write("segment_opened", object=SECOND, offset_us=10_000_000)
        (folder / f"{SECOND}{SUFFIX}").write_bytes(os.urandom(open_bytes))
    for event in events:
        journal.write(**event)
    journal.close()


def test_a_lesson_that_was_stopped_is_whole(tmp_path: Path) -> None:
    _lesson(tmp_path, {"event": "stopped", "reason": "press", "duration_us": 10_000_000})
    manifest = manifest_of(tmp_path)
    assert (manifest.interrupted, manifest.duration_us, len(manifest.segments)) == (False, 10_000_000, 1)
    assert was_stopped(read_journal(tmp_path))
    assert not was_discarded(read_journal(tmp_path))


def test_an_open_segment_of_a_killed_recorder_is_measured_and_marks_the_recording(tmp_path: Path) -> None:
    _lesson(tmp_path, open_bytes=100_000)
    manifest = manifest_of(tmp_path)
    opened = manifest.segments[1]
    assert manifest.interrupted
    assert (opened.complete, opened.duration_us, opened.offset_us) == (False, None, 10_000_000)
    assert (opened.size_bytes, opened.sha256) == hash_file(tmp_path / f"{SECOND}{SUFFIX}")


@pytest.mark.parametrize("left", [0, 1, 65_536])
def test_an_open_segment_too_short_to_hold_anything_readable_is_left_out(tmp_path: Path, left: int) -> None:
    _lesson(tmp_path, open_bytes=left or 1)
    if not left:
        (tmp_path / f"{SECOND}{SUFFIX}").unlink()
    manifest = manifest_of(tmp_path)
    assert [entry.object for entry in manifest.segments] == [FIRST]
    assert manifest.interrupted


def test_without_a_picture_or_without_a_first_line_there_is_nothing_to_describe(tmp_path: Path) -> None:
    assert assemble(tmp_path, read_journal(tmp_path)) is None
    open_journal(tmp_path).close()
    assert assemble(tmp_path, read_journal(tmp_path)) is None


def test_bookmarks_and_gaps_are_in_the_manifest(tmp_path: Path) -> None:
    _lesson(
        tmp_path,
        {"event": "bookmark", "at_us": 7},
        {"event": "bookmark", "at_us": 5},
        {"event": "blanked", "at_us": 100},
        {"event": "unblanked", "at_us": 200},
        {"event": "dropped", "frames": 3, "from_us": 300, "to_us": 400},
        {"event": "dropped", "frames": 4, "from_us": 500, "to_us": 600},
        {"event": "microphone_failed", "at_us": 700, "problem": "unplugged"},
        {"event": "blanked", "at_us": 800},
    )
    manifest = manifest_of(tmp_path)
    assert manifest.bookmarks_us == (5, 7)
    assert manifest.dropped_frames == 7
    assert set(manifest.intervals) == {
        Interval(100, 200, "blanked"),
        Interval(300, 400, "dropped"),
        Interval(500, 600, "dropped"),
        Interval(700, 10_000_000, "microphone"),
        Interval(800, 10_000_000, "blanked"),
    }


def test_the_manifest_is_sealed_and_replaces_what_a_crash_left_half_written(tmp_path: Path) -> None:
    _lesson(tmp_path)
    (tmp_path / f".{MANIFEST_NAME}").write_bytes(b"half")
    manifest = manifest_of(tmp_path)
    for _ in range(2):
        size_and_hash = seal_manifest(manifest, tmp_path, recipients())
        assert size_and_hash == hash_file(tmp_path / MANIFEST_NAME)
        sealed = (tmp_path / MANIFEST_NAME).read_bytes()
        assert read_manifest(pyrage.decrypt(sealed, [COACH])) == manifest
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAME, MANIFEST_NAME]


# --- a damaged journal


def test_a_last_line_that_was_cut_off_is_ignored_and_taken_away_before_the_next(tmp_path: Path) -> None:
    _lesson(tmp_path)
    whole = read_journal(tmp_path)
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"event":"stop')
    assert read_journal(tmp_path) == whole
    journal = Journal(tmp_path)
    journal.write("stopped", reason="press", duration_us=1)
    journal.close()
    assert [event["event"] for event in read_journal(tmp_path)][-1] == "stopped"
    assert len(read_journal(tmp_path)) == len(whole) + 1


@pytest.mark.parametrize("line", [b"{", b"[]", b"5", b'{"evnt":1}', b'{"event":1}', b"\xff\xfe"])
def test_other_damage_is_an_error_that_names_the_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / NAME
    path.write_bytes(b'{"event":"opened"}\n' + line + b'\n{"event":"stopped"}\n')
    with pytest.raises(Permanent, match="line 2 of"):
        read_journal(tmp_path)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_a_rotten_card_makes_of_a_journal_the_error_is_clear(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "rotten"
    folder.mkdir(exist_ok=True)
    (folder / NAME).unlink(missing_ok=True)
    _lesson(folder, {"event": "bookmark", "at_us": 7}, {"event": "blanked", "at_us": 8})
    text = bytearray((folder / NAME).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (folder / NAME).write_bytes(text)
    try:
        manifest = assemble(folder, read_journal(folder))
    except Permanent:
        return
    if manifest is not None:
        assert read_manifest(manifest.to_bytes()) == manifest


@pytest.mark.parametrize(
    "lie",
    [
        {"object": "../../etc/passwd", "offset_us": 0},
        {"object": SECOND},
        {"object": None, "offset_us": 0},
        {"object": SECOND, "offset_us": "0"},
        {"object": SECOND, "offset_us": -5},
    ],
)
def test_a_line_with_a_lie_in_it_is_a_clear_error(tmp_path: Path, lie: dict[str, Any]) -> None:
    _lesson(tmp_path)
    with (tmp_path / NAME).open("a") as file:
        file.write(json.dumps({"event": "segment_opened", **lie}) + "\n")
    (tmp_path / f"{SECOND}{SUFFIX}").write_bytes(bytes(100_000))
    with pytest.raises(Permanent, match=tmp_path.name):
        assemble(tmp_path, read_journal(tmp_path))
