"""A device that is wiped: the page, a hand on the button, the real units, and what a stranger finds afterwards."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from tests.testbed.device import test_button
from tests.testbed.device.appliance import (
    PLACE,
    RECORDER,
    SERVICES,
    Appliance,
    journal,
    show,
    systemctl,
    until,
)
from tests.testbed.device.test_button import Chip

chip = test_button.chip
KEY, WIPED = Path("/etc/leerblik/ssh_key"), PLACE / "wiped"
KEYFILES = Path("/etc/NetworkManager/system-connections")
SECRET = "vier losse woorden samen"
LIMIT_S = 60.0
_PROMPT = b"nothing happens): "
_SETUP = """
[school]
name = "voorbeeldschool"
legal_basis = "consent"
[passwords]
coach_file = "/run/wipe-coach"
it_file = "/run/wipe-it"
"""


class Browser:
    """A browser that logs in and sends forms."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        with self._opener.open(f"http://127.0.0.1:8080{path}", timeout=20) as answer:
            return str(answer.read().decode())

    def post(self, path: str, **fields: str) -> str:
        token = re.search('name="csrf_token" value="([^"]+)"', self.get(path))
        assert token is not None
        data = urllib.parse.urlencode({"csrf_token": token[1], **fields}).encode()
        with self._opener.open(f"http://127.0.0.1:8080{path}", data, timeout=20) as answer:
            return str(answer.read().decode())


def answers(path: str) -> bool:
    try:
        Browser().get(path)
    except (urllib.error.URLError, OSError):
        return False
    return True


def is_up(unit: str) -> bool:
    return show(unit, "ActiveState") == "active"


def leerblik(*words: str) -> str:
    done = subprocess.run(["leerblik", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def clean(device: Appliance) -> Iterator[None]:
    """Nothing of an earlier wipe, and nobody's accounts."""

    def forget() -> None:
        systemctl("stop", "leerblik.target", "leerblik-wipe.path", "leerblik-wipe.service", check=False)
        systemctl("reset-failed", check=False)
        for folder in ("web", "register", "wiped", "settings", "network"):
            subprocess.run(["find", PLACE / folder, "-mindepth", "1", "-delete"], check=False)
        KEY.unlink(missing_ok=True)
        for name in ("leerblik", "school"):
            (KEYFILES / f"{name}.nmconnection").unlink(missing_ok=True)

    forget()
    yield
    forget()


@pytest.fixture
def public_line(clean: None, device: Appliance) -> str:
    """A device with an SSH key that the coach's machine knows."""
    return leerblik("keys", "device").strip().removeprefix("restrict ")


def claim() -> None:
    """Make it a school's; from then on the register counts, and nothing is agreed in it."""
    Path("/run/wipe-coach").write_text(f"{SECRET} van de coach\n")
    Path("/run/wipe-it").write_text(f"{SECRET}\n")
    Path("/run/wipe-setup.toml").write_text(_SETUP)
    leerblik("web", "setup", "--from", "/run/wipe-setup.toml")


def proof() -> Path | None:
    found = [path for path in WIPED.glob("wiped-*.json") if not path.name.endswith(".key.json")]
    return max(found, default=None)


def verify(path: Path, public_line: str) -> str:
    allowed = Path("/run/wipe-allowed")
    allowed.write_text(f"device {public_line}\n")
    words = ["ssh-keygen", "-Y", "verify", "-f", str(allowed), "-I", "device", "-n", "leerblik-wipe"]
    with path.open("rb") as message:
        done = subprocess.run([*words, "-s", f"{path}.sig"], stdin=message, capture_output=True, check=False)
    return (done.stdout + done.stderr).decode()


def found_again(words: list[str]) -> str:
    """Return the files outside of the proof in which one of these words stands."""
    patterns = [f"-e{word}" for word in words]
    done = subprocess.run(
        ["grep", "-rlaF", *patterns, "--exclude-dir=wiped", str(PLACE), "/run/leerblik", "/etc/leerblik"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = subprocess.run(
        ["find", PLACE, "/run/leerblik"], capture_output=True, text=True, check=True
    ).stdout
    here = [
        line for line in names.splitlines() if "/wiped" not in line and any(word in line for word in words)
    ]
    return done.stdout + "\n".join(here)


def test_the_page_arms_it_a_hand_orders_it_and_the_device_is_at_its_first_start(
    public_line: str, device: Appliance, chip: Chip
) -> None:
    recording = device.record_for(3)
    # One that begins anew cannot discard that lesson any more, so nobody need wait out the minute for it.
    systemctl("stop", RECORDER)
    claim()
    systemctl("start", "leerblik.target")
    until("the page answers", lambda: answers("/login"))
    review = Path("/run/leerblik/review.key").read_text()
    KEYFILES.mkdir(parents=True, exist_ok=True)
    (KEYFILES / "leerblik.nmconnection").write_text("psk=ours")
    (KEYFILES / "school.nmconnection").write_text("theirs")
    browser = Browser()
    browser.post("/login", role="it", secret=SECRET)
    page = browser.get("/it/wipe?lang=en")
    assert "1 recording is not with the coach yet" in page
    assert recording not in page
    page = browser.post("/it/wipe", name="testbed", unsent="yes")
    until("the button waits for it", lambda: device.client.ask("wipe")["armed"])
    # A press from software, however long, is no hand.
    device.client.ask("press", gesture="hold", seconds=11)
    time.sleep(12)
    assert device.client.ask("wipe")["armed"]
    assert proof() is None
    # Held; when it would be let go of, nobody listens to the pin any more.
    chip.set("GPIO17", "low")
    path = until("there is a proof", proof, LIMIT_S)
    until("the order is carried out", lambda: not (WIPED / "order.json").exists(), LIMIT_S)
    for unit in SERVICES[:1] + SERVICES[2:]:
        until(f"{unit} is up again", lambda each=unit: is_up(each), LIMIT_S)  # type: ignore[misc]
    facts = json.loads(path.read_text())
    assert (facts["complete"], facts["left"]) == (True, [])
    assert [row["recording"] for row in facts["recordings"]] == [recording]
    assert facts["asked"]["confirmed"] == "button"
    assert "Good" in verify(path, public_line)
    assert not KEY.exists()
    assert (KEYFILES / "leerblik.nmconnection").exists() is False
    assert (KEYFILES / "school.nmconnection").read_text() == "theirs"
    assert found_again([recording, review.strip(), "voorbeeldschool"]) == ""
    until("the first start answers", lambda: answers("/start"), LIMIT_S)
    start = Browser().get("/start?lang=en")
    assert "This device was wiped" in start
    assert "sudo leerblik web claim-code" in start
    assert Browser().get(f"/wiped/{path.name}") == path.read_text()
    until("the recorder answers", lambda: device._answer() is not None)
    assert device.status()["recordings"] == []
    assert "The device was wiped" in journal("-x", "MESSAGE_ID=" + _wiped())


def _wiped() -> str:
    from device.systemd import Happening

    return Happening.WIPED.value


def test_a_wipe_that_the_power_cut_goes_on_at_the_next_boot_before_anything_is_recorded(
    public_line: str, device: Appliance
) -> None:
    (PLACE / "spool" / "01J0000000000000000000000A").mkdir()
    (PLACE / "spool" / "01J0000000000000000000000A" / "1.age").write_bytes(bytes(1000))
    order = {"device": "testbed", "by": "it", "confirmed": "button", "at": "", "clock_trusted": False}
    ledger = {"order": order, "begun_at": "", "times": 1, "found": None, "overwritten": 0, "proof": ""}
    (WIPED / "order.json").write_text(json.dumps(ledger))
    systemctl("start", "leerblik.target")
    path = until("there is a proof", proof, LIMIT_S)
    until("the recorder is up", lambda: is_up(RECORDER), LIMIT_S)
    assert json.loads(path.read_text())["begun_times"] == 2
    assert list((PLACE / "spool").iterdir()) == []
    assert "Good" in verify(path, public_line)
    said = journal("-u", RECORDER, "-u", "leerblik-wipe.service", "--output=cat")
    assert said.index("this device was wiped") < said.rindex("Started leerblik-recorder")


def on_terminal(answer: str) -> tuple[int, str]:
    """Run ``leerblik wipe`` on a terminal and type; once more when the terminal had swallowed it."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp("leerblik", ["leerblik", "wipe"])  # noqa: S606  # what a person types
    said = b""
    while True:
        if not select.select([terminal], [], [], 2.0)[0]:
            if said.endswith(_PROMPT):
                os.write(terminal, answer.encode())
            continue
        try:
            said += os.read(terminal, 4096)
        except OSError:
            break
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.decode()


def test_what_cannot_be_removed_is_named_nothing_is_recorded_and_it_finishes_it_at_the_bench(
    public_line: str, device: Appliance
) -> None:
    stubborn = PLACE / "spool" / "stubborn"
    stubborn.write_bytes(b"x")
    done = subprocess.run(["chattr", "+i", stubborn], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        # The container's disk knows no such files: what is mounted there cannot be removed either.
        subprocess.run(["mount", "--bind", "/usr/share", _mount_point()], check=True)
    claim()
    systemctl("start", "leerblik.target")
    until("the page answers", lambda: answers("/login"))
    try:
        code, said = on_terminal("\x03")
        assert code == 130, said
        assert proof() is None
        code, said = on_terminal("another name\n")
        assert code == 3, said
        assert proof() is None
        code, said = on_terminal("testbed\n")
        assert code == 75, said
        path = until("there is a proof", proof)
        assert not json.loads(path.read_text())["complete"]
        until("the page shows it", lambda: answers("/start"), LIMIT_S)
        assert "NOT wiped completely" in Browser().get("/start?lang=en")
        systemctl("start", RECORDER)
        assert not is_up(RECORDER)
        assert KEY.exists()
    finally:
        subprocess.run(["chattr", "-i", stubborn], capture_output=True, check=False)
        subprocess.run(["umount", _mount_point()], capture_output=True, check=False)
    time.sleep(1.1)  # a proof is named after its second
    code, said = on_terminal("testbed\n")
    assert code == 0, said
    path = until("there is a proof", proof)
    assert json.loads(path.read_text())["complete"]
    assert "Good" in verify(path, public_line)
    until("the recorder is up", lambda: is_up(RECORDER), LIMIT_S)


def _mount_point() -> str:
    point = PLACE / "spool" / "mounted"
    point.mkdir(exist_ok=True)
    return str(point)


def test_a_dry_run_shows_what_would_go_and_touches_nothing(public_line: str, device: Appliance) -> None:
    device.start()
    recording = device.record_for(2)
    said = leerblik("wipe", "--dry-run")
    assert "NOT YET WITH THE COACH, lost for ever: 1" in said
    assert (PLACE / "spool" / recording / "manifest.age").exists()
    owners = {path.owner() for path in (PLACE / "state").iterdir()}
    assert owners == {"leerblik-recorder"}
    device.client.ask("discard", recording=recording)


def test_its_unit_reaches_nothing_but_our_folders() -> None:
    unit: dict[str, Any] = {
        name: show("leerblik-wipe.service", name) for name in ("CapabilityBoundingSet", "ProtectSystem")
    }
    assert unit["ProtectSystem"] == "strict"
    assert set(unit["CapabilityBoundingSet"].split()) == {"cap_dac_override", "cap_fowner", "cap_sys_admin"}
