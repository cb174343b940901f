"""The log of decisions: who decided what and when, as sentences, as a file, and whether the chain is whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, make_response, render_template, request

from device.domain.errors import Permanent
from device.domain.register.chain import Entry, Head, read_line
from device.domain.register.decisions import AgreementWithdrawn, GroupWithdrawn, RecordingWithdrawn
from device.domain.register.state import Register
from device.domain.strict import parse_object
from device.web.coach.blueprint import coach
from device.web.coach.machine import ask
from device.web.coach.paging import page_of
from device.web.coach.wording import decision_words, who_words
from device.web.roles import Role, open_to
from device.web.services import services

_WITHDRAWALS = (AgreementWithdrawn, GroupWithdrawn, RecordingWithdrawn)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One decision in words."""

    entry: Entry
    who: str
    what: str
    is_withdrawal: bool


@coach.get("/coach/log")
@open_to(Role.COACH)
def log() -> str:
    """Show the decisions, newest first; with ``withdrawals`` only what was taken back."""
    lines = _lines()
    only = "withdrawals" in request.args
    numbers: Sequence[int] = range(len(lines), 0, -1)
    if only:
        numbers = [each.number for each in reversed(services().book.read().withdrawals)]
    page = page_of(numbers)
    register = services().book.read()
    shown = [_line(lines[number - 1], number, register) for number in page.items]
    return render_template("coach/log.html", lines=shown, page=page, only=only, count=len(lines))


@coach.get("/coach/log/export")
@open_to(Role.COACH)
def export_log() -> Response:
    """Give the whole file, one decision a line, for whoever must be able to check it elsewhere."""
    response = make_response(services().book.lines())
    response.headers["Content-Type"] = "application/jsonl"
    response.headers["Content-Disposition"] = 'attachment; filename="leerblik-register.jsonl"'
    return response


@coach.get("/coach/log/check")
@open_to(Role.COACH)
def check_log() -> str:
    """Look at the whole file anew and say whether every line follows the one before it, as when it was read."""
    head, problem = Head(), ""
    try:
        head = services().book.check()
    except Permanent as error:
        problem = str(error)
    seen = (ask("status") or {}).get("register") or {}
    return render_template("coach/log_check.html", head=head, problem=problem, seen=seen)


def _lines() -> list[bytes]:
    # Each ends with a newline, so what comes after the last one is empty.
    return services().book.lines().split(b"\n")[:-1]


def _line(line: bytes, number: int, register: Register) -> LogLine:
    """Return one line in words; whether it is the right one in its place is the check's to say."""
    before = str(parse_object(line, f"line {number} of the register").get("before", ""))
    entry, _head = read_line(Head(number - 1, before), line)
    what = decision_words(entry.decision, register)
    return LogLine(entry, who_words(entry.by), what, isinstance(entry.decision, _WITHDRAWALS))
