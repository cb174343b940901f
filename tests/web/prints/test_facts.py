"""The facts sheet: every number on it is the register's, the configuration's or the recorder's, and nobody is named."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.domain.errors import Temporary
from device.domain.lifecycle import Status
from device.domain.register.decisions import (
    AgreementWithdrawn,
    GroupRegistered,
    GroupWithdrawn,
    RecordingWithdrawn,
)
from device.domain.register.state import Register
from device.web.first_start.keys import Keys, fingerprint
from device.web.prints.configuration import configuration_of
from device.web.prints.fact import Section
from device.web.prints.facts import facts
from device.web.prints.sources import Chain, Sources
from device.web.prints.tally import MOST, Deleted, tally
from device.web.roles import Role
from tests.support.recorder import Unit
from tests.support.register import (
    AGREEMENT,
    NOW,
    TRAJECTORY,
    ZONE,
    any_said,
    decided,
    everything,
    folded,
    ulid,
)
from tests.web.prints.paper import COACH_KEY, RECOVERY_KEY, ROWS, a_site, coach, read, recording
from tests.web.real_recorder import RealRecorder
from tests.web.site import StandInRecorder

UNTOLD = configuration_of("", [])
DAY = timedelta(days=1)


def sources(register: Register | None, **changes: Any) -> Sources:
    """Return what a device without anything else says."""
    values: dict[str, Any] = {
        "now": NOW.astimezone(ZONE), "known": UNTOLD, "register": register, "chain": None, "status": None,
        "keys": None, "keys_answered": False, "tally": None, "device_name": "voorbeeld-1", "tls": False,
        "spool": Path("/nowhere/spool"), "runtime": Path("/nowhere/run"), "user": "nobody",
    }  # fmt: skip
    return Sources(**(values | changes))


def told(given: Sources) -> dict[str, str]:
    """Return every fact by name, in English."""
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        sections: tuple[Section, ...] = facts(given)
    return {fact.name: fact.value for section in sections[:-1] for fact in section.facts}


def numbers(text: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", text)]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(any_said, max_size=12), st.booleans(), st.sampled_from([-60, 0, 120, 400]))
def test_every_number_of_the_agreements_is_the_register_s(
    history: list[Any], begun: bool, later: int
) -> None:
    register = folded([*everything(), *history] if begun else history)
    now = (NOW + later * DAY).astimezone(ZONE)
    said, today = told(sources(register, now=now)), now.date()
    basis = register.school.legal_basis if register.school else None
    groups = [each.registered for each in register.groups.values()]
    counting = [
        each.registered
        for each in register.groups.values()
        if basis is not None and each.basis is basis and not each.withdrawn
        and (basis.value == "legitimate_interest" or each.registered.asked >= each.registered.pupils)
        and each.registered.valid_from <= today <= each.registered.valid_until
    ]  # fmt: skip
    withdrawn = sum(each.withdrawn for each in register.groups.values())
    assert numbers(said["Groups"]) == [len(groups), len(counting), withdrawn]
    assert numbers(said["Pupils in the groups that count"]) == [
        sum(each.pupils for each in counting),
        sum(each.not_filmed for each in counting),
        sum(each.sound for each in counting),
    ]
    agreements = len(register.agreements)
    assert numbers(said["Teachers"]) == [list(register.teachers.values()).count(True), agreements]
    over = [each for each in register.trajectories.values() if each.closed or each.opened.closes_on < today]
    assert numbers(said["Trajectories"])[:2] == [len(register.trajectories) - len(over), len(over)]
    for kind, name in (
        (AgreementWithdrawn, "Agreements that teachers took back"),
        (GroupWithdrawn, "Groups that were withdrawn"),
        (RecordingWithdrawn, "Recordings that teachers took back"),
    ):
        found = [each for each in register.withdrawals if type(each.decision) is kind]
        assert numbers(said[name])[0] == len(found)
        if found:
            assert str(max(each.at for each in found).astimezone(ZONE).year) in said[name]


@given(st.lists(st.tuples(st.sampled_from(list(Status)), st.booleans()), max_size=300))
def test_recordings_are_counted_by_status(them: list[tuple[Status, bool]]) -> None:
    rows = [recording(n, [status.value], unclaimed=flag) for n, (status, flag) in enumerate(them)]
    counted = tally(Pages(rows), {})
    assert counted is not None
    assert counted.complete
    for status in Status:
        assert counted.by_status.get(status.value, 0) == [each for each, _ in them].count(status)
    assert counted.unclaimed == sum(flag for _, flag in them)


class Pages(StandInRecorder):
    """A recorder that gives its recordings page by page."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        super().__init__({})
        self.rows = rows

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        self.asked.append((do, values))
        start = int(values.get("before", "0"))
        found = self.rows[start : start + values["limit"]]
        more = start + len(found) < len(self.rows)
        return {"recordings": found, "more": more, "next": str(start + len(found)) if more else ""}


def test_what_was_destroyed_is_counted_with_its_last_day() -> None:
    counted = tally(Pages(ROWS), {})
    assert counted is not None
    assert counted.thrown_away == Deleted(2, "2026-08-08T12:00:00Z")
    assert counted.cleared == Deleted(2, "2026-08-25T12:00:00Z")
    assert counted.called_back == Deleted(1, "2026-08-26T12:00:00Z")
    assert counted.destroyed == Deleted(1, "2026-08-27T12:00:00Z")


def test_a_device_with_very_many_recordings_says_how_many_it_counted() -> None:
    recorder = Pages([recording(n, ["held"]) for n in range(MOST + 300)])
    counted = tally(recorder, {})
    assert counted is not None
    assert (counted.looked_at, counted.complete, counted.all_counted) == (MOST, False, False)
    assert len(recorder.asked) * 100 == MOST
    by_itself = tally(recorder, {"counts": {"by_status": {"held": MOST + 300}, "recorded_s": 1.0}})
    assert by_itself is not None
    assert (by_itself.by_status, by_itself.all_counted) == ({"held": MOST + 300}, True)


def test_the_sheet_holds_the_configuration_the_keys_and_the_log(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    said = read(coach(site), "/prints/facts?lang=en")
    head = site.services.book.read().head
    for value in (
        fingerprint(COACH_KEY), fingerprint(RECOVERY_KEY), head.sha256, f"Decisions in it {head.number} ",
        "yes: every line follows the one before it", "1 hour and 30 minutes", "45 minutes",
        "sftp://leerblik@coach.voorbeeldschool.example:2222", "0.0.0.0:8123", "the button (gpio_button)",
        "A: legitimate interest", "anybody in the room, teacher, coach, IT", "Destroyed everywhere, with proof 1 ",
        "Does the recorder go by the same log? yes", str(tmp_path / "leerblik.toml"),
    ):  # fmt: skip
        assert value in said, value


@pytest.mark.parametrize("role", [Role.COACH, Role.IT])
def test_nobody_and_no_lesson_is_on_the_sheet(tmp_path: Path, role: Role) -> None:
    said = read(a_site(tmp_path).log_in(role), "/prints/facts?lang=en")
    for word in ("abc", "2b", TRAJECTORY.learning_question, TRAJECTORY.trajectory, "MERKTEKEN", ulid(1)):
        assert word not in said.replace(str(tmp_path), "")


def test_without_settings_and_recorder_it_says_plainly_what_it_does_not_know(tmp_path: Path) -> None:
    site = a_site(tmp_path, [], told=False)

    def silent(do: str, **values: Any) -> dict[str, Any]:
        raise Temporary("no recorder is listening")

    site.recorder.ask = silent  # type: ignore[method-assign]
    page = coach(site).get("/prints/facts?lang=en").text
    at = page.index("What could not be determined from here")
    for name in (
        "Legal basis", "Recordings", "Cooling-off: before this", "Footage is sent to", "What can start it here",
        "Fingerprint of the coach&#39;s key", "Maximum age of a recording",
    ):  # fmt: skip
        assert f'<th scope="row">{name}' in page[at:], name
    assert page[:at].count("Could not be determined.") + 1 == page[at:].count("Could not be determined.")


def test_a_real_recorder_s_lesson_is_counted(tmp_path: Path) -> None:
    (tmp_path / "unit").mkdir()
    site = a_site(tmp_path)
    real = RealRecorder(Unit(tmp_path / "unit"))
    real.ask("start")
    site.recorder.ask = real.ask  # type: ignore[method-assign]
    said = read(coach(site), "/prints/facts?lang=en")
    assert "Being recorded 1 " in said
    real.ask("stop")
    said = read(coach(site), "/prints/facts?lang=en")
    assert "Held on the device, in the cooling-off 1 " in said
    keys = real.ask("keys")
    assert fingerprint(keys["coach"]) in said


def test_a_log_that_was_changed_is_told_with_the_line_but_not_with_its_words(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    browser = coach(site)
    file = tmp_path / "register" / "register.jsonl"
    lines = file.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b'"2b"', b'"3c"')
    file.write_bytes(b"\n".join(lines))
    said = read(browser, "/prints/facts?lang=en")
    assert "NO: it was changed or damaged at line 4 or just before it" in said
    assert "3c" not in said


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({"number": 7, "sha256": "a" * 64, "problem": ""}, "yes"),
        ({"number": 6, "sha256": "a" * 64, "problem": ""}, "not yet: it has read 6 decisions"),
        ({"number": 7, "sha256": "b" * 64, "problem": ""}, "not yet: it has read 7 decisions"),
        ({"number": 7, "sha256": "a" * 64, "problem": "line 3 of jkl"}, "NO: it found the log damaged"),
    ],
)
def test_whether_the_recorder_goes_by_the_same_log_is_asked(seen: dict[str, Any], words: str) -> None:
    from device.domain.register.chain import Head

    given = sources(
        Register(),
        chain=Chain(Head(7, "a" * 64), whole=True),
        status={"register": seen, "clock_trusted": True},
    )
    value = told(given)["Does the recorder go by the same log?"]
    assert value.startswith(words)
    assert "jkl" not in value


def test_a_folder_that_others_may_open_stands_out(tmp_path: Path) -> None:
    words = {
        0o2750: "its owner and its group only", 0o700: "its owner only", 0o755: "OTHER ACCOUNTS", 0: "closed to",
    }  # fmt: skip
    for bits, right in words.items():
        tmp_path.chmod(bits)
        said = told(sources(Register(), spool=tmp_path))
        assert right in said["Footage, locked (encrypted) before it touches the card"]
    tmp_path.chmod(0o700)
    unseen = told(sources(Register()))
    assert "not there" in unseen["Footage, locked (encrypted) before it touches the card"]


def test_without_a_key_it_says_that_nothing_can_be_recorded() -> None:
    none = told(sources(Register(), keys_answered=True))
    assert "there is none yet" in none["Fingerprint of the coach's key"]
    only = told(sources(Register(), keys_answered=True, keys=Keys(COACH_KEY)))
    assert only["Fingerprint of the school's recovery key"] == "the school has none"


def test_what_is_kept_of_a_group_is_what_the_program_keeps() -> None:
    value = told(sources(Register()))["Names of pupils"]
    names = value.split(": ")[-1].split(", ")
    assert len(names) == len(GroupRegistered.__slots__)
    # A field without words would be shown by its own name.
    assert not set(names) & set(GroupRegistered.__slots__)


def test_an_agreement_taken_back_is_on_the_sheet_with_its_day(tmp_path: Path) -> None:
    taken = decided("teacher:abc", AgreementWithdrawn("abc", AGREEMENT.trajectory), NOW - DAY)
    said = read(coach(a_site(tmp_path, [*everything(), taken])), "/prints/facts?lang=en")
    assert "Agreements that teachers took back 1; the last on 31 August 2026 10:00" in said
