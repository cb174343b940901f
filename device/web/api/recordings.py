"""Recordings: a teacher's own, with what she may do with them; for the coach a list without anything of the content."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from werkzeug.exceptions import Conflict, NotFound

from device.domain.errors import Permanent, Refused
from device.domain.lifecycle import Status
from device.domain.manifest import MAX_DURATION_US
from device.web.api.operation import BASE, Answer, Asked, Operation
from device.web.api.schemas import COUNT, FLAG, NUMBER, TEXT, ULID, integer, listed, maybe, record, words_of
from device.web.current import current_actor
from device.web.phrases import N_
from device.web.roles import Role
from device.web.services import services

MOST_ROWS = 100
_USUAL_ROWS = 50
_MOMENT_US = integer(0, MAX_DURATION_US)
_REFLECTION = {"proud_us": listed(_MOMENT_US, 2), "improve_us": listed(_MOMENT_US, 1)}
_FACTS = {
    "id": ULID,
    "status": words_of(Status),
    "started_at": TEXT,
    "duration_s": maybe(NUMBER),
    "size_bytes": maybe(COUNT),
    "sent_bytes": COUNT,
    "cooling_off_left_s": maybe(NUMBER),
    "discarded": FLAG,
    "interrupted": FLAG,
    "unclaimed": FLAG,
    "untrusted_clock": FLAG,
    "withdrawn": FLAG,
    "reason": TEXT,
    "certificate": maybe(
        record(
            "CertificateFacts",
            destroyed_at=TEXT,
            objects=COUNT,
            size_bytes=COUNT,
            film=FLAG,
            valid=FLAG,
        )
    ),
    "booking": TEXT,
    "trajectory": TEXT,
    "teachers": listed(TEXT),
    "groups": listed(TEXT),
    "stage": maybe(integer(1, 3)),
    "history": listed(record("Step", status=words_of(Status), at=TEXT, note=TEXT)),
}
_OWN_FACTS = {
    "sound": FLAG,
    "watchable": FLAG,
    "bookmarks_us": listed(COUNT),
    "reflection": maybe(record("Reflection", **_REFLECTION)),
}
_ROW = record("Recording", **_FACTS)
_OWN_ROW = record("OwnRecording", **_FACTS, **_OWN_FACTS)
_NOT_NOW = N_("This recording is nobody's yet: claim it first.")


def row_of(recording: str) -> dict[str, Any] | None:
    """Return all that is known of a recording, whoever asks; None when there is no such one."""
    try:
        row: dict[str, Any] = services().recorder.ask("recording", recording=recording)["recording"]
    except Permanent:
        return None
    return row


def is_nobodys(row: dict[str, Any]) -> bool:
    """Tell whether a teacher may still claim it."""
    claims = services().book.read().claims
    return bool(row["unclaimed"]) and row["status"] == Status.HELD.value and row["id"] not in claims


def _visible(recording: str) -> dict[str, Any]:
    """Return a recording that whoever asks may know of; others answer 404, existing or not."""
    row, actor = row_of(recording), current_actor()
    if row is None or not (actor.role is Role.COACH or actor.code in row["teachers"] or is_nobodys(row)):
        raise NotFound
    return row


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: row[name] for name in (*_FACTS, *(_OWN_FACTS if current_actor().role is Role.TEACHER else ()))
    }


def _list(asked: Asked) -> dict[str, Any]:
    actor = current_actor()
    values = {"limit": asked.query.get("limit", _USUAL_ROWS), "before": asked.query.get("before", "")}
    if actor.role is Role.TEACHER:
        values["teacher"] = actor.code
    answer = services().recorder.ask("recordings", **values)
    rows = [{name: row[name] for name in _FACTS} for row in answer["recordings"]]
    return {"recordings": rows, "next": answer["next"] or None}


def _one(asked: Asked) -> dict[str, Any]:
    return _shown(_visible(asked.path["recording"]))


def _do(do: str) -> Any:
    """Return the view that has the recorder do something with a teacher's own recording."""

    def view(asked: Asked) -> dict[str, Any]:
        row = _visible(asked.path["recording"])
        if current_actor().code not in row["teachers"]:
            raise Conflict(_NOT_NOW)
        try:
            services().recorder.ask(do, recording=row["id"], **asked.body)
        except Refused as refused:
            raise Conflict(_(str(refused))) from None
        return _one(asked)

    return view


def _deed(do: str, summary: tuple[str, str], **body: Any) -> Operation:
    return Operation(
        name=do,
        method="POST",
        path=f"{BASE}/recordings/{{recording}}/{do}",
        roles=(Role.TEACHER,),
        summary=summary,
        view=_do(do),
        right=Answer("The recording as it is now.", _OWN_ROW),
        wrong={409: "Not in the state that it is in."},
        body=record("Reflect", **_REFLECTION) if body else None,
    )


OPERATIONS = (
    Operation(
        name="recordings",
        method="GET",
        path=f"{BASE}/recordings",
        roles=(Role.TEACHER, Role.COACH),
        summary=(
            "Opnamen, de nieuwste eerst; voor een docent de eigen, en die van niemand zijn.",
            "Recordings, newest first; for a teacher her own, and those that are nobody's.",
        ),
        view=_list,
        right=Answer(
            "`next` is the `before` of the next page, null at the end.",
            record("RecordingPage", recordings=listed(_ROW, MOST_ROWS), next=maybe(ULID)),
        ),
        query={"before": ULID, "limit": integer(1, MOST_ROWS)},
    ),
    Operation(
        name="recording",
        method="GET",
        path=f"{BASE}/recordings/{{recording}}",
        roles=(Role.TEACHER, Role.COACH),
        summary=("Eén opname.", "One recording."),
        view=_one,
        right=Answer("For the coach without what the teacher marked.", {"anyOf": [_OWN_ROW, _ROW]}),
    ),
    _deed("release", ("Geef vrij, nu al.", "Release it now.")),
    _deed("discard", ("Gooi weg.", "Discard it.")),
    _deed(
        "reflect",
        (
            "Noem twee momenten om trots op te zijn en een om te verbeteren.",
            "Name two proud moments and one to improve.",
        ),
        **_REFLECTION,
    ),
)
