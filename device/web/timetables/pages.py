"""The timetable's pages: a week of lessons to book from, and where the timetable comes from."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from device.domain.errors import LeerblikError, Permanent, Refused
from device.timetable.address import Policy
from device.timetable.cache import Stored
from device.timetable.lessons import Expanded, Limits
from device.web.coach.filled import Question, ask_once_more
from device.web.coach.text import translated as _
from device.web.coach.times import clock_words, day_words, full_day_words
from device.web.current import say
from device.web.deciding import today, zone
from device.web.roles import BODY_BYTES, Role, open_to
from device.web.services import KEY, Services, services
from device.web.timetables.feed import Feed, Source
from device.web.timetables.sentences import sentence_of
from device.web.timetables.week import WEEK, bounds_of, days_of, monday_in, monday_of, name_of

timetables = Blueprint("timetables", __name__)
_FEED = "leerblik.timetable"
# Most servers answer sooner; with the others the page says that it goes on.
_WAIT_S = 5.0
_UPLOAD_BYTES = Limits().size_bytes + BODY_BYTES


def prepare(app: Flask, folder: Path, policy: Policy | None = None) -> None:
    """Give an application its timetable; ``folder`` is the web page's own. Without this there is none."""
    here: Services = app.extensions[KEY]
    app.extensions[_FEED] = Feed(folder, policy, now=here.now, clock_s=here.clock_s)


@timetables.get("/coach/timetable")
@open_to(Role.COACH)
def show() -> str:
    """Show a week, this one unless the address says another; have it fetched when it is old."""
    feed = _feed()
    source = feed.source()
    if source is None:
        return render_template("timetables/none.html")
    feed.refresh_if_old(zone())
    stored = feed.stored()
    monday = monday_in(request.args.get("week", ""), today())
    expanded, problem = _expanded(feed, stored, monday)
    register, now = services().book.read(), services().now()
    return render_template(
        "timetables/week.html",
        **_about(feed, source, stored, problem),
        days=days_of(monday, expanded.lessons, register, zone(), now),
        skipped=[sentence_of(each) for each in expanded.skipped],
        monday=monday,
        is_now=monday == monday_of(today()),
        before=name_of(monday - WEEK),
        after=name_of(monday + WEEK),
        full_day_words=full_day_words,
    )


@timetables.get("/coach/timetable/progress")
@open_to(Role.COACH, awake=False)
def progress() -> Response:
    """Tell a page that waits whether it is still being fetched."""
    response = make_response(render_template("timetables/_progress.html", busy=_feed().is_busy))
    if not _feed().is_busy:
        response.headers["HX-Refresh"] = "true"
    return response


@timetables.get("/coach/timetable/source")
@open_to(Role.COACH)
def source() -> str:
    """Ask where it comes from."""
    return _source_page()


@timetables.post("/coach/timetable/address")
@open_to(Role.COACH)
def take_from() -> Response:
    """Take it from an address, and try that at once."""
    url = request.form.get("url", "").strip()
    try:
        _feed().take_from(url)
    except (Permanent, Refused) as error:
        return make_response(_source_page(url=url, url_problem=sentence_of(str(error))), 400)
    _feed().refresh(zone(), _WAIT_S)
    return _to_week()


@timetables.post("/coach/timetable/file")
@open_to(Role.COACH, body_bytes=_UPLOAD_BYTES)
def hand_in() -> Response:
    """Take it from a file."""
    given = request.files.get("file")
    data = b"" if given is None else given.read()
    problem = "" if data else _("Choose a file first: an export that ends in .ics.")
    if not problem:
        try:
            _feed().hand_in(data, zone())
        except Permanent as error:
            problem = sentence_of(str(error))
    if problem:
        return make_response(_source_page(file_problem=problem), 400)
    say(_("The timetable is in. When the school changes it, hand in a new file."))
    return _to_week()


@timetables.post("/coach/timetable/refresh")
@open_to(Role.COACH)
def refresh() -> Response:
    """Have it fetched now."""
    _feed().refresh(zone(), _WAIT_S)
    return _to_week()


@timetables.get("/coach/timetable/remove")
@open_to(Role.COACH)
def remove() -> str:
    """Ask once more."""
    return ask_once_more(
        Question(
            title=_("Remove the timetable?"),
            lines=(
                _("The device forgets its lessons and where they came from."),
                _("Bookings that you made stay as they are."),
            ),
            button=_("Remove the timetable"),
            back=url_for("timetables.show"),
            fields={},
        )
    )


@timetables.post("/coach/timetable/remove")
@open_to(Role.COACH)
def do_remove() -> Response:
    """Remove it."""
    _feed().remove()
    say(_("The timetable is removed."))
    return _to_week()


def _feed() -> Feed:
    feed: Feed | None = current_app.extensions.get(_FEED)
    return feed if feed is not None else abort(404)


def _about(feed: Feed, source: Source, stored: Stored | None, problem: str) -> dict[str, Any]:
    """Return what is said about where the lessons come from."""
    failed = stored.problem if stored is not None else feed.problem
    return {
        "source": source,
        "stored": stored,
        "busy": feed.is_busy,
        "failed": sentence_of(failed) if failed else "",
        "problem": sentence_of(problem) if problem else "",
        "at_words": _at_words,
    }


def _at_words(moment: datetime) -> str:
    return f"{day_words(moment.astimezone(zone()).date())} {clock_words(moment)}"


def _expanded(feed: Feed, stored: Stored | None, monday: date) -> tuple[Expanded, str]:
    if stored is None:
        return Expanded((), ()), ""
    try:
        return feed.lessons(stored, *bounds_of(monday, zone()), zone()), ""
    except LeerblikError as error:
        return Expanded((), ()), str(error)


def _source_page(url: str = "", url_problem: str = "", file_problem: str = "") -> str:
    return render_template(
        "timetables/source.html",
        source=_feed().source(),
        url=url,
        url_problem=url_problem,
        file_problem=file_problem,
    )


def _to_week() -> Response:
    return make_response(redirect(url_for("timetables.show"), 303))
