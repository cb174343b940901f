"""Every decision as it was written, for the coach: a page of them, and the whole file with its chain of hashes."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from device.domain.register.decisions import KINDS
from device.web.api.operation import BASE, Answer, Asked, Operation
from device.web.api.schemas import COUNT, FLAG, MOMENT, TEXT, integer, listed, maybe, one_of, record
from device.web.roles import Role
from device.web.services import services

MOST_LINES = 200
LINES = "application/x-ndjson"
_LINE = record(
    "AuditLine",
    number=COUNT,
    at=MOMENT,
    clock_trusted=FLAG,
    by=TEXT,
    kind=one_of(*KINDS),
    what={"type": "object"},
    before=TEXT,
)


def _page(asked: Asked) -> dict[str, Any]:
    after, limit = asked.query.get("after", 0), asked.query.get("limit", MOST_LINES)
    lines = services().book.lines().splitlines()
    # Line n is number n: the chain would not be one otherwise.
    found = [json.loads(line) for line in lines[after : after + limit]]
    return {"lines": found, "next": after + len(found) if after + len(found) < len(lines) else None}


def _file(asked: Asked) -> Response:
    return Response(services().book.lines(), mimetype=LINES)


OPERATIONS = (
    Operation(
        name="audit",
        method="GET",
        path=f"{BASE}/audit",
        roles=(Role.COACH,),
        summary=("Een bladzijde van alle beslissingen.", "A page of all decisions."),
        view=_page,
        right=Answer(
            "Decisions from the oldest on. `next` is the `after` of the next page, null at the end.",
            record("AuditPage", lines=listed(_LINE, MOST_LINES), next=maybe(COUNT)),
        ),
        query={"after": COUNT, "limit": integer(1, MOST_LINES)},
    ),
    Operation(
        name="audit_lines",
        method="GET",
        path=f"{BASE}/audit/lines",
        roles=(Role.COACH,),
        summary=(
            "Alle beslissingen, byte voor byte zoals ze zijn geschreven.",
            "All decisions, byte for byte as they were written.",
        ),
        view=_file,
        right=Answer(
            "One JSON object a line; `before` is the SHA-256 of the line before it, without its newline, in "
            "hexadecimal (of the first line: 64 zeros).",
            None,
            LINES,
        ),
    ),
)
