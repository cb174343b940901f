"""What gets past the sieve: the lines that make a timetable, and nobody's name."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.timetable.sieve import sieve

EXPORTS = Path(__file__).parent / "exports"
FEED = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n%bEND:VCALENDAR\r\n"
EVENT = b"BEGIN:VEVENT\r\nUID:1\r\n%bEND:VEVENT\r\n"


def passed(data: bytes) -> list[bytes]:
    return sieve(data, 100_000, 100).splitlines()


@pytest.mark.parametrize("line", [
    b"DESCRIPTION:Een naam\r\n", b"ATTENDEE;CN=Een naam:mailto:naam@school.example\r\n", b"COMMENT:Een naam\r\n",
    b"ORGANIZER;CN=Een\r\n  naam:mailto:naam@school.example\r\n", b"X-NAAM:Een naam\r\n",
    b"BEGIN:VALARM\r\nSUMMARY:Een naam\r\nEND:VALARM\r\n",
    b"BEGIN:VEVENT\r\nSUMMARY:Een naam\r\nEND:VEVENT\r\n",
])  # fmt: skip
def test_what_may_hold_a_person_does_not_get_through(line: bytes) -> None:
    assert passed(FEED % (EVENT % line)) == passed(FEED % (EVENT % b""))


def test_a_task_or_a_journal_is_left_out_with_all_that_is_in_it() -> None:
    todo = b"BEGIN:VTODO\r\nBEGIN:VALARM\r\nUID:2\r\nEND:VALARM\r\nSUMMARY:Nakijken\r\nEND:VTODO\r\n"
    assert passed(FEED % (todo + EVENT % b"")) == passed(FEED % (EVENT % b""))


def test_a_folded_line_is_one_line_whatever_its_line_ends() -> None:
    folded = FEED % (EVENT % b"SUMMARY;LANGUAGE=nl:Neder\r\n lands\r\n\t in vb101\r\n")
    for feed in (folded, folded.replace(b"\r\n", b"\n"), folded.replace(b"\r\n", b"\r")):
        assert b"SUMMARY;LANGUAGE=nl:Nederlands in vb101" in passed(feed)


def test_an_old_windows_file_becomes_utf_8() -> None:
    assert "SUMMARY:Café".encode() in passed(FEED % (EVENT % b"SUMMARY:Caf\xe9\r\n"))


def test_names_of_properties_and_components_may_be_written_small() -> None:
    assert b"summary:les" in passed(
        b"\xef\xbb\xbf" + (FEED % (EVENT % b"summary:les\r\n")).replace(b"VEVENT", b"vevent")
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no iCalendar file"),
        (b"\x00\xff\xfe" * 50, "no iCalendar file"),
        (b"<!doctype html><title>Inloggen</title>", "web page"),
        (b"PK\x03\x04rest", "compressed"),
        (b"\x1f\x8b\x08rest", "compressed"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n", "ends in the middle"),
        (FEED % (EVENT % b"")[:-8], "ends in the middle"),
        (FEED % ((EVENT % b"") * 101), "more than 100 entries"),
        (FEED % (b"BEGIN:VTIMEZONE\r\nTZID:x\r\nEND:VTIMEZONE\r\n" * 51), "time zones"),
        (FEED % (b"BEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\n" + b"TZNAME:x\r\n" * 5001), "time zones are too long"),
        (b"BEGIN:VCALENDAR" + b"x" * 100_000, "larger than 100 kB"),
    ],
)  # fmt: skip
def test_what_is_no_timetable_is_refused_with_what_it_is_instead(data: bytes, says: str) -> None:
    with pytest.raises(Permanent, match=says):
        passed(data)


@given(st.binary(max_size=2000))
def test_any_bytes_are_sieved_or_refused(data: bytes) -> None:
    with suppress(Permanent):
        assert passed(b"BEGIN:VCALENDAR\r\n" + data)[0] == b"BEGIN:VCALENDAR"


@given(st.sampled_from(sorted(EXPORTS.glob("*.ics"))))
def test_what_was_sieved_stays_as_it_is_when_it_is_sieved_again(path: Path) -> None:
    once = sieve(path.read_bytes(), 100_000, 100)
    assert sieve(once, 100_000, 100) == once
