"""The status of the device as one JSON object: what the page, the command line and the demo read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from device.domain.lifecycle import Status
from device.domain.session import Phase, StopReason
from device.recorder.aftercare import Aftercare
from device.recorder.aiming import Aiming
from device.recorder.desk import Desk
from device.recorder.face import Face
from device.recorder.health import Health
from device.storage.catalogue import Catalogue, Recording, Step

_LATEST = 20


def describe(
    phase: Phase,
    planned_end: tuple[float, StopReason] | None,
    desk: Desk,
    catalogue: Catalogue,
    aftercare: Aftercare,
    health: Health,
    face: Face,
    aiming: Aiming,
    surroundings: dict[str, Any],
) -> dict[str, Any]:
    """Return what is going on; times in seconds, sizes in bytes, levels in decibels below full scale."""
    lesson = desk.lesson
    return {
        "state": phase.value,
        "recording": desk.recording,
        "recorded_s": lesson.recorded_us / 1e6 if lesson else 0.0,
        "ends": {"in_s": planned_end[0], "reason": planned_end[1].value} if planned_end else None,
        "bookmarks": lesson.bookmarks if lesson else 0,
        "dropped_frames": lesson.dropped_frames if lesson else 0,
        "refusal": face.refusal,
        "refusals": face.refusals,
        "problem": face.problem,
        "missing": [{"part": part, "message": message} for part, message in health.problems.items()],
        "picture_is_away": lesson.picture_is_away if lesson else False,
        "sound_is_away": lesson.sound_is_away if lesson else False,
        "levels": [asdict(level) for level in lesson.levels] if lesson else [],
        "aim": {"open": aiming.is_open, "left_s": aiming.left_s},
        "warm": face.warm(),
        "free_bytes": desk.free_bytes(),
        "booking": lesson.permit.agreement.booking if lesson else "",
        **surroundings,
        "recordings": [
            each.values for each in rows(catalogue.recordings.latest(_LATEST), catalogue, aftercare)
        ],
        "processes": [
            {"process": p.process, "state": p.state, "message": p.message, "at": p.at}
            for p in catalogue.processes.all()
            if p.process != "recorder"
        ],
    }


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one recording without its journal, and every status it had."""

    recording: Recording
    steps: Sequence[Step]
    values: dict[str, Any]


def rows(recordings: Sequence[Recording], catalogue: Catalogue, aftercare: Aftercare) -> list[Row]:
    """Return what is known of recordings; the catalogue is asked the same few questions however many they are."""
    names = [each.id for each in recordings]
    histories, sent_bytes = catalogue.recordings.histories(names), catalogue.sends.sent_bytes(names)
    return [_row(each, histories[each.id], sent_bytes[each.id], aftercare) for each in recordings]


def _row(recording: Recording, steps: Sequence[Step], sent_bytes: int, aftercare: Aftercare) -> Row:
    values = {
        "id": recording.id,
        "status": recording.status.value,
        "started_at": recording.started_at,
        "trajectory": recording.trajectory,
        "duration_s": None if recording.duration_us is None else recording.duration_us / 1e6,
        "size_bytes": recording.size_bytes,
        "sent_bytes": sent_bytes,
        "dropped_frames": recording.dropped_frames,
        "discarded": any(step.status is Status.DISCARDED for step in steps),
        "interrupted": recording.interrupted,
        "unclaimed": recording.unclaimed,
        "untrusted_clock": recording.untrusted_clock,
        "cooling_off_left_s": aftercare.cooling_off_left_s(recording),
    }
    return Row(recording, steps, values)
