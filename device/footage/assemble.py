"""From the journal and the files of a recording to its manifest: the same way after a stop and after a crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from device.domain.errors import Permanent
from device.domain.identifiers import is_ulid
from device.domain.manifest import (
    AudioDescription,
    Interval,
    Manifest,
    SegmentEntry,
    VideoDescription,
    read_manifest,
)
from device.domain.mask import read_polygons
from device.footage.durable import DurableFile, hash_file, sync_file, sync_folder
from device.footage.journal import Journal
from device.footage.seal import CHUNK_BYTES, SUFFIX, SealedWriter

MANIFEST_NAME = "manifest.age"
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Span:
    """Events that begin and end an interval, and where each says its time in the film."""

    reason: str
    begins: Mapping[str, str]
    ends: Mapping[str, str]


# A segment begins with a picture, so it ends a gap of the camera, also one that a killed recorder left open.
_SPANS = (
    _Span("blanked", {"blanked": "at_us"}, {"unblanked": "at_us"}),
    _Span("microphone", {"microphone_failed": "at_us"}, {"microphone_back": "at_us", "resumed": "at_us"}),
    _Span("camera", {"camera_lost": "at_us"}, {"camera_back": "at_us", "segment_opened": "offset_us"}),
    _Span("recorder", {"resumed": "lost_from_us"}, {"segment_opened": "offset_us"}),
)


def write_opening(
    journal: Journal,
    *,
    recording: str,
    device: str,
    started_at: str,
    clock_trusted: bool,
    boot_id: str,
    permit_sealed: str,
    video: VideoDescription,
    audio: AudioDescription | None,
    masks: Sequence[Sequence[Sequence[int]]] = (),
    unclaimed: bool = False,
    booking: str = "",
    register_number: int = 0,
) -> None:
    """Write the first line of a journal: everything that is known before the first picture.

    ``masks`` as :func:`device.domain.mask.write_polygons` gives them. ``booking`` and ``register_number`` say where
    in the register the leave for it is: neutral words, for this line is not sealed.
    """
    journal.write(
        "opened", recording=recording, device=device, started_at=started_at, clock_trusted=clock_trusted,
        boot_id=boot_id, permit_sealed=permit_sealed, video=asdict(video), audio=asdict(audio) if audio else None,
        masks=masks, unclaimed=unclaimed, booking=booking, register_number=register_number,
    )  # fmt: skip


def was_stopped(events: Sequence[Event]) -> bool:
    """Tell whether the recorder lived to write the end of this recording."""
    return any(event["event"] == "stopped" for event in events)


def was_discarded(events: Sequence[Event]) -> bool:
    """Tell whether the teacher said no to this recording."""
    return any(event["event"] == "discarded" for event in events)


def assemble(folder: Path, events: Sequence[Event]) -> Manifest | None:
    """Return the manifest of a recording, or None when not one picture of it reached the card.

    Segments that were closed are taken from the journal; an open one that a crash left is measured
    and hashed now, and marks the recording as interrupted. Permanent when the journal contradicts
    itself: what is written here can always be read back.
    """
    try:
        manifest = _describe(folder, events)
        return None if manifest is None else read_manifest(manifest.to_bytes())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Permanent(f"the journal of {folder.name} is damaged: {type(error).__name__} {error}") from None
    except Permanent as error:
        raise Permanent(f"the journal of {folder.name} is damaged: {error}") from None


def _describe(folder: Path, events: Sequence[Event]) -> Manifest | None:
    opened = next((event for event in events if event["event"] == "opened"), None)
    segments = _segments(folder, events)
    if opened is None or not segments:
        _check_is_empty(folder)
        return None
    corrected = [event["started_at"] for event in events if event["event"] == "clock_corrected"]
    end_us = max(segment.offset_us + (segment.duration_us or 0) for segment in segments)
    audio = opened["audio"]
    claims = [event["permit_sealed"] for event in events if event["event"] == "claimed"]
    return Manifest(
        recording=opened["recording"],
        device=opened["device"],
        started_at=corrected[-1] if corrected else opened["started_at"],
        clock_trusted=bool(corrected) or opened["clock_trusted"],
        duration_us=end_us,
        interrupted=_is_interrupted(events),
        unclaimed=opened.get("unclaimed", False) and not claims,
        dropped_frames=sum(event["frames"] for event in events if event["event"] == "dropped"),
        permit_sealed=claims[-1] if claims else opened["permit_sealed"],
        video=VideoDescription(**opened["video"]),
        audio=AudioDescription(**audio) if audio else None,
        segments=tuple(segments),
        bookmarks_us=tuple(sorted(event["at_us"] for event in events if event["event"] == "bookmark")),
        intervals=tuple(_intervals(events, end_us)),
        masks=read_polygons(opened.get("masks", []), "masks"),
    )


def seal_manifest(manifest: Manifest, folder: Path, recipients: Sequence[X25519PublicKey]) -> tuple[int, str]:
    """Store the manifest sealed beside its segments; returns size in bytes and SHA-256.

    A manifest that a crash left half written is replaced: nothing refers to it yet.
    """
    path = folder / MANIFEST_NAME
    temporary = folder / f".{MANIFEST_NAME}"
    temporary.unlink(missing_ok=True)
    file = DurableFile(temporary)
    try:
        sealed = SealedWriter(file, recipients)
        sealed.write(manifest.to_bytes())
        sealed.close()
    finally:
        file.close()
    temporary.rename(path)
    sync_folder(folder)
    return file.size_bytes, file.sha256


def _is_interrupted(events: Sequence[Event]) -> bool:
    """Tell whether a segment is not whole, also one of which nothing reached the card, or the end is missing."""
    opened = {event["object"] for event in events if event["event"] == "segment_opened"}
    closed = {event["object"] for event in events if event["event"] == "segment_closed"}
    return opened != closed or not was_stopped(events)


def _segments(folder: Path, events: Sequence[Event]) -> list[SegmentEntry]:
    closed = {event["object"]: event for event in events if event["event"] == "segment_closed"}
    segments: list[SegmentEntry] = []
    for event in events:
        if event["event"] != "segment_opened":
            continue
        name = event["object"]
        if name in closed:
            values = {key: value for key, value in closed[name].items() if key != "event"}
            segments.append(SegmentEntry(**values, complete=True))
        else:
            segments += _measure(folder / f"{name}{SUFFIX}", event)
    return segments


def _check_is_empty(folder: Path) -> None:
    """Raise Permanent when footage lies here that no line of the journal knows: it must not pass for empty."""
    strangers = [path.name for path in folder.glob(f"*{SUFFIX}") if path.stat().st_size > CHUNK_BYTES]
    if strangers:
        raise Permanent(
            f"it holds {len(strangers)} sealed objects that are not in it; a person must look at them"
        )


def _measure(path: Path, event: Event) -> list[SegmentEntry]:
    """Adopt a segment that was open in a crash, unless it is too short to hold anything readable."""
    if not is_ulid(event["object"]):
        raise ValueError(f"'{event['object']}' is not the name of an object")
    if not path.exists() or path.stat().st_size <= CHUNK_BYTES:
        return []
    sync_file(path)
    size_bytes, sha256 = hash_file(path)
    return [SegmentEntry(event["object"], event["offset_us"], None, size_bytes, sha256, complete=False)]


def _intervals(events: Sequence[Event], end_us: int) -> list[Interval]:
    intervals = [
        Interval(event["from_us"], event["to_us"], "dropped")
        for event in events
        if event["event"] == "dropped"
    ]
    return intervals + [interval for span in _SPANS for interval in _between(events, span, end_us)]


def _between(events: Sequence[Event], span: _Span, end_us: int) -> list[Interval]:
    """Return the intervals between two kinds of events; one that was never ended lasts until the end."""
    found: list[Interval] = []
    from_us: int | None = None
    for event in events:
        if event["event"] in span.begins and from_us is None:
            from_us = event[span.begins[event["event"]]]
        elif event["event"] in span.ends and from_us is not None:
            found.append(Interval(from_us, max(from_us, event[span.ends[event["event"]]]), span.reason))
            from_us = None
    if from_us is not None:
        found.append(Interval(from_us, max(end_us, from_us), span.reason))
    return found
