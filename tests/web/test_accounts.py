"""Accounts: one private file, secrets that go in and never come out, no password that comes along."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("argon2", reason="argon2-cffi is not installed here")

from device.domain.errors import Busy, Permanent, Refused, Temporary
from device.web.accounts import FILE_NAME, INVITED_FOR, Accounts
from device.web.hashing import MEMORY_KIB, ROUNDS, Hasher
from device.web.pins import check_new_pin
from device.web.roles import NOBODY, Actor, Role

COACH, IT, TEACHER = Actor(Role.COACH), Actor(Role.IT), Actor(Role.TEACHER, "abc")
PASSWORD, PIN = "vier losse woorden samen", "582047"
BEGIN = datetime(2026, 9, 1, tzinfo=UTC)


class House:
    """Accounts on a disk, and a calendar."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder / "web", BEGIN
        self.accounts = self.again()

    def again(self) -> Accounts:
        """Return the accounts as the next process finds them."""
        return Accounts(self.folder, Hasher(8), lambda: self.now)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_new_device_lets_nobody_in(house: House) -> None:
    assert not house.accounts.is_claimed()
    for actor in (COACH, IT, TEACHER, NOBODY):
        for secret in ("", "admin", "000000", "leerblik", "None"):
            assert not house.accounts.verify(actor, secret)


def test_it_is_claimed_when_both_passwords_are_set_and_stays_so(house: House) -> None:
    house.accounts.set_password(Role.COACH, PASSWORD)
    assert not house.accounts.is_claimed()
    house.accounts.set_password(Role.IT, PASSWORD + "!")
    for accounts in (house.accounts, house.again()):
        assert accounts.is_claimed()
        assert accounts.verify(COACH, PASSWORD)
        assert not accounts.verify(IT, PASSWORD)
        assert accounts.browser_key() == house.accounts.browser_key()


@pytest.mark.parametrize(
    "password", ["", "short", "elf tekens.", "aaaaaaaaaaaaaaaa", "abababababab", "x" * 10_000]
)
def test_a_weak_password_is_refused_with_a_reason(password: str, house: House) -> None:
    with pytest.raises(Refused, match="password"):
        house.accounts.set_password(Role.COACH, password)
    assert not (house.folder / FILE_NAME).exists()


def test_only_staff_has_a_password(house: House) -> None:
    with pytest.raises(Refused, match="PIN"):
        house.accounts.set_password(Role.TEACHER, PASSWORD)


def test_the_same_letters_are_the_same_password_on_every_keyboard(house: House) -> None:
    house.accounts.set_password(Role.COACH, "cafe\u0301 met veel melk")
    assert house.accounts.verify(COACH, "caf\u00e9 met veel melk")


def test_a_teacher_gets_in_with_the_pin_that_she_chose(house: House) -> None:
    invitation = house.accounts.invite("abc")
    assert not house.accounts.verify(TEACHER, PIN)
    assert house.accounts.invited(invitation) == "abc"
    assert house.accounts.choose_pin(f" {invitation.lower().replace('-', ' ')} ", PIN) == "abc"
    for accounts in (house.accounts, house.again()):
        assert accounts.verify(TEACHER, PIN)
        assert accounts.invited(invitation) is None


def test_an_invitation_is_good_for_a_week(house: House) -> None:
    invitation = house.accounts.invite("abc")
    house.now = BEGIN + INVITED_FOR - timedelta(seconds=1)
    assert house.accounts.invited(invitation) == "abc"
    house.now = BEGIN + INVITED_FOR
    assert house.accounts.invited(invitation) is None
    with pytest.raises(Refused, match="ask the coach"):
        house.accounts.choose_pin(invitation, PIN)


def test_a_new_invitation_ends_the_one_before_but_not_the_pin(house: House) -> None:
    first = house.accounts.invite("abc")
    second = house.accounts.invite("abc")
    assert house.accounts.invited(first) is None
    house.accounts.choose_pin(second, PIN)
    house.accounts.invite("abc")
    assert house.accounts.verify(TEACHER, PIN)


def test_the_teacher_sees_every_invitation_that_was_made(house: House) -> None:
    house.accounts.choose_pin(house.accounts.invite("abc"), PIN)
    house.now += timedelta(days=30)
    house.accounts.invite("abc")
    teacher = house.again().teacher("abc")
    assert teacher is not None
    assert [(each.at, each.what) for each in teacher.happenings] == [
        (BEGIN, "invited"),
        (BEGIN, "pin-chosen"),
        (BEGIN + timedelta(days=30), "invited"),
    ]
    assert (teacher.has_pin, teacher.invited_until) == (True, house.now + INVITED_FOR)


def test_invitations_have_no_letters_that_look_alike_and_are_all_different(house: House) -> None:
    made = {house.accounts.invite("abc") for _ in range(200)}
    assert len(made) == 200
    assert all(len(each) == 9 and each[4] == "-" for each in made)
    assert not set("".join(made)) & set("01258ABEGILOSUZ")


@pytest.mark.parametrize("code", ["", "a", "Jan de Vries", "jandevries", "1ab", "a-b", "abc\n", "é1"])
def test_what_looks_like_a_name_is_no_code(code: str, house: House) -> None:
    with pytest.raises(Refused, match="no name"):
        house.accounts.invite(code)


def test_a_teacher_who_leaves_is_forgotten(house: House) -> None:
    house.accounts.choose_pin(house.accounts.invite("abc"), PIN)
    invitation = house.accounts.invite("abc")
    house.accounts.remove_teacher("abc")
    assert not house.accounts.verify(TEACHER, PIN)
    assert house.accounts.invited(invitation) is None
    assert house.accounts.teachers() == ()
    assert b'"abc"' not in (house.folder / FILE_NAME).read_bytes()


def test_the_file_is_private_and_holds_no_secret(house: House) -> None:
    house.accounts.set_password(Role.COACH, PASSWORD)
    invitation = house.accounts.invite("abc")
    house.accounts.choose_pin(invitation, PIN)
    invitation = house.accounts.invite("abc")
    path = house.folder / FILE_NAME
    assert oct(house.folder.stat().st_mode & 0o777) == "0o700"
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    text = path.read_text()
    for secret in (PASSWORD, PIN, invitation, invitation.replace("-", "")):
        assert secret not in text
    assert text.count("$argon2id$") == 3
    assert [each.name for each in house.folder.iterdir()] == [FILE_NAME]


def test_what_could_not_be_stored_does_not_count(house: House) -> None:
    house.accounts.set_password(Role.COACH, PASSWORD)
    (house.folder / f".{FILE_NAME}.new").mkdir()  # something that cannot be written over
    with pytest.raises(Temporary, match="cannot be written"):
        house.accounts.set_password(Role.COACH, "een heel ander wachtwoord")
    assert house.accounts.verify(COACH, PASSWORD)
    assert house.again().verify(COACH, PASSWORD)


def test_what_a_pulled_plug_left_behind_is_in_nobodys_way(house: House) -> None:
    house.folder.mkdir()
    (house.folder / f".{FILE_NAME}.new").write_text('{"version": 1, "sta')
    accounts = house.again()
    accounts.set_password(Role.COACH, PASSWORD)
    assert house.again().verify(COACH, PASSWORD)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 2}', '{"version": 1, "staff": []}'])
def test_a_damaged_file_is_refused_by_name_instead_of_letting_somebody_in(text: str, house: House) -> None:
    house.folder.mkdir()
    (house.folder / FILE_NAME).write_text(text)
    with pytest.raises(Permanent, match=FILE_NAME):
        house.again()


def test_a_hash_that_is_none_lets_nobody_in(house: House) -> None:
    house.accounts.set_password(Role.COACH, PASSWORD)
    path = house.folder / FILE_NAME
    path.write_text(path.read_text().replace("$argon2id$", "$nothing$"))
    assert not house.again().verify(COACH, PASSWORD)


def test_eight_threads_lose_no_decision(house: House) -> None:
    codes = [f"t{number}" for number in range(8)]
    threads = [threading.Thread(target=invite_patiently, args=(house.accounts, code)) for code in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [teacher.code for teacher in house.again().teachers()] == codes


def invite_patiently(accounts: Accounts, code: str) -> None:
    while True:
        try:
            accounts.invite(code)
        except Busy:
            continue
        return


def test_the_real_costs_are_what_was_decided(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "web")
    accounts.set_password(Role.COACH, PASSWORD)
    assert f"m={19 * 1024},t={2},p=1" in (tmp_path / "web" / FILE_NAME).read_text()
    assert (MEMORY_KIB, ROUNDS) == (19 * 1024, 2)


def test_an_account_that_does_not_exist_costs_as_much_as_one_that_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import low_level

    house.accounts.set_password(Role.COACH, PASSWORD)
    house.accounts.verify(IT, "the first makes the hash of nobody")
    verified: list[bytes] = []
    real = low_level.verify_secret

    def counting(known: bytes, secret: bytes, kind: low_level.Type) -> bool:
        verified.append(known)
        return real(known, secret, kind)

    monkeypatch.setattr(low_level, "verify_secret", counting)
    for actor in (COACH, TEACHER, IT):
        assert not house.accounts.verify(actor, "een verkeerd wachtwoord")
    costs = {known.rpartition(b"$")[0].rpartition(b"$")[0] for known in verified}
    assert (len(verified), costs) == (3, {b"$argon2id$v=19$m=8,t=2,p=1"})


def test_hashing_is_one_at_a_time_and_few_stand_in_line() -> None:
    hasher, begun, go_on = Hasher(8), threading.Event(), threading.Event()

    def slowly() -> None:
        with hasher._alone():
            begun.set()
            assert go_on.wait(20)

    first = threading.Thread(target=slowly)
    first.start()
    assert begun.wait(20)
    in_line = [threading.Thread(target=hasher.hash, args=("x",)) for _ in range(2)]
    for thread in in_line:
        thread.start()
    while hasher._few._value:
        os.sched_yield()
    with pytest.raises(Busy, match="Many people"):
        hasher.hash("x")
    go_on.set()
    for thread in (first, *in_line):
        thread.join()
    assert hasher.hash("x")


@pytest.mark.parametrize(
    "pin",
    ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "000000", "121212", "123456", "654321", "890123", "147258",
     "123123", "311299", "123199", "990131", "198712", "121987", "200515"],
)  # fmt: skip
def test_an_obvious_pin_is_refused_with_a_reason(pin: str) -> None:
    with pytest.raises(Refused, match="PIN"):
        check_new_pin(pin)


def test_nearly_every_other_pin_will_do() -> None:
    refused = 0
    for number in range(0, 1_000_000, 37):
        try:
            check_new_pin(f"{number:06}")
        except Refused:
            refused += 1
    assert refused < 0.15 * 1_000_000 / 37


@given(st.text(max_size=8))
def test_whatever_is_typed_as_a_pin_is_taken_or_refused(pin: str) -> None:
    try:
        check_new_pin(pin)
    except Refused:
        return
    assert len(pin) == 6
    assert set(pin) <= set("0123456789")
