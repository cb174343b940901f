"""Times as a teacher says them: "gisteren 10:30", "nog 23 uur", "12:05" in a film."""

from __future__ import annotations

import re
from datetime import date, datetime

from babel.dates import format_date, format_time
from flask_babel import get_locale

from device.web.deciding import today, zone
from device.web.teacher.text import gettext as _
from device.web.teacher.text import ngettext

_US_PER_S = 1_000_000
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2})")


def when(moment: datetime) -> str:
    """Return a moment on the school's clock: with the day's name nearby, with the date further away."""
    local = moment.astimezone(zone())
    time = format_time(local, "HH:mm", tzinfo=local.tzinfo, locale=get_locale())
    days = (local.date() - today()).days
    if days == 0:
        return _("today %(time)s", time=time)
    if days == -1:
        return _("yesterday %(time)s", time=time)
    if days == 1:
        return _("tomorrow %(time)s", time=time)
    pattern = "EEEE d MMMM" if abs(days) < 180 else "d MMMM y"
    return f"{format_date(local.date(), pattern, locale=get_locale())} {time}"


def weekday(day: date) -> str:
    """Return the name of the day of the week."""
    return format_date(day, "EEEE", locale=get_locale())


def full_day(day: date) -> str:
    """Return a day with its weekday, and with its year when that is another."""
    pattern = "EEEE d MMMM" if day.year == today().year else "EEEE d MMMM y"
    return format_date(day, pattern, locale=get_locale())


def left(seconds: float) -> str:
    """Return how long something still lasts, without more than a person needs to know."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 100:
        return ngettext("%(num)d minute", "%(num)d minutes", minutes)
    hours = round(minutes / 60)
    if hours < 72:
        return ngettext("%(num)d hour", "%(num)d hours", hours)
    return ngettext("%(num)d day", "%(num)d days", round(hours / 24))


def length(seconds: float | None) -> str:
    """Return how long a film is; "" when nobody knows yet."""
    if seconds is None:
        return ""
    if seconds < 60:
        return ngettext("%(num)d second", "%(num)d seconds", round(seconds))
    return ngettext("%(num)d minute", "%(num)d minutes", round(seconds / 60))


def write_clock(at_us: int) -> str:
    """Return a place in a film as minutes and seconds, such as 12:05."""
    minutes, seconds = divmod(at_us // _US_PER_S, 60)
    return f"{minutes}:{seconds:02}"


def read_clock(text: str) -> int | None:
    """Return the microseconds of "12:05" or "1:02:03"; None for what is no such time."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None or int(found[3]) > 59 or (found[1] is not None and int(found[2]) > 59):
        return None
    return ((int(found[1] or 0) * 60 + int(found[2])) * 60 + int(found[3])) * _US_PER_S
