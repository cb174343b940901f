"""Lets through only those lines of a feed that a timetable needs, before anything makes sense of them.

It reads line by line and interprets nothing, so it costs the same for every feed of the same size. What holds
people (ATTENDEE, ORGANIZER, DESCRIPTION, CONTACT, COMMENT, attachments, alarms) never gets further, neither into
the cache nor into the reading.
"""

from __future__ import annotations

from collections.abc import Iterator

from device.domain.errors import Permanent

# RFC 5545: what a component of this name keeps. A component that is not named here is left out, with all in it.
_KEPT = {
    b"VCALENDAR": frozenset((b"VERSION", b"PRODID", b"METHOD", b"CALSCALE")),
    b"VEVENT": frozenset((
        b"UID", b"DTSTART", b"DTEND", b"DURATION", b"RRULE", b"RDATE", b"EXDATE", b"RECURRENCE-ID",
        b"SEQUENCE", b"STATUS", b"SUMMARY", b"LOCATION",
    )),
    b"VTIMEZONE": frozenset((b"TZID",)),
    b"STANDARD": frozenset((b"DTSTART", b"TZOFFSETFROM", b"TZOFFSETTO", b"TZNAME", b"RRULE", b"RDATE")),
    b"DAYLIGHT": frozenset((b"DTSTART", b"TZOFFSETFROM", b"TZOFFSETTO", b"TZNAME", b"RRULE", b"RDATE")),
}  # fmt: skip
_PARENTS = {
    b"VCALENDAR": (None,),
    b"VEVENT": (b"VCALENDAR",),
    b"VTIMEZONE": (b"VCALENDAR",),
    b"STANDARD": (b"VTIMEZONE",),
    b"DAYLIGHT": (b"VTIMEZONE",),
}
_LONGEST_LINE = 20_000
_MOST_ZONES = 50
_MOST_ZONE_LINES = 5_000
_BOM = b"\xef\xbb\xbf"


def sieve(data: bytes, size_bytes: int, events: int) -> bytes:
    """Return the feed with nothing but what a timetable needs, in the same order.

    Permanent, with what is wrong, when it is no iCalendar file or larger than a timetable can be.
    """
    if len(data) > size_bytes:
        raise Permanent(f"the timetable is larger than {size_bytes // 1000} kB; export fewer weeks of it")
    text = data.removeprefix(_BOM)
    _check_kind(text)
    passing = _Sieve(events)
    kept = [line for each in _unfold(_utf8(text)) if (line := passing.through(each)) is not None]
    if passing.inside or not kept:
        raise Permanent("this iCalendar file ends in the middle; export or fetch it again")
    return b"\r\n".join(kept) + b"\r\n"


def _check_kind(text: bytes) -> None:
    begin = text[:512].lstrip().lower()
    if begin.startswith(b"<"):
        raise Permanent(
            "this is a web page, no iCalendar file; the address may ask for a login, or be out of date"
        )
    if begin.startswith((b"pk\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf")):
        raise Permanent("this is a compressed file; unpack it and hand in the .ics file that is in it")
    if not begin.startswith(b"begin:vcalendar"):
        raise Permanent("this is no iCalendar file: it does not begin with BEGIN:VCALENDAR")


def _utf8(text: bytes) -> bytes:
    """Return the text as UTF-8; what is none was written by an old Windows program."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode("cp1252", "replace").encode()
    return text


def _unfold(text: bytes) -> Iterator[bytes]:
    """Yield whole lines. A folded one goes on after a line break and one blank (RFC 5545, 3.1)."""
    whole: list[bytes] = []
    size = 0
    for line in text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line[:1] in (b" ", b"\t") and whole:
            size += len(line)
            if size <= _LONGEST_LINE:
                whole.append(line[1:])
            continue
        if whole:
            yield b"".join(whole)
        whole, size = [line], len(line)
    yield b"".join(whole)


class _Sieve:
    """Where in the feed we are, and how much came through."""

    def __init__(self, events: int) -> None:
        self.inside: list[bytes] = []
        self._left_out = 0
        self._counts = {b"VEVENT": 0, b"VTIMEZONE": 0}
        self._zone_lines = 0
        self._events = events

    def through(self, line: bytes) -> bytes | None:
        """Return a line that is kept, None otherwise."""
        name, _, value = line.partition(b":")
        name, value = name.strip().upper(), value.strip().upper()
        if name == b"BEGIN":
            return self._begin(value)
        if name == b"END":
            return self._end(value)
        if self._left_out or not self.inside or _name(line) not in _KEPT[self.inside[-1]]:
            return None
        self._zone_lines += len(self.inside) > len((b"VCALENDAR", b"VTIMEZONE"))
        if self._zone_lines > _MOST_ZONE_LINES:
            raise Permanent("the timetable's time zones are too long; no timetable needs so much")
        return line if len(line) <= _LONGEST_LINE else None

    def _begin(self, value: bytes) -> bytes | None:
        parent = self.inside[-1] if self.inside else None
        if self._left_out or parent not in _PARENTS.get(value, ()):
            self._left_out += 1
            return None
        self.inside.append(value)
        if value in self._counts:
            self._counts[value] += 1
        if self._counts[b"VEVENT"] > self._events:
            raise Permanent(f"the timetable has more than {self._events} entries; export fewer weeks of it")
        if self._counts[b"VTIMEZONE"] > _MOST_ZONES:
            raise Permanent(
                f"the timetable has more than {_MOST_ZONES} time zones; no timetable needs so many"
            )
        return b"BEGIN:" + value

    def _end(self, value: bytes) -> bytes | None:
        if self._left_out:
            self._left_out -= 1
            return None
        if not self.inside or self.inside[-1] != value:
            return None
        return b"END:" + self.inside.pop()


def _name(line: bytes) -> bytes:
    """Return the name of a property: what stands before its parameters and its value."""
    end = min((at for at in (line.find(b";"), line.find(b":")) if at >= 0), default=0)
    return line[:end].strip().upper()
