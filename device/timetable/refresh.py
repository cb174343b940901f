"""Getting a timetable up to date: fetched or handed in, tried out, and only then kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from device.domain.errors import LeerblikError, Permanent
from device.timetable.address import Policy
from device.timetable.cache import Cache, Stored
from device.timetable.child import expand
from device.timetable.fetch import Bounds, Known, fetch
from device.timetable.lessons import Expanded, Limits
from device.timetable.sieve import sieve

# A feed is good when this stretch of it can be read.
_TRIED = timedelta(days=60)


def refresh(
    cache: Cache,
    url: str,
    now: datetime,
    zone: ZoneInfo,
    *,
    policy: Policy | None = None,
    limits: Limits | None = None,
) -> Stored:
    """Fetch a feed and keep it if it can be read; return what is kept, be it a former good one that is stale now.

    Blocks for up to a minute and a half. Raises what went wrong only when there is no former good feed.
    """
    limits = limits or Limits()
    before = cache.load()
    try:
        fetched = fetch(url, before.known if before else None, policy, Bounds(size_bytes=limits.size_bytes))
        if fetched is not None:
            return _keep(cache, fetched.data, fetched.known, now, zone, limits)
        confirmed = cache.confirm(now)
        if confirmed is None:
            raise Permanent(
                "the timetable's server says that nothing changed, but nothing was kept; try again"
            )
    except LeerblikError as error:
        kept = cache.fail(str(error), now)
        if kept is None:
            raise
        return kept
    return confirmed


def upload(cache: Cache, data: bytes, now: datetime, zone: ZoneInfo, limits: Limits | None = None) -> Stored:
    """Keep a feed that somebody handed in as a file; Permanent when it cannot be read, and then nothing changes."""
    return _keep(cache, data, Known(), now, zone, limits or Limits())


def lessons(
    stored: Stored, since: datetime, until: datetime, zone: ZoneInfo, limits: Limits | None = None
) -> Expanded:
    """Return the lessons of a kept feed; see :func:`device.timetable.child.expand`."""
    return expand(stored.data, since, until, zone, limits)


def _keep(cache: Cache, data: bytes, known: Known, now: datetime, zone: ZoneInfo, limits: Limits) -> Stored:
    expand(data, now, now + _TRIED, zone, limits)
    return cache.keep(sieve(data, limits.size_bytes, limits.events), known, now)
