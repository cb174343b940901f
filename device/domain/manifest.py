"""What a recording consists of: written once by the device, read back strictly by the coach's machine.

Times travel as integer microseconds from the first frame of the recording (``*_us``), so that a film
joined from segments is exact; sizes are bytes of the sealed objects, hashes SHA-256 of the same bytes.
"""

from __future__ import annotations

import base64
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from device.domain.errors import Permanent
from device.domain.identifiers import is_ulid
from device.domain.mask import Polygon, read_polygons
from device.domain.strict import Fields, canonical_json, parse_object

FORMAT = "leerblik-manifest"
VERSION = 1
MAX_DURATION_US = 24 * 3600 * 1_000_000
MAX_OBJECT_BYTES = 1 << 40
MAX_MANIFEST_BYTES = 4 << 20
MAX_TRACKS = 2
INTERVAL_REASONS = ("blanked", "dropped", "camera", "microphone", "recorder")
_AGE = b"age-encryption.org/v1\n"
_MAX_PERMIT_TEXT = 64 * 1024
# What permits of the first recordings did not have yet.
_LATER_IN_PERMIT = {
    "pressed_by": "", "operator": "teacher", "theme": "", "space": "", "booking": "", "register_sha256": "",
}  # fmt: skip
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """One sealed object. ``duration_us`` is None when the recorder died while writing it."""

    object: str
    offset_us: int
    duration_us: int | None
    size_bytes: int
    sha256: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Interval:
    """From, until (microseconds of the film) and why.

    'blanked': black and mute on purpose. 'dropped': the card could not keep up. 'camera', 'microphone': it
    delivered nothing. 'recorder': the recorder itself was killed, and went on with the lesson afterwards.
    """

    from_us: int
    to_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class VideoDescription:
    """Width and height in pixels, nominal frame rate in frames per 1000 seconds."""

    width: int
    height: int
    frames_per_1000_s: int


@dataclass(frozen=True, slots=True)
class AudioDescription:
    """Sample rate in hertz, number of channels of each track, and number of tracks."""

    rate_hz: int
    channels: int
    tracks: int = 1


@dataclass(frozen=True, slots=True)
class PermitDescription:
    """What was permitted, as it travels with the footage.

    ``pressed_by`` is the code of who pressed, where a colour button or a badge told; never a name. ``booking`` and
    ``register_sha256`` (the register's last line then) tell where it was decided. An unclaimed recording's permit
    names nobody.
    """

    permit_id: str
    teachers: tuple[str, ...]
    group: str
    trajectory: str
    stage: int
    learning_question: str
    legal_basis: str
    sound: bool
    granted_at: str
    pressed_by: str = ""
    operator: str = "teacher"
    theme: str = ""
    space: str = ""
    booking: str = ""
    register_sha256: str = ""

    def to_bytes(self) -> bytes:
        """Return the canonical JSON text of this permit."""
        return canonical_json(asdict(self))


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole description of one recording.

    ``permit_sealed`` is the permit as an age object in base64. It is sealed when the lesson begins, for
    it names people, and a recorder that was killed must pass it on without being able to read it.
    ``masks`` are the areas that were black in every picture.
    """

    recording: str
    device: str
    started_at: str
    clock_trusted: bool
    duration_us: int
    interrupted: bool
    unclaimed: bool
    dropped_frames: int
    permit_sealed: str
    video: VideoDescription
    audio: AudioDescription | None
    segments: tuple[SegmentEntry, ...]
    bookmarks_us: tuple[int, ...]
    intervals: tuple[Interval, ...]
    masks: tuple[Polygon, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the canonical JSON text of this manifest."""
        return canonical_json({"format": FORMAT, "version": VERSION, **asdict(self)})


def read_manifest(data: bytes) -> Manifest:
    """Read a manifest back; raises Permanent that names the first thing that is wrong with it."""
    if len(data) > MAX_MANIFEST_BYTES:
        raise Permanent(f"the manifest is larger than {MAX_MANIFEST_BYTES} bytes")
    fields = Fields({"masks": [], **parse_object(data, "the manifest")}, "manifest")
    _expect_version(fields)
    manifest = Manifest(
        recording=_ulid(fields, "recording"),
        device=_text(fields, "device"),
        started_at=_time(fields, "started_at"),
        clock_trusted=fields.take("clock_trusted", bool),
        duration_us=fields.integer("duration_us", 0, MAX_DURATION_US),
        interrupted=fields.take("interrupted", bool),
        unclaimed=fields.take("unclaimed", bool),
        dropped_frames=fields.integer("dropped_frames", 0, 1 << 32),
        permit_sealed=_sealed_text(fields, "permit_sealed"),
        video=_video(fields.take("video", dict)),
        audio=_audio(fields.take_optional("audio", dict)),
        segments=tuple(_segment(each, i) for i, each in enumerate(fields.take("segments", list))),
        bookmarks_us=_bookmarks(fields.take("bookmarks_us", list)),
        intervals=tuple(_interval(each, i) for i, each in enumerate(fields.take("intervals", list))),
        masks=read_polygons(fields.take("masks", list), "manifest.masks"),
    )
    fields.done()
    _check_whole(manifest)
    return manifest


def _expect_version(fields: Fields) -> None:
    fields.choice("format", (FORMAT,))
    version = fields.take("version", int)
    if version != VERSION:
        raise Permanent(
            f"manifest.version is {version}, this program reads version {VERSION}; update Leerblik here"
        )


def _check_whole(manifest: Manifest) -> None:
    if not manifest.segments:
        raise Permanent("manifest.segments is empty; a recording has at least one segment")
    names = [segment.object for segment in manifest.segments]
    if len(set(names)) != len(names):
        raise Permanent("manifest.segments names the same object twice")
    if len({segment.sha256 for segment in manifest.segments}) != len(names):
        raise Permanent("manifest.segments gives the same sha256 twice")
    end_us = 0
    for index, segment in enumerate(manifest.segments):
        if segment.offset_us < end_us:
            raise Permanent(f"manifest.segments[{index}].offset_us lies before the segment ahead of it ends")
        end_us = segment.offset_us + (segment.duration_us or 0)
    if end_us > manifest.duration_us:
        raise Permanent("manifest.duration_us is shorter than its segments")
    if not manifest.interrupted and not all(s.complete for s in manifest.segments):
        raise Permanent("manifest.interrupted is false although a segment is incomplete")


def read_permit(data: bytes) -> PermitDescription:
    """Read a permit that was unsealed; raises Permanent that names the first thing that is wrong with it."""
    where = "permit"
    fields = Fields({**_LATER_IN_PERMIT, **parse_object(data, "the permit")}, where)
    teachers = fields.take("teachers", list)
    claimed = bool(teachers)
    permit = PermitDescription(
        permit_id=_ulid(fields, "permit_id"),
        teachers=tuple(_texts(teachers, f"{where}.teachers")) if claimed else (),
        group=_text(fields, "group", empty=not claimed),
        trajectory=_text(fields, "trajectory", empty=not claimed),
        stage=fields.integer("stage", 1, 3),
        learning_question=_text(fields, "learning_question", empty=True),
        legal_basis=fields.choice("legal_basis", ("legitimate_interest", "consent")),
        sound=fields.take("sound", bool),
        granted_at=_time(fields, "granted_at"),
        operator=fields.choice("operator", ("teacher", "pupil")),
        **{key: _text(fields, key, empty=True) for key in _LATER_IN_PERMIT if key != "operator"},
    )
    fields.done()
    if not claimed and (permit.group or permit.trajectory):
        raise Permanent(
            "permit.teachers must not be empty; only the permit of an unclaimed recording names nobody"
        )
    return permit


def _segment(mapping: Any, index: int) -> SegmentEntry:
    fields = Fields(mapping, f"manifest.segments[{index}]")
    complete = fields.take("complete", bool)
    duration_us = fields.take_optional("duration_us", int)
    if complete and duration_us is None:
        raise Permanent(f"{fields.where}.duration_us is null although the segment is complete")
    if duration_us is not None and not 0 <= duration_us <= MAX_DURATION_US:
        raise Permanent(f"{fields.where}.duration_us is out of range: {duration_us}")
    segment = SegmentEntry(
        object=_ulid(fields, "object"),
        offset_us=fields.integer("offset_us", 0, MAX_DURATION_US),
        duration_us=duration_us,
        size_bytes=fields.integer("size_bytes", 1, MAX_OBJECT_BYTES),
        sha256=_sha256(fields),
        complete=complete,
    )
    fields.done()
    return segment


def _interval(mapping: Any, index: int) -> Interval:
    fields = Fields(mapping, f"manifest.intervals[{index}]")
    interval = Interval(
        from_us=fields.integer("from_us", 0, MAX_DURATION_US),
        to_us=fields.integer("to_us", 0, MAX_DURATION_US),
        reason=fields.choice("reason", INTERVAL_REASONS),
    )
    fields.done()
    if interval.to_us < interval.from_us:
        raise Permanent(f"{fields.where} ends before it begins")
    return interval


def _video(mapping: Any) -> VideoDescription:
    fields = Fields(mapping, "manifest.video")
    video = VideoDescription(
        width=fields.integer("width", 16, 8192),
        height=fields.integer("height", 16, 8192),
        frames_per_1000_s=fields.integer("frames_per_1000_s", 1000, 1_000_000),
    )
    fields.done()
    return video


def _audio(mapping: dict[str, Any] | None) -> AudioDescription | None:
    if mapping is None:
        return None
    fields = Fields({"tracks": 1, **mapping}, "manifest.audio")
    audio = AudioDescription(
        rate_hz=fields.integer("rate_hz", 8000, 192_000),
        channels=fields.integer("channels", 1, 8),
        tracks=fields.integer("tracks", 1, MAX_TRACKS),
    )
    fields.done()
    return audio


def _bookmarks(values: list[Any]) -> tuple[int, ...]:
    for index, value in enumerate(values):
        if type(value) is not int or not 0 <= value <= MAX_DURATION_US:
            raise Permanent(f"manifest.bookmarks_us[{index}] must be microseconds into the film")
    if values != sorted(values):
        raise Permanent("manifest.bookmarks_us is not in order")
    return tuple(values)


def _ulid(fields: Fields, key: str) -> str:
    value = fields.take(key, str)
    if not is_ulid(value):
        raise Permanent(f"{fields.where}.{key} must be a ULID (26 letters and digits), found '{value[:60]}'")
    return value


def _sealed_text(fields: Fields, key: str) -> str:
    value = fields.take(key, str)
    try:
        data = base64.b64decode(value, validate=True)
    except ValueError:
        data = b""
    if not data.startswith(_AGE) or len(value) > _MAX_PERMIT_TEXT:
        raise Permanent(f"{fields.where}.{key} must be an age object in base64")
    return value


def _sha256(fields: Fields) -> str:
    value = fields.take("sha256", str)
    if not _SHA256.fullmatch(value):
        raise Permanent(f"{fields.where}.sha256 must be 64 hexadecimal digits")
    return value


def _time(fields: Fields, key: str) -> str:
    value = fields.take(key, str)
    if not _TIME.fullmatch(value) or not _exists(value):
        raise Permanent(f"{fields.where}.{key} must be a UTC time such as 2026-09-01T08:30:00Z")
    return value


def _exists(time: str) -> bool:
    try:
        datetime.fromisoformat(time)
    except ValueError:
        return False
    return True


def _text(fields: Fields, key: str, *, empty: bool = False) -> str:
    (value,) = _texts([fields.take(key, str)], f"{fields.where}.{key}", empty=empty)
    return value


def _texts(values: list[Any], where: str, *, empty: bool = False) -> list[str]:
    for value in values:
        if not isinstance(value, str) or len(value) > 500 or (not value and not empty):
            raise Permanent(f"{where} must be text of 1 to 500 characters")
    if not values:
        raise Permanent(f"{where} must not be empty")
    return values
