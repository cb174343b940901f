"""From journal and files to a manifest: after a stop, after a crash, and when the journal is damaged."""

from __future__ import annotations

import itertools
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
from device.footage.seal import SUFFIX
from tests.support.material import COACH, manifest_of, open_journal, recipients

FIRST, SECOND, THIRD = (f"01J0000000000000000000000{number}" for number in (1, 2, 3))


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


def test_a_clock_that_was_set_right_later_corrects_the_beginning(tmp_path: Path) -> None:
    early, late = "2030-03-04T10:15:00.000000Z", "2030-03-04T10:15:00.250000Z"
    _lesson(tmp_path)
    assert manifest_of(tmp_path).started_at == "2030-03-04T10:00:00.000000Z"
    journal = Journal(tmp_path)
    journal.write("clock_corrected", started_at=early)
    journal.write("clock_corrected", started_at=late)
    journal.close()
    assert (manifest_of(tmp_path).started_at, manifest_of(tmp_path).clock_trusted) == (late, True)


def test_a_clock_that_was_never_set_is_not_trusted_until_it_is(tmp_path: Path) -> None:
    _lesson(tmp_path)
    path = tmp_path / NAME
    path.write_text(path.read_text().replace('"clock_trusted":true', '"clock_trusted":false'))
    assert not manifest_of(tmp_path).clock_trusted
    journal = Journal(tmp_path)
    journal.write("clock_corrected", started_at="2030-03-04T10:15:00.000000Z")
    journal.close()
    assert manifest_of(tmp_path).clock_trusted


def test_masks_travel_with_the_recording_and_a_journal_from_before_them_has_none(tmp_path: Path) -> None:
    _lesson(tmp_path)
    assert manifest_of(tmp_path).masks == ()
    path = tmp_path / NAME
    lines = path.read_text()
    path.write_text(lines.replace('"masks":[]', '"masks":[[[0,0],[10000,0],[0,10000]]]'))
    assert manifest_of(tmp_path).masks == (((0, 0), (10_000, 0), (0, 10_000)),)
    path.write_text(lines.replace('"masks":[],', ""))
    assert manifest_of(tmp_path).masks == ()
    path.write_text(lines.replace('"masks":[]', '"masks":[[[0,0],[10001,0],[0,10000]]]'))
    with pytest.raises(Permanent, match=r"masks\[0\]\[1\]"):
        assemble(tmp_path, read_journal(tmp_path))


def _opened(name: str, offset_us: int) -> dict[str, Any]:
    return {"event": "segment_opened", "object": name, "offset_us": offset_us, "mono_ns": 1, "boot_id": "b"}


def _closed(name: str, offset_us: int, duration_us: int) -> dict[str, Any]:
    return {
        "event": "segment_closed", "object": name, "offset_us": offset_us, "duration_us": duration_us,
        "size_bytes": 5, "sha256": "b" * 64,
    }  # fmt: skip


RESUMED = {"event": "resumed", "at_us": 14_000_000, "lost_from_us": 12_500_000, "reason": "restarted"}
STOPPED = {"event": "stopped", "reason": "press", "duration_us": 20_000_000}
WENT_ON = (RESUMED, _opened(THIRD, 15_000_000), _closed(THIRD, 15_000_000, 5_000_000), STOPPED)


def test_a_lesson_that_a_killed_recorder_went_on_with_has_a_segment_in_the_middle_that_is_not_whole(
    tmp_path: Path,
) -> None:
    _lesson(tmp_path, *WENT_ON, open_bytes=100_000)
    manifest = manifest_of(tmp_path)
    assert [(s.object, s.duration_us, s.complete) for s in manifest.segments] == [
        (FIRST, 10_000_000, True),
        (SECOND, None, False),
        (THIRD, 5_000_000, True),
    ]
    assert (manifest.interrupted, manifest.duration_us) == (True, 20_000_000)
    assert manifest.intervals == (Interval(12_500_000, 15_000_000, "recorder"),)


def test_it_is_interrupted_also_when_nothing_of_the_killed_segment_reached_the_card(tmp_path: Path) -> None:
    _lesson(tmp_path, *WENT_ON, open_bytes=7)
    manifest = manifest_of(tmp_path)
    assert [segment.object for segment in manifest.segments] == [FIRST, THIRD]
    assert manifest.interrupted


def test_what_was_going_on_when_the_recorder_died_ends_where_it_ended(tmp_path: Path) -> None:
    _lesson(
        tmp_path,
        {"event": "blanked", "at_us": 11_000_000},
        {"event": "microphone_failed", "at_us": 11_100_000, "problem": "unplugged"},
        {"event": "camera_lost", "at_us": 11_200_000},
        *WENT_ON[:-1],
        {"event": "unblanked", "at_us": 16_000_000},
        STOPPED,
        open_bytes=100_000,
    )
    assert set(manifest_of(tmp_path).intervals) == {
        Interval(11_000_000, 16_000_000, "blanked"),
        Interval(11_100_000, 14_000_000, "microphone"),
        Interval(11_200_000, 15_000_000, "camera"),
        Interval(12_500_000, 15_000_000, "recorder"),
    }


def test_a_recorder_that_died_again_before_the_first_picture_leaves_the_gap_open(tmp_path: Path) -> None:
    _lesson(tmp_path, RESUMED, open_bytes=100_000)
    manifest = manifest_of(tmp_path)
    assert manifest.interrupted
    assert manifest.intervals == (Interval(12_500_000, 12_500_000, "recorder"),)


happenings = st.sampled_from(
    ("blanked", "unblanked", "microphone_failed", "microphone_back", "camera_lost", "camera_back", "resumed")
)


@given(events=st.lists(st.tuples(happenings, st.integers(0, 10_000_000)), max_size=30))
def test_whatever_happens_in_whatever_order_the_intervals_are_those_in_which_something_lacked(
    events: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "happenings"
    folder.mkdir(exist_ok=True)
    (folder / NAME).unlink(missing_ok=True)
    ordered = [(kind, at_us) for (kind, _), at_us in zip(events, sorted(at for _, at in events), strict=True)]
    _lesson(folder, *({"event": kind, "at_us": at_us, "lost_from_us": at_us} for kind, at_us in ordered))
    intervals = manifest_of(folder).intervals
    for reason, begin, ends in (
        ("blanked", "blanked", ("unblanked",)),
        ("microphone", "microphone_failed", ("microphone_back", "resumed")),
        ("camera", "camera_lost", ("camera_back",)),
    ):
        lacking_us, lacks = 0, False
        for (kind, at_us), (_, until_us) in itertools.pairwise([*ordered, ("end", 10_000_000)]):
            lacks = kind == begin or (lacks and kind not in ends)
            lacking_us += until_us - at_us if lacks else 0
        found = [each for each in intervals if each.reason == reason]
        assert sum(each.to_us - each.from_us for each in found) == lacking_us
        assert all(one.to_us <= other.from_us for one, other in itertools.pairwise(found))


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
    _lesson(
        folder,
        {"event": "bookmark", "at_us": 7},
        {"event": "blanked", "at_us": 8},
        {"event": "camera_lost", "at_us": 9},
        *WENT_ON[:-1],
        {"event": "clock_corrected", "started_at": "2030-03-04T10:15:00Z"},
        open_bytes=100_000,
    )
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
