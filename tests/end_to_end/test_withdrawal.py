"""A lesson that was taken back, through real processes and a real SSH server: gone at the coach's, with proof."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.house import House
from deploy.demo.sshd import DropBoxServer
from device.domain.destruction import Reason
from device.domain.receipt import read_public_key
from device.domain.register.decisions import Decision, RecordingWithdrawn, Repeat, TrajectoryClosed
from device.domain.withdrawal import read_certificate
from device.storage.catalogue import fresh_ulid
from device.storage.register import RegisterBook
from tests.support.houses import film_of, make_house, quick, row, wait_for, wait_for_sync_state
from tests.support.register import AGREEMENT, BOOKING, GROUP, TRAJECTORY, everything

TEACHER = "abc"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One school with one device and its coach; every process runs."""
    with make_house(tmp_path_factory.mktemp("withdrawal") / "house", quick(2.0)) as made:
        for said in everything()[:2]:
            _decide(made, said.decision, said.by)
        today = datetime.now(UTC).date()
        _decide(
            made,
            replace(
                GROUP,
                informed_on=today,
                valid_from=today - timedelta(days=1),
                valid_until=today + timedelta(days=90),
            ),
        )
        _open(made, "abc najaar")
        yield made


def test_what_a_teacher_takes_back_is_gone_from_the_coachs_machine_with_a_certificate(house: House) -> None:
    recording = _delivered(house, "abc najaar")
    kept = _delivered(house, "abc najaar")
    sealed = _sealed_names(house, recording)
    assert film_of(house, recording).exists()
    _take_back(house, recording)
    wait_for(house, recording, "destroyed")
    assert _left(house, recording, sealed) == []
    assert film_of(house, kept).exists()
    way = [step["status"] for step in _row(house, recording)["history"]]
    assert way[-4:] == ["delivered", "purged", "withdrawn", "destroyed"]
    certificate = read_certificate(_certificate(house, recording), read_public_key(_receipt_key(house)))
    assert (certificate.recording, certificate.reason) == (recording, Reason.TEACHER)
    assert (certificate.objects, certificate.film) == (len(sealed), True)
    wait_for_sync_state(house, "ok", "nothing to send")


def test_the_certificate_is_checked_with_nothing_but_the_public_key(house: House, tmp_path: Path) -> None:
    recording = _delivered(house, "abc najaar")
    _take_back(house, recording)
    wait_for(house, recording, "destroyed")
    file = tmp_path / "certificate.json"
    file.write_bytes(_certificate(house, recording))
    right = _check(file, _receipt_key(house))
    assert right.returncode == 0, right.stderr
    assert recording in right.stdout
    assert "a teacher took it back" in right.stdout
    file.write_bytes(file.read_bytes().replace(b'"film":true', b'"film":false'))
    wrong = _check(file, _receipt_key(house))
    assert wrong.returncode == 3
    assert "signature" in wrong.stderr


def test_an_inbox_that_was_off_does_it_when_it_is_back(house: House) -> None:
    recording = _delivered(house, "abc najaar")
    sealed = _sealed_names(house, recording)
    house.stop("inbox")
    _take_back(house, recording)
    wait_for_sync_state(house, "waiting", "to destroy 1 recording(s), with proof")
    assert row(house, recording)["status"] == "withdrawn"
    house.start("inbox")
    wait_for(house, recording, "destroyed")
    assert _left(house, recording, sealed) == []


def test_closing_a_trajectory_destroys_everything_under_it_though_both_sides_are_killed_meanwhile(
    house: House,
) -> None:
    _open(house, "van later")
    recordings = [_delivered(house, "van later") for _ in range(3)]
    sealed = {each: _sealed_names(house, each) for each in recordings}
    _decide(house, TrajectoryClosed("van later"))
    wait_for(house, recordings[0], "withdrawn", "destroyed")
    for name in ("sync", "inbox", "sync", "inbox"):
        house.kill(name)
        house.start(name)
    for each in recordings:
        wait_for(house, each, "destroyed")
        assert _left(house, each, sealed[each]) == []
        found = read_certificate(_certificate(house, each), read_public_key(_receipt_key(house)))
        assert found.reason is Reason.CLOSED


def _decide(house: House, decision: Decision, by: str = "coach") -> None:
    RegisterBook(house.folder / "register").decide(datetime.now(UTC), by, decision, clock_trusted=True)


def _open(house: House, name: str) -> None:
    closes_on = datetime.now(UTC).date() + timedelta(days=30)
    _decide(house, replace(TRAJECTORY, trajectory=name, closes_on=closes_on))
    _decide(house, replace(AGREEMENT, trajectory=name), f"teacher:{TEACHER}")


def _delivered(house: House, trajectory: str) -> str:
    """Record a lesson under a booking of its own and let it arrive."""
    today = datetime.now(UTC).date()
    booking = replace(
        BOOKING,
        booking=fresh_ulid(),
        trajectory=trajectory,
        repeat=Repeat.NEXT_PRESS,
        first=today,
        last=today,
    )
    _decide(house, booking)
    recording: str = house.client.ask("start")["recording"]
    wait_for(house, recording, "purged")
    return recording


def _take_back(house: House, recording: str) -> None:
    _decide(house, RecordingWithdrawn(recording, TEACHER), f"teacher:{TEACHER}")


def _row(house: House, recording: str) -> dict[str, Any]:
    found: dict[str, Any] = house.client.ask("recording", recording=recording)["recording"]
    return found


def _certificate(house: House, recording: str) -> bytes:
    text: str = _row(house, recording)["certificate_text"]
    return text.encode()


def _receipt_key(house: House) -> str:
    return (house.folder / "coach" / "keys" / "receipt.pub").read_text().strip()


def _sealed_names(house: House, recording: str) -> list[str]:
    return sorted(path.name for path in (house.folder / "coach" / "library" / recording).glob("*.age"))


def _left(house: House, recording: str, sealed: list[str]) -> list[str]:
    """Return what still has the recording's name or is a piece of it: in library, films, drop box and spool."""
    server = house.server
    assert isinstance(server, DropBoxServer), "; ".join(house.notes)
    places = (house.folder / "coach" / "library", house.films, server.root / "inbox", house.spool)
    pieces = set(sealed) - {"manifest.age"}
    return [
        str(path)
        for place in places
        for path in place.rglob("*")
        if path.parent.name != ".destroyed" and (recording in path.name or path.name in pieces)
    ]


def _check(file: Path, key: str) -> subprocess.CompletedProcess[str]:
    words = ["-m", "device.cli", "inbox", "verify-certificate", str(file), "--receipt-key", key]
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
