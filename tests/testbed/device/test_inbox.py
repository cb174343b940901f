"""The coach's machine: what the install script makes of it, and its inbox under exactly its sandbox.

Device and coach share this container, as far as one machine can be two: the coach's venv lies elsewhere, and
stands in the usual place for whatever runs as the coach's. So PyAV is the one that a coach has from pip.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.analysis import analyse
from device.domain.register.decisions import (
    BookingMade,
    Decision,
    GroupRegistered,
    RecordingWithdrawn,
    Repeat,
    TrajectoryOpened,
)
from device.storage.register import FILE_NAME, RegisterBook
from device.systemd import Happening
from tests.support.register import AGREEMENT, everything
from tests.testbed.device.appliance import SERVICES, Appliance, journal, show, systemctl, until
from tests.testbed.device.checkout import CHECKOUT, SCRIPT, with_venv
from tests.testbed.device.test_units import MAXIMUM_EXPOSURE, as_service, has_own_network, pid, run

README = CHECKOUT / "deploy/sshd/README.md"
INBOX = "leerblik-inbox.service"
VENV = Path("/opt/coach")
BOX = "leerblik-room12"
PLACE = Path("/srv/leerblik")
CONFIG = Path("/etc/leerblik/inbox.toml")
REGISTER = Path("/var/lib/leerblik/register")
PASSPHRASE = "four words of nobody"
DROP_IN = Path(f"/run/systemd/system/{INBOX}.d/testbed.conf")
WATCHDOG_S = 4
# Two machines in one: the other venv, the other configuration, and less patience than fifteen minutes.
_DROP_IN = f"""
[Service]
BindReadOnlyPaths={VENV}:/opt/leerblik
Environment=LEERBLIK_CONFIG={CONFIG}
WatchdogSec={WATCHDOG_S}
"""


def as_coach(*command: str) -> str:
    """Run a command where the coach's venv stands in the usual place."""
    done = with_venv(VENV, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def written_down(beginning: str) -> str:
    """Return the commands of the README's block that begins so."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if block.startswith(beginning)]
    return str(found)


def type_in(commands: str, **variables: str) -> None:
    """Do what a person does who follows the README."""
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=CHECKOUT,
        check=True,
        env={**os.environ, **variables},
    )


@pytest.fixture(scope="module")
def coach() -> Iterator[dict[str, str]]:
    """A coach's machine with one drop box, set up as the README says; what every device is told of it."""
    try:
        assert "the project into /opt/leerblik" in as_coach(SCRIPT, "--inbox")
        CONFIG.write_text((CHECKOUT / "deploy/device/inbox.toml").read_text() + "poll_interval_s = 0.5\n")
        CONFIG.chmod(0o644)
        public = make_keys()
        device_key = run("leerblik", "keys", "device", "--out", "/etc/leerblik/ssh_key").splitlines()[0]
        type_in(written_down("groupadd"))
        type_in(
            written_down("box=").replace("restrict ssh-ed25519 AAAA…the device's public key…", device_key)
        )
        type_in(written_down("setfacl"), box=BOX)
        DROP_IN.parent.mkdir(parents=True)
        DROP_IN.write_text(_DROP_IN)
        systemctl("daemon-reload")
        yield public
    finally:
        forget()


def make_keys() -> dict[str, str]:
    Path("/etc/leerblik/inbox-passphrase").touch(0o600)
    Path("/etc/leerblik/inbox-passphrase").write_text(PASSPHRASE + "\n")
    command = "exec leerblik inbox keys --config $0 --passphrase-fd 3 3</etc/leerblik/inbox-passphrase"
    said = as_coach("sh", "-c", command, str(CONFIG))
    run("systemd-tmpfiles", "--create", "leerblik-inbox.conf")
    recipient = re.search(r'^recipient = "(\S+)"$', said, re.MULTILINE)
    receipt_key = re.search(r'^receipt_key = "(\S+)"$', said, re.MULTILINE)
    assert recipient is not None
    assert receipt_key is not None
    return {"recipient": recipient[1], "receipt_key": receipt_key[1]}


def forget() -> None:
    """Make one machine of the two again."""
    rest = (DROP_IN.parent, CONFIG, "/etc/leerblik/ssh_key", "/etc/leerblik/inbox-passphrase", VENV)
    sshd = ("/etc/ssh/sshd_config.d/50-leerblik-dropbox.conf", "/etc/ssh/leerblik-dropbox")
    systemctl("disable", "--now", INBOX, check=False)
    subprocess.run(["rm", "-rf", *map(str, rest), *sshd, *PLACE.glob("*")], check=True)
    systemctl("daemon-reload")
    systemctl("reload", "ssh.service")
    subprocess.run(["userdel", BOX], check=False)
    subprocess.run(["groupdel", "leerblik-dropbox"], check=False)


@pytest.fixture
def inbox(coach: dict[str, str]) -> dict[str, str]:
    """The inbox is running."""
    systemctl("reset-failed", INBOX, check=False)
    systemctl("start", INBOX)
    return coach


def sending(coach: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return the settings of a device that sends to this coach."""
    host_key = Path("/etc/ssh/ssh_host_ed25519_key.pub").read_text().strip()
    return {
        "coach": coach,
        "recorder": {"cooling_off_s": 0.5},
        "sync": {"host": "127.0.0.1", "user": BOX, "host_key": host_key, "poll_interval_s": 0.5},
    }


def test_the_install_script_changes_nothing_when_it_runs_again(inbox: dict[str, str]) -> None:
    assert as_coach(SCRIPT, "--inbox") == "Install: nothing to do\n"


def test_the_inbox_runs_as_its_own_user_says_what_it_does_and_is_watched(inbox: dict[str, str]) -> None:
    assert show(INBOX, "ActiveState") == "active"
    assert show(INBOX, "Type") == "notify"
    until("it says what it does", lambda: show(INBOX, "StatusText") == f"watching {PLACE / BOX}")
    assert run("stat", "--format=%U", f"/proc/{pid('inbox')}") == "leerblik-inbox"
    assert show(INBOX, "WatchdogUSec") == f"{WATCHDOG_S}s"


def test_systemd_rates_the_sandbox_of_the_inbox_as_tight(inbox: dict[str, str]) -> None:
    rated = run("systemd-analyze", "security", "--no-pager", INBOX)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", rated)
    assert found is not None
    assert float(found[1]) <= MAXIMUM_EXPOSURE


def test_a_lesson_goes_from_the_press_to_the_film_on_the_coachs_machine(
    device: Appliance, inbox: dict[str, str]
) -> None:
    device.configure(sending(inbox))
    device.start(*SERVICES)
    recording = device.record_for(4)
    until("the receipt was read and the device is empty", lambda: is_purged(device, recording))
    (film,) = (PLACE / "films").glob(f"*{recording}*.mp4")
    report = analyse(film)
    assert report.faults() == ()
    assert report.frames >= 4 * 30
    assert not list((PLACE / BOX / "inbox").iterdir())
    (receipt,) = (PLACE / BOX / "receipts").iterdir()
    assert run("stat", "--format=%U %a", str(receipt)) == "leerblik-inbox 444"
    assert show(INBOX, "NRestarts") == "0"


def test_what_a_teacher_takes_back_is_destroyed_under_the_sandbox_and_the_device_gets_the_proof(
    device: Appliance, inbox: dict[str, str], agreed: str
) -> None:
    device.configure(sending(inbox))
    device.start(*SERVICES)
    recording = device.record_for(2)
    until("the receipt was read and the device is empty", lambda: is_purged(device, recording))
    assert list((PLACE / "films").glob(f"*{recording}*.mp4"))
    decide(RecordingWithdrawn(recording, agreed), f"teacher:{agreed}")
    until("the certificate was verified", lambda: is_purged(device, recording, "destroyed"))
    left = [*(PLACE / "films").iterdir(), *(PLACE / "library").iterdir(), *(PLACE / BOX / "inbox").iterdir()]
    assert not [path for path in left if recording in path.name or path.suffix == ".age"]
    (certificate,) = (PLACE / BOX / "receipts").glob("*.certificate.json")
    assert run("stat", "--format=%U %a", str(certificate)) == "leerblik-inbox 444"
    words = ("verify-certificate", str(certificate), "--config", str(CONFIG))
    assert "a teacher took it back" in as_coach("leerblik", "inbox", *words)
    assert journal("MESSAGE_ID=" + Happening.DESTROYED.value)


@pytest.fixture
def agreed() -> Iterator[str]:
    """The register permits the next press of a teacher; returns the teacher's code. It is gone afterwards."""
    today, teacher = datetime.now(UTC).date(), AGREEMENT.teacher
    for said in everything():
        decision = said.decision
        if isinstance(decision, GroupRegistered):
            later = today + timedelta(days=90)
            decision = replace(
                decision, informed_on=today, valid_from=today - timedelta(days=1), valid_until=later
            )
        elif isinstance(decision, TrajectoryOpened):
            decision = replace(decision, closes_on=today + timedelta(days=30))
        elif isinstance(decision, BookingMade):
            decision = replace(decision, repeat=Repeat.NEXT_PRESS, first=today, last=today)
        decide(decision, said.by)
    yield teacher
    (REGISTER / FILE_NAME).unlink()


def decide(decision: Decision, by: str) -> None:
    """Add a line to the register, as the page would."""
    RegisterBook(REGISTER).decide(datetime.now(UTC), by, decision, clock_trusted=True)


def is_purged(device: Appliance, recording: str, status: str = "purged") -> bool:
    rows = {row["id"]: row["status"] for row in device.status()["recordings"]}
    return bool(rows[recording] == status)


def test_what_was_brought_while_the_inbox_was_off_is_taken_when_it_comes(
    device: Appliance, inbox: dict[str, str]
) -> None:
    systemctl("stop", INBOX)
    device.configure(sending(inbox))
    device.start(*SERVICES)
    recording = device.record_for(2)
    box = PLACE / BOX / "inbox"
    until("everything is there", lambda: list(box.glob("*.manifest.age")))
    # Nobody but the inbox may read it; not even who brought it.
    for brought in box.iterdir():
        assert subprocess.run(
            ["runuser", "-u", BOX, "--", "cat", brought], check=False, capture_output=True
        ).returncode
    systemctl("start", INBOX)
    until("the receipt was read and the device is empty", lambda: is_purged(device, recording))
    assert list((PLACE / "films").glob(f"*{recording}*.mp4"))


def test_a_frozen_inbox_is_killed_and_started_anew(inbox: dict[str, str]) -> None:
    frozen = pid("inbox")
    os.kill(frozen, signal.SIGSTOP)
    try:
        until(
            "another one is up",
            lambda: show(INBOX, "ActiveState") == "active" and pid("inbox") not in (0, frozen),
        )
    finally:
        with suppress(ProcessLookupError):
            os.kill(frozen, signal.SIGCONT)
    assert "Watchdog timeout" in journal("-u", INBOX)


def test_an_inbox_that_lives_is_left_alone_by_its_watchdog(inbox: dict[str, str]) -> None:
    process = pid("inbox")
    time.sleep(2 * WATCHDOG_S)
    assert pid("inbox") == process


def test_the_inbox_has_no_network_and_reads_nothing_but_what_it_needs(inbox: dict[str, str]) -> None:
    assert has_own_network("inbox")
    assert as_service("inbox", "cat", "/etc/leerblik/inbox-passphrase").returncode != 0
    assert as_service("inbox", "ls", "/var/lib/leerblik/spool").returncode != 0
    keys = sorted((PLACE / "keys").iterdir())
    assert len(keys) == 4
    for key in keys:
        assert as_service("inbox", "test", "-r", str(key)).returncode == 0
        assert as_service("inbox", "touch", str(key)).returncode != 0


def test_films_are_joined_by_a_pyav_that_survives_what_somebody_crafted(inbox: dict[str, str]) -> None:
    asked = as_service("inbox", "/opt/leerblik/bin/python", "-c", "import av; print(av.__version__)")
    assert int(asked.stdout.split(".")[0]) >= 17


def test_a_wrong_passphrase_is_told_in_one_sentence(inbox: dict[str, str]) -> None:
    file = Path("/etc/leerblik/inbox-passphrase")
    systemctl("stop", INBOX)
    file.write_text("not these words\n")
    try:
        systemctl("start", "--no-block", INBOX)
        until("it is said", lambda: "the passphrase does not open" in journal("-u", INBOX))
    finally:
        systemctl("stop", INBOX)
        file.write_text(PASSPHRASE + "\n")
