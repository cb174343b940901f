"""The one timetable of this device: where it comes from, and getting it up to date beside the pages.

Nothing is fetched by a clock: lessons are only needed by somebody who books, so whoever opens the page has a feed
fetched that is older than some hours, and reads what was kept meanwhile. A device without a network shows that.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from device.domain.errors import LeerblikError, Permanent
from device.timetable.address import Policy, check
from device.timetable.cache import Cache, Stored
from device.timetable.lessons import Expanded
from device.timetable.refresh import lessons, refresh, upload
from device.web import private_file

_FILE = "timetable.json"
_FOLDER = "timetable"
_UPLOADED = "file"
_OLD = timedelta(hours=6)
# After a failure nobody who reloads the page makes the device knock again and again.
_TRY_AGAIN_S = 600.0
_WEEKS_KEPT = 6


@dataclass(frozen=True, slots=True)
class Source:
    """Where it comes from: an address, which may be a secret, or "" for a file that was handed in."""

    url: str = ""

    @property
    def shown(self) -> str:
        """The address as anybody may see it: whose it is, and no more."""
        return urlsplit(self.url).hostname or "" if self.url else ""


class Feed:
    """Safe from any thread. ``folder`` is the web page's own; ``clock_s`` is monotonic."""

    def __init__(
        self,
        folder: Path,
        policy: Policy | None = None,
        *,
        now: Callable[[], datetime],
        clock_s: Callable[[], float],
    ) -> None:
        self._path, self._folder = folder / _FILE, folder / _FOLDER
        self._policy = policy or Policy()
        self._now, self._clock_s = now, clock_s
        self._lock = threading.RLock()
        # One process that reads a feed at a time: each may need much memory for a moment.
        self._reading = threading.Lock()
        self._fetching: threading.Thread | None = None
        self._problem = ""
        self._tried_s = float("-inf")
        self._weeks: OrderedDict[tuple[bytes, datetime, str], Expanded] = OrderedDict()

    def source(self) -> Source | None:
        """Return where it comes from; None when there is none yet."""
        held = private_file.read(self._path)
        return None if held is None else Source(str(held.get("url", "")))

    def stored(self) -> Stored | None:
        """Return what is kept; None when nothing is."""
        source = self.source()
        return None if source is None else self._cache(source).load()

    @property
    def problem(self) -> str:
        """Why there is nothing, when the last try failed and nothing was kept; else empty."""
        return self._problem

    @property
    def is_busy(self) -> bool:
        """Whether it is being fetched now."""
        fetching = self._fetching
        return fetching is not None and fetching.is_alive()

    def take_from(self, url: str) -> None:
        """Take it from an address from now on; Permanent or Refused, and nothing changed, when it is none."""
        check(url, self._policy)
        self._exchange(Source(url))

    def hand_in(self, data: bytes, zone: ZoneInfo) -> None:
        """Take it from a file that was handed in; Permanent, and nothing changed, when it cannot be read."""
        with self._reading:
            upload(self._cache(Source()), data, self._now(), zone)
        self._exchange(Source())

    def remove(self) -> None:
        """Forget it, and where it came from."""
        self._exchange(None)

    def refresh(self, zone: ZoneInfo, wait_s: float = 0.0) -> None:
        """Have it fetched unless that goes on already; return when that is done, or after ``wait_s``."""
        with self._lock:
            source = self.source()
            if source is None or not source.url:
                return
            if not self.is_busy:
                self._tried_s = self._clock_s()
                self._fetching = threading.Thread(
                    target=self._fetch, args=(source, zone), name="timetable", daemon=True
                )
                self._fetching.start()
            fetching = self._fetching
        if fetching is not None and wait_s > 0:
            fetching.join(wait_s)

    def refresh_if_old(self, zone: ZoneInfo) -> None:
        """Have it fetched when it is older than some hours and was not tried just now."""
        stored = self.stored()
        age = None if stored is None else self._now() - stored.good_at
        # A clock that was wrong may have been ahead.
        fresh = age is not None and timedelta(0) <= age < _OLD
        if not fresh and self._clock_s() - self._tried_s >= _TRY_AGAIN_S:
            self.refresh(zone)

    def lessons(self, stored: Stored, since: datetime, until: datetime, zone: ZoneInfo) -> Expanded:
        """Return the lessons of a stretch; the latest few are remembered. Permanent when it cannot be read."""
        key = (hashlib.sha256(stored.data).digest(), since.astimezone(UTC), f"{until.isoformat()} {zone.key}")
        with self._reading:
            found = self._weeks.get(key)
            if found is None:
                found = self._weeks[key] = lessons(stored, since, until, zone)
            self._weeks.move_to_end(key)
            while len(self._weeks) > _WEEKS_KEPT:
                self._weeks.popitem(last=False)
        return found

    def _cache(self, source: Source) -> Cache:
        """Return the place of one source: what is still being fetched from another never ends up in it."""
        name = hashlib.sha256(source.url.encode()).hexdigest()[:16]
        return Cache(self._folder / name, source.url or _UPLOADED)

    def _exchange(self, source: Source | None) -> None:
        with self._lock:
            before = self._source_or_none()
            if source is None:
                self._path.unlink(missing_ok=True)
            else:
                private_file.write(self._path, {"url": source.url})
            if before is not None and before != source:
                self._cache(before).forget()
            self._problem, self._tried_s, self._fetching = "", float("-inf"), None
        with self._reading:
            self._weeks.clear()

    def _fetch(self, source: Source, zone: ZoneInfo) -> None:
        """In a thread of its own."""
        problem = ""
        try:
            refresh(self._cache(source), source.url, self._now(), zone, policy=self._policy)
        except LeerblikError as error:
            problem = str(error)
        with self._lock:
            if self._source_or_none() == source:
                self._problem = problem
            else:
                # It was removed or exchanged meanwhile: nothing of it stays behind.
                self._cache(source).forget()

    def _source_or_none(self) -> Source | None:
        with suppress(Permanent):
            return self.source()
        return None
