"""The manifest: what is written is read back the same, and nothing else is read at all."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.domain.identifiers import make_ulid
from device.domain.manifest import (
    INTERVAL_REASONS,
    MAX_DURATION_US,
    MAX_MANIFEST_BYTES,
    AudioDescription,
    Interval,
    Manifest,
    PermitDescription,
    SegmentEntry,
    VideoDescription,
    read_manifest,
    read_permit,
)
from device.domain.mask import SCALE

TIME = "2026-09-01T08:30:00.250000Z"


def ulid(number: int) -> str:
    return make_ulid(1_788_251_400_250, number.to_bytes(10, "big"))


PERMIT = PermitDescription(
    ulid(2), ("teacher-1",), "group-1", "T-1", 1, "", "consent", sound=True, granted_at=TIME, pressed_by="t1"
)
SEALED = base64.b64encode(b"age-encryption.org/v1\n" + bytes(100)).decode()


def manifest(**changes: Any) -> Manifest:
    values: dict[str, Any] = {
        "recording": ulid(1),
        "device": "learning-square-1",
        "started_at": TIME,
        "clock_trusted": True,
        "duration_us": 50_000_000,
        "interrupted": True,
        "unclaimed": False,
        "dropped_frames": 3,
        "permit_sealed": SEALED,
        "video": VideoDescription(1280, 720, 30_000),
        "audio": AudioDescription(48_000, 1),
        "segments": (
            SegmentEntry(ulid(3), 0, 30_000_000, 1000, "a" * 64, complete=True),
            SegmentEntry(ulid(4), 30_000_000, None, 2000, "b" * 64, complete=False),
        ),
        "bookmarks_us": (1, 2_000_000),
        "intervals": (Interval(5, 6, "blanked"),),
        "masks": (((0, 0), (10_000, 0), (5000, 10_000)),),
    }
    return Manifest(**{**values, **changes})


ulids = st.builds(make_ulid, st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10))
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
times = st.just(TIME)
lengths_us = st.integers(0, 60_000_000)
permits = st.builds(
    PermitDescription,
    ulids,
    st.lists(texts, min_size=1, max_size=3).map(tuple),
    texts,
    texts,
    st.integers(1, 3),
    st.one_of(st.just(""), texts),
    st.sampled_from(("legitimate_interest", "consent")),
    st.booleans(),
    times,
    st.one_of(st.just(""), texts),
    st.sampled_from(("teacher", "pupil")),
    *[st.one_of(st.just(""), texts)] * 4,
)
unclaimed = permits.map(lambda each: replace(each, teachers=(), group="", trajectory=""))
parts = st.integers(0, SCALE)
polygons = st.lists(st.tuples(parts, parts), min_size=3, max_size=5).map(tuple)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    durations = draw(st.lists(lengths_us, min_size=1, max_size=5))
    complete = draw(st.booleans())
    segments, offset_us = [], draw(st.integers(0, 1000))
    for index, duration_us in enumerate(durations):
        whole = complete or draw(st.booleans())
        length = duration_us if whole else None
        sha256 = f"{index:064x}"
        segments.append(SegmentEntry(ulid(100 + index), offset_us, length, 1 + index, sha256, complete=whole))
        offset_us += (length or 0) + draw(st.integers(0, 1000))
    froms = draw(st.lists(lengths_us, max_size=3))
    return manifest(
        recording=draw(ulids),
        device=draw(texts),
        clock_trusted=draw(st.booleans()),
        duration_us=offset_us + draw(lengths_us),
        interrupted=draw(st.booleans()) or not complete,
        unclaimed=draw(st.booleans()),
        dropped_frames=draw(st.integers(0, 1 << 32)),
        permit_sealed=draw(st.sampled_from((SEALED, base64.b64encode(b"age-encryption.org/v1\n").decode()))),
        video=VideoDescription(draw(st.integers(16, 8192)), 720, draw(st.integers(1000, 1_000_000))),
        audio=draw(st.one_of(st.none(), st.just(AudioDescription(48_000, 2, draw(st.integers(1, 2)))))),
        segments=tuple(segments),
        bookmarks_us=tuple(sorted(draw(st.lists(lengths_us, max_size=5)))),
        intervals=tuple(
            Interval(each, each + draw(lengths_us), draw(st.sampled_from(INTERVAL_REASONS))) for each in froms
        ),
        masks=tuple(draw(st.lists(polygons, max_size=3))),
    )


@given(st.one_of(permits, unclaimed))
def test_every_permit_is_read_back_as_it_was_written(written: PermitDescription) -> None:
    assert read_permit(written.to_bytes()) == written


@pytest.mark.parametrize(("group", "trajectory"), [("2b", ""), ("", "T-1"), ("2b", "T-1")])
def test_a_permit_that_names_no_teacher_names_nobody(group: str, trajectory: str) -> None:
    half = replace(PERMIT, teachers=(), group=group, trajectory=trajectory)
    with pytest.raises(Permanent, match=r"permit\.teachers must not be empty"):
        read_permit(half.to_bytes())


@settings(deadline=None)
@given(manifests())
def test_every_manifest_is_read_back_as_it_was_written(written: Manifest) -> None:
    assert read_manifest(written.to_bytes()) == written


# --- one lie at a time

Path = tuple[str | int, ...]


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    items: list[Any] = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list):
        items = list(enumerate(value))
    for key, each in items:
        yield from _paths(each, (*path, key))


def _document() -> dict[str, Any]:
    """Return both documents; the permit travels in a sealed object of its own."""
    return {"manifest": json.loads(manifest().to_bytes()), "permit": json.loads(PERMIT.to_bytes())}


def _read_changed(path: Path, change: Callable[[Any, Any], None]) -> Manifest | PermitDescription:
    """Change one place in one of the documents, and read that."""
    document = _document()
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    change(place, path[-1])
    data = json.dumps(document[str(path[0])]).encode()
    return read_permit(data) if path[0] == "permit" else read_manifest(data)


PATHS = sorted((path for path in _paths(_document()) if len(path) > 1), key=str)
# What came later may lack: the documents of an older device are read as well.
LATER: dict[Path, Any] = {
    ("manifest", "masks"): (),
    ("manifest", "audio", "tracks"): 1,
    ("permit", "pressed_by"): "",
    ("permit", "operator"): "teacher",
    ("permit", "theme"): "",
    ("permit", "space"): "",
    ("permit", "booking"): "",
    ("permit", "register_sha256"): "",
}
KEY_PATHS = [path for path in PATHS if isinstance(path[-1], str) and path not in LATER]
WRONG: tuple[Any, ...] = (None, [], {}, "", "../../etc/passwd", -1, 1.5, 1 << 60, "x" * 501)
# The only other values than the one in the document that are right in its place.
RIGHT: dict[Path, list[Any]] = {
    ("manifest", "audio"): [None],
    ("manifest", "segments", 1, "duration_us"): [None],
    ("manifest", "masks"): [[]],
    ("permit", "learning_question"): [""],
    ("permit", "pressed_by"): [""],
    ("permit", "theme"): [""],
    ("permit", "space"): [""],
    ("permit", "booking"): [""],
    ("permit", "register_sha256"): [""],
}
TEXT_KEYS = {
    "device", "group", "trajectory", "learning_question", "pressed_by", "theme", "space", "booking", "register_sha256",
}  # fmt: skip


def delete(place: Any, key: Any) -> None:
    del place[key]


@pytest.mark.parametrize("path", LATER, ids=str)
def test_a_key_that_came_later_may_lack(path: Path) -> None:
    found: Any = _read_changed(path, delete)
    for key in path[1:]:
        found = getattr(found, str(key))
    assert found == LATER[path]


@pytest.mark.parametrize("path", KEY_PATHS, ids=str)
def test_a_missing_key_is_named(path: Path) -> None:
    with pytest.raises(Permanent, match=rf"lacks the key '{path[-1]}'"):
        _read_changed(path, delete)


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_a_value_that_cannot_be_is_refused_and_its_place_is_named(path: Path) -> None:
    for wrong in WRONG:
        if any(wrong == right for right in RIGHT.get(path, [])) or _is_text(path, wrong):
            continue
        if path[1:] in (("bookmarks_us",), ("intervals",)) and wrong == []:
            continue

        def put(place: Any, key: Any, wrong: Any = wrong) -> None:
            place[key] = wrong

        with pytest.raises(Permanent) as caught:
            _read_changed(path, put)
        name = next(key for key in reversed(path) if isinstance(key, str))
        assert name in str(caught.value), (wrong, str(caught.value))


def _is_text(path: Path, value: Any) -> bool:
    free = path[-1] in TEXT_KEYS or "teachers" in path[:-1]
    return free and isinstance(value, str) and 0 < len(value) <= 500


@pytest.mark.parametrize(
    "path",
    [
        ("permit", "surprise"),
        ("manifest", "surprise"),
        ("manifest", "video", "surprise"),
        ("manifest", "audio", "surprise"),
        ("manifest", "segments", 0, "surprise"),
        ("manifest", "intervals", 0, "surprise"),
    ],
)
def test_an_unknown_key_is_named_wherever_it_stands(path: Path) -> None:
    def add(place: Any, key: Any) -> None:
        place[key] = 1

    with pytest.raises(Permanent, match="unknown key 'surprise'"):
        _read_changed(path, add)


LIES: dict[str, dict[str, Any]] = {
    "has at least one segment": {"segments": ()},
    "same object twice": {"segments": (manifest().segments[0], manifest().segments[0])},
    "same sha256 twice": {
        "segments": (
            manifest().segments[0],
            SegmentEntry(ulid(9), 30_000_000, None, 1, "a" * 64, complete=False),
        )
    },
    "before the segment ahead of it ends": {
        "segments": (
            manifest().segments[0],
            SegmentEntry(ulid(9), 29_999_999, None, 1, "c" * 64, complete=False),
        )
    },
    "duration_us is shorter": {"duration_us": 29_999_999},
    "interrupted is false": {"interrupted": False},
    "bookmarks_us is not in order": {"bookmarks_us": (2, 1)},
    "ends before it begins": {"intervals": (Interval(6, 5, "blanked"),)},
    "duration_us is out of range": {
        "segments": (SegmentEntry(ulid(3), 0, MAX_DURATION_US + 1, 1, "a" * 64, complete=True),)
    },
}


@pytest.mark.parametrize("sentence", LIES)
def test_a_lie_that_only_shows_in_the_whole_is_found(sentence: str) -> None:
    with pytest.raises(Permanent, match=sentence):
        read_manifest(manifest(**LIES[sentence]).to_bytes())


def test_another_version_says_to_update_and_another_format_is_refused() -> None:
    with pytest.raises(Permanent, match="version is 2, this program reads version 1; update"):
        read_manifest(manifest().to_bytes().replace(b'"version":1', b'"version":2'))
    with pytest.raises(Permanent, match="format must be one of leerblik-manifest"):
        read_manifest(manifest().to_bytes().replace(b"leerblik-manifest", b"leerblik-receipt"))


def test_a_key_that_occurs_twice_and_a_number_that_is_none_are_refused() -> None:
    text = manifest().to_bytes()
    with pytest.raises(Permanent, match="occurs twice"):
        read_manifest(text.replace(b'{"audio"', b'{"device":"other","audio"'))
    for word in (b"NaN", b"Infinity", b"-Infinity"):
        with pytest.raises(Permanent, match="not a number"):
            read_manifest(text.replace(b'"dropped_frames":3', b'"dropped_frames":' + word))


@pytest.mark.parametrize(
    "time", ["2026-02-30T08:30:00Z", "2026-09-01T24:30:00Z", "2026-09-01", "2026-09-01T08:30:00"]
)
def test_a_moment_that_never_was_is_refused(time: str) -> None:
    with pytest.raises(Permanent, match=r"manifest\.started_at must be a UTC time such as"):
        read_manifest(manifest(started_at=time).to_bytes())


def test_digits_of_another_script_are_no_time() -> None:
    with pytest.raises(Permanent, match="started_at"):
        read_manifest(manifest(started_at=TIME.replace("0", "\N{ARABIC-INDIC DIGIT ZERO}")).to_bytes())


def test_a_permit_in_the_clear_is_refused() -> None:
    for clear in (PERMIT.to_bytes(), base64.b64encode(PERMIT.to_bytes()), b"", b"\xc3\xa9"):
        with pytest.raises(Permanent, match="permit_sealed must be an age object in base64"):
            read_manifest(manifest(permit_sealed=clear.decode()).to_bytes())


def test_half_a_character_is_refused_before_it_can_trouble_anyone() -> None:
    with pytest.raises(Permanent, match="not valid JSON"):
        read_manifest(manifest().to_bytes().replace(b'"learning-square-1"', b'"\\ud800"'))


def test_a_manifest_of_unreasonable_size_is_not_even_parsed() -> None:
    with pytest.raises(Permanent, match="larger than"):
        read_manifest(b" " * (MAX_MANIFEST_BYTES + 1))


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)


@given(st.one_of(st.binary(), json_values.map(lambda value: json.dumps(value).encode())))
def test_whatever_it_is_given_the_reader_says_permanent_and_nothing_else(data: bytes) -> None:
    for read in (read_manifest, read_permit):
        with pytest.raises(Permanent):
            read(data)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_byte_is_refused_or_still_a_whole_manifest(data: st.DataObject) -> None:
    text = bytearray(manifest().to_bytes())
    text[data.draw(st.integers(0, len(text) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = read_manifest(bytes(text))
    except Permanent:
        return
    assert read_manifest(found.to_bytes()) == found


def test_deep_nesting_is_a_clear_error_too() -> None:
    with pytest.raises(Permanent):
        read_manifest(b"[" * 200_000)
