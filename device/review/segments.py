"""Which segments a recording consists of, and that each can be opened: from its journal and their first chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from device.domain.errors import Permanent, Refused
from device.domain.identifiers import is_ulid
from device.footage.journal import read_journal
from device.footage.seal import SUFFIX
from device.review.fragments import opening_of, runs_of
from device.review.opening import Opening
from device.review.sealed import SealedFile

_US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """A segment that can be shown, with its place and length in microseconds of the recording."""

    name: str
    sealed: SealedFile
    opening: Opening
    offset_us: int
    duration_us: int
    frame_rate: float


def find_segments(folder: Path, identity: X25519PrivateKey) -> list[FoundSegment]:
    """Return the segments in their order, at least one; errors as those of ``open_film``.

    One that was cut off while it was written counts as far as it is whole, and not at all when nothing is.
    """
    events = read_journal(folder)
    if any(event["event"] == "discarded" for event in events):
        raise Refused(f"the recording {folder.name} was discarded, so it cannot be watched any more")
    try:
        found = list(_found(folder, events, identity))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Permanent(f"the journal of {folder.name} is damaged: {type(error).__name__} {error}") from None
    if not found:
        raise Permanent(f"the recording {folder.name} holds no footage to watch")
    return found


def _found(folder: Path, events: list[dict[str, Any]], identity: X25519PrivateKey) -> Iterator[FoundSegment]:
    closed = {event["object"]: event for event in events if event["event"] == "segment_closed"}
    rates = [event["video"]["frames_per_1000_s"] / 1000 for event in events if event["event"] == "opened"]
    end_us = 0
    for event in events:
        if event["event"] != "segment_opened":
            continue
        name, offset_us = event["object"], int(event["offset_us"])
        if not is_ulid(name) or offset_us < end_us:
            raise Permanent(f"the journal of {folder.name} is damaged: a segment is not where it should be")
        path = folder / f"{name}{SUFFIX}"
        found = (
            _closed(path, closed[name], identity, rates[0])
            if name in closed
            else _cut_off(path, offset_us, identity, rates[0])
        )
        if found is not None:
            end_us = offset_us + 1
            yield found


def _closed(
    path: Path, event: Mapping[str, Any], identity: X25519PrivateKey, frame_rate: float
) -> FoundSegment:
    sealed = SealedFile(path, identity)
    if sealed.sealed_bytes != event["size_bytes"]:
        raise Permanent(f"the segment {path.stem} is not as long as it was when it was written")
    opening = opening_of(sealed)
    if opening is None:
        raise Permanent(f"the segment {path.stem} holds no film")
    return FoundSegment(
        path.stem, sealed, opening, int(event["offset_us"]), int(event["duration_us"]), frame_rate
    )


def _cut_off(
    path: Path, offset_us: int, identity: X25519PrivateKey, frame_rate: float
) -> FoundSegment | None:
    """Return a segment that nobody closed as far as it is whole, or None."""
    try:
        sealed = SealedFile(path, identity)
        sealed.keep_whole()
        opening = opening_of(sealed)
        runs = {} if opening is None else runs_of(sealed)
    except Permanent:
        return None  # not even its beginning reached the card
    if opening is None or opening.video.number not in runs:
        return None
    ends_us = [
        (own[-1].end_ticks + track.late_ticks) * _US_PER_S // track.rate_hz
        for number, own in runs.items()
        if (track := opening.tracks.get(number)) is not None
    ]
    return FoundSegment(path.stem, sealed, opening, offset_us, max(ends_us), frame_rate)
