"""The last good feed, kept on the card: the device works offline and after a restart, and says since when."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device.domain.errors import Permanent, Temporary
from device.domain.strict import Fields, canonical_json, parse_object
from device.footage.durable import replace_file, sync_folder
from device.timetable.fetch import Known

_FILE = "timetable.cache"
_FORMAT = "leerblik-timetable"
_MOST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Stored:
    """A good feed and its history, all times in UTC.

    ``good_at`` is when the server last said that this is the timetable. ``stale_since`` is the first failure after
    that (None: all is well), ``problem`` the sentence of the last one.
    """

    data: bytes
    known: Known
    good_at: datetime
    stale_since: datetime | None = None
    problem: str = ""


class Cache:
    """One feed in a folder of its own. ``source`` is its URL, or a name for an uploaded file.

    A feed of another source is as good as none: it may be another teacher's. The URL itself, often a secret, is
    never written. One process writes; any may read.
    """

    def __init__(self, folder: Path, source: str) -> None:
        self._folder, self._path = folder, folder / _FILE
        self._source = hashlib.sha256(source.encode()).hexdigest()

    def load(self) -> Stored | None:
        """Return what is kept, or None: nothing, of another source, or damaged."""
        try:
            with self._path.open("rb") as file:
                head, _, data = file.read(_MOST_BYTES).partition(b"\n")
            return self._read(parse_object(head, "the timetable's cache"), data)
        except (FileNotFoundError, Permanent):
            return None

    def keep(self, data: bytes, known: Known, at: datetime) -> Stored:
        """Keep a feed that was found to be good; what was kept before is gone once this one is on the card.

        ``data`` is what :func:`device.timetable.sieve.sieve` left of it. Temporary when the card is full or gone.
        """
        return self._write(Stored(data, known, at.astimezone(UTC)))

    def confirm(self, at: datetime) -> Stored | None:
        """Note that the kept feed is still the one, and return it."""
        stored = self.load()
        if stored is None:
            return None
        return self._write(replace(stored, good_at=at.astimezone(UTC), stale_since=None, problem=""))

    def fail(self, problem: str, at: datetime) -> Stored | None:
        """Note that the feed could not be had, and return the last good one, if there is one."""
        stored = self.load()
        if stored is None:
            return None
        if stored.stale_since and stored.problem == problem:
            return stored
        since = stored.stale_since or at.astimezone(UTC)
        return self._write(replace(stored, stale_since=since, problem=problem))

    def forget(self) -> None:
        """Delete what is kept."""
        with suppress(FileNotFoundError):
            self._path.unlink()
            sync_folder(self._folder)

    def _read(self, head: dict[str, Any], data: bytes) -> Stored | None:
        fields = Fields(head, "the timetable's cache")
        fields.choice("format", (_FORMAT,))
        whole = fields.take("sha256", str) == hashlib.sha256(data).hexdigest()
        ours = fields.take("source", str) == self._source
        known = Fields(fields.take("known", dict), "the timetable's cache.known")
        stored = Stored(
            data,
            Known(known.take("etag", str), known.take("last_modified", str)),
            _moment(fields.take("good_at", str)),
            _moment(stale) if (stale := fields.take("stale_since", str)) else None,
            fields.take("problem", str),
        )
        fields.done()
        return stored if whole and ours else None

    def _write(self, stored: Stored) -> Stored:
        head = {
            "format": _FORMAT,
            "source": self._source,
            "sha256": hashlib.sha256(stored.data).hexdigest(),
            "known": asdict(stored.known),
            "good_at": stored.good_at.isoformat(),
            "stale_since": stored.stale_since.isoformat() if stored.stale_since else "",
            "problem": stored.problem,
        }
        try:
            self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            replace_file(self._path, canonical_json(head) + b"\n" + stored.data)
        except OSError as error:
            raise Temporary(
                f"the timetable cannot be kept on the card ({error.strerror}); free some space"
            ) from None
        return stored


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Permanent(f"the timetable's cache has a time that is none: '{text}'") from None
