"""Times as a person says them: "in 3 hours", "yesterday 10:30", on the school's clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from babel.dates import format_date, format_timedelta
from flask_babel import get_locale

from device.web.coach.text import translated as _
from device.web.deciding import today, zone
from device.web.services import services

_SOON = timedelta(hours=6)
_MINUTE = timedelta(minutes=1)


def moment_words(moment: datetime) -> str:
    """Return when something was or will be; ``moment`` is aware."""
    ahead = moment - services().now()
    local = moment.astimezone(zone())
    if abs(ahead) < _MINUTE:
        return _("now")
    if abs(ahead) < _SOON and local.date() == today():
        return format_timedelta(ahead, granularity="minute", add_direction=True, locale=get_locale())
    return f"{day_words(local.date())} {local:%H:%M}"


def day_words(day: date) -> str:
    """Return which day it is: today, tomorrow, yesterday or its date."""
    near = {0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}
    found = near.get((day - today()).days)
    return found or date_words(day)


def date_words(day: date) -> str:
    """Return a day of the calendar, its year only when it is another."""
    pattern = "EEE d MMM" if day.year == today().year else "EEE d MMM y"
    return format_date(day, pattern, locale=get_locale())


def full_day_words(day: date) -> str:
    """Return a day for a heading: its weekday in full."""
    written = format_date(day, "EEEE d MMMM", locale=get_locale())
    near = {0: _("today"), 1: _("tomorrow")}.get((day - today()).days)
    return f"{written} ({near})" if near else written


def clock_words(moment: datetime) -> str:
    """Return what the school's clock shows at an aware moment."""
    return f"{moment.astimezone(zone()):%H:%M}"


def has_begun(moment: datetime) -> bool:
    """Tell whether an aware moment is now or was before."""
    return moment <= services().now()
