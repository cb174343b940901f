"""What device.timetable says about a feed, in the visitor's language.

Each sentence stands here as it is said there, with names for what varies; a test compares the two.
"""

from __future__ import annotations

import re

from device.web.coach.text import translated as _
from device.web.phrases import N_

_SENTENCES = (
    N_("the timetable's address has characters that no address has; copy it again"),
    N_("the timetable's address is no address; copy it again"),
    N_("the timetable's address must begin with https:// or webcal://"),
    N_("a timetable is fetched over https only; IT can allow http in the configuration"),
    N_("the timetable's address must not hold a user name; use the address that is meant to be shared"),
    N_("a timetable is fetched from port %(port)s only; IT can name the host in the configuration"),
    N_("the network does not know %(host)s; check the address and the network"),
    N_(
        "%(host)s is on the school's own network or on this device, and the page does not fetch from there; "
        "IT can name the host in the configuration"
    ),
    N_("the timetable's cache has a time that is none: '%(text)s'"),
    N_("the timetable cannot be kept on the card (%(problem)s); free some space"),
    N_("the timetable's process could not be started (%(problem)s); try again"),
    N_("the timetable takes more time or memory than a timetable may; export fewer weeks of it"),
    N_("the timetable takes too long to read; export fewer weeks of it"),
    N_("the timetable is damaged and cannot be read; export it again"),
    N_("the timetable is damaged and cannot be read (%(problem)s)"),
    N_("the timetable is larger than %(size)s kB; export fewer weeks of it"),
    N_("the timetable has more than %(number)s entries; export fewer weeks of it"),
    N_("the timetable has more than %(number)s time zones; no timetable needs so many"),
    N_("the timetable has more than %(number)s lessons in this time"),
    N_("the timetable's time zones are too long; no timetable needs so much"),
    N_("the timetable has a lesson at no time: '%(text)s'"),
    N_("a timetable is read for at most %(number)s days at a time"),
    N_("the timetable's server says that nothing changed, but nothing was kept; try again"),
    N_("this iCalendar file ends in the middle; export or fetch it again"),
    N_("this is a web page, no iCalendar file; the address may ask for a login, or be out of date"),
    N_("this is a compressed file; unpack it and hand in the .ics file that is in it"),
    N_("this is no iCalendar file: it does not begin with BEGIN:VCALENDAR"),
    N_("%(host)s sends us on and on; check the timetable's address"),
    N_("%(host)s sends us on to somewhere else, which is not followed; check the address"),
    N_("%(host)s cannot be read (%(problem)s); it is tried again later"),
    N_("%(host)s took longer than %(number)s s; it is tried again later"),
    N_("%(host)s answers with an error (%(number)s); it is tried again later"),
    N_("%(host)s does not hand out this timetable any more (%(number)s); make a new address there"),
    N_("%(host)s sends the timetable compressed, which was not asked for"),
    N_("%(host)s sends more than %(size)s kB; no timetable is so large"),
    N_("'%(title)s' has no start that is a time"),
    N_("'%(title)s' is in a time zone that nobody knows ('%(zone)s')"),
    N_("'%(title)s' repeats within a day (%(frequency)s), which no lesson does"),
    N_("'%(title)s' repeats within a day, which no lesson does"),
    N_("'%(title)s' repeats since %(year)s, which is too long ago"),
    N_("'%(title)s' takes too long to work out"),
    N_("'%(title)s' breaks the rules of iCalendar (%(problem)s)"),
    N_("%(number)s more entries could not be used"),
)
_NAME = re.compile(r"%\((\w+)\)s")


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _NAME.split(sentence)
    return re.compile(
        "".join(f"(?P<{part}>.*)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts)),
        re.DOTALL,
    )


_PATTERNS = tuple((_pattern(sentence), sentence) for sentence in _SENTENCES)


def sentence_of(said: str) -> str:
    """Return a sentence in the visitor's language, as one that stands alone; an unknown one as it is."""
    text = found[0] if (found := _found(said)) else said
    return f"{text[:1].upper()}{text[1:]}."


def _found(said: str) -> list[str]:
    matches = ((pattern.fullmatch(said), sentence) for pattern, sentence in _PATTERNS)
    return [_(sentence, **match.groupdict()) for match, sentence in matches if match]
