"""The units as they are installed: every service under exactly its sandbox, on a systemd of its own.

Runs inside the test bed's container, as root.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device.domain.errors import Busy, Refused
from device.recorder.client import RecorderClient
from device.systemd import Happening

UNITS = Path("/usr/local/lib/systemd/system")
CONFIG = Path("/etc/leerblik/leerblik.toml")
RUNTIME = Path("/run/leerblik")
SPOOL = Path("/var/lib/leerblik/spool")
OWN = Path("/var/lib/leerblik/recorder")
SERVICES = ("recorder", "web", "sync")
LIMIT_S = 90.0
MAXIMUM_EXPOSURE = 1.5
MAXIMUM_MB = 150.0
MAXIMUM_CPU = 0.03
MEASURE_S = 20.0
# Long enough for the three looks for an absent camera that come soonest after one another.
SEARCH_S = 60.0

pytestmark = pytest.mark.skipif(
    not (UNITS / "leerblik-recorder.service").exists() or os.geteuid() != 0,
    reason="the device's units are not installed here; see tests/testbed/README.md",
)

_CONFIG = """
[device]
name = "test-bed"
[coach]
recipient = "{recipient}"
receipt_key = "{receipt_key}"
[recorder]
camera = "synthetic"
microphone = "synthetic"
reserve_bytes = 0
[indicator.console]
in_view = true
[agreement]
teachers = ["t1"]
teachers_agreed = ["t1"]
group = "3B"
group_agreed = true
trajectory = "T-1"
sound = true
valid_from = "2000-01-01"
valid_until = "2999-12-31"
[sync]
host = "127.0.0.1"
host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
"""


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def show(service: str, setting: str) -> str:
    return run("systemctl", "show", "--value", f"--property={setting}", f"leerblik-{service}.service")


def pid(service: str) -> int:
    return int(show(service, "MainPID"))


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline_s, f"waited in vain until {what}"
        time.sleep(0.1)


def is_up(service: str) -> bool:
    return show(service, "ActiveState") == "active"


def asked() -> dict[str, Any]:
    """Return what the recorder says of itself."""
    return RecorderClient(RUNTIME).ask("status")


def status() -> str:
    return str(asked()["state"])


def record() -> str:
    """Have a lesson recorded; return its name."""
    return str(RecorderClient(RUNTIME).ask("start")["recording"])


def end() -> None:
    """End the lesson; it is held by then."""
    RecorderClient(RUNTIME).ask("stop")
    wait_until(lambda: status() == "idle", "the lesson is over")


def as_service(service: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the eyes of a running service: its files, its network, its user and groups."""
    process = pid(service)
    groups = re.search(r"^Groups:\s*(.*)$", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    ids = Path(f"/proc/{process}").stat()
    assert groups is not None
    return subprocess.run(
        [
            *("nsenter", f"--target={process}", "--mount", "--net"),
            *("setpriv", f"--reuid={ids.st_uid}", f"--regid={ids.st_gid}"),
            f"--groups={','.join(groups[1].split())}",
            *("--bounding-set=-all", "--no-new-privs", *command),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def has_own_network(service: str) -> bool:
    """Tell whether a service is cut off: the machine itself may have no network either."""
    return Path(f"/proc/{pid(service)}/ns/net").readlink() != Path("/proc/1/ns/net").readlink()


def journal(happening: Happening, since_s: float) -> list[dict[str, str]]:
    lines = run(
        "journalctl", "--output=json", f"--since=@{since_s:.3f}", f"MESSAGE_ID={happening.value}"
    ).splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module", autouse=True)
def configured() -> Iterator[None]:
    """A device that has everything it needs, but for a camera, a network and a coach's machine."""
    before = CONFIG.read_text()
    identity = pyrage.x25519.Identity.generate()
    key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    CONFIG.write_text(
        _CONFIG.format(recipient=identity.to_public(), receipt_key=base64.b64encode(key).decode())
    )
    run("systemctl", "restart", "leerblik.target")
    yield
    run("systemctl", "stop", "leerblik.target")
    CONFIG.write_text(before)


@pytest.fixture(autouse=True)
def device(configured: None) -> None:
    """All services up, and nothing being recorded."""
    run("systemctl", "start", "leerblik.target")
    for service in SERVICES:
        wait_until(lambda each=service: is_up(each), f"leerblik-{service} is up")  # type: ignore[misc]
    wait_until((RUNTIME / "recorder.sock").exists, "the recorder answers")
    if status() != "idle":
        end()


@pytest.fixture
def lesson() -> Path:
    """A lesson is being recorded, into this folder; a second of it is there already."""
    folder = SPOOL / record()
    wait_until(lambda: asked()["recorded_s"] > 1, "there is footage")
    return folder


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_runs_as_its_own_user_and_says_how_it_is(service: str) -> None:
    wait_until(lambda: show(service, "StatusText") != "", "it says how it is")
    assert run("stat", "--format=%U", f"/proc/{pid(service)}") == f"leerblik-{service}"
    assert show(service, "Type") == "notify"


@pytest.mark.parametrize("service", [*SERVICES, "poweroff", "restart", "wipe", "network"])
def test_systemd_rates_its_sandbox_as_tight(service: str) -> None:
    rated = run("systemd-analyze", "security", "--no-pager", f"leerblik-{service}.service")
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", rated)
    assert found is not None
    assert float(found[1]) <= MAXIMUM_EXPOSURE


def test_a_lesson_is_recorded_and_held_under_the_sandbox(lesson: Path) -> None:
    end()
    assert (lesson / "manifest.age").stat().st_size > 0


def test_a_frozen_recorder_is_killed_and_started_anew(lesson: Path) -> None:
    frozen, restarts = pid("recorder"), int(show("recorder", "NRestarts"))
    began_s = time.time()
    os.kill(frozen, signal.SIGSTOP)
    try:
        wait_until(lambda: is_up("recorder") and pid("recorder") not in (0, frozen), "another recorder is up")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(frozen, signal.SIGCONT)
    assert int(show("recorder", "NRestarts")) == restarts + 1
    said = run("journalctl", "--output=cat", f"--since=@{began_s:.3f}", "--unit=leerblik-recorder")
    assert "Watchdog timeout" in said


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_is_killed_comes_back(service: str) -> None:
    killed = pid(service)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: is_up(service) and pid(service) not in (0, killed), "another one is up")


def test_what_happens_stands_in_the_journal_with_its_id_and_its_recording() -> None:
    began_s = time.time()
    recording = record()
    wait_until(lambda: bool(journal(Happening.RECORDING_STARTED, began_s)), "the start is in the journal")
    end()
    wait_until(lambda: bool(journal(Happening.RECORDING_STOPPED, began_s)), "the end is in the journal")
    (started,) = journal(Happening.RECORDING_STARTED, began_s)
    assert started["SYSLOG_IDENTIFIER"] == "leerblik-recorder"
    assert started["_SYSTEMD_UNIT"] == "leerblik-recorder.service"
    assert started["LEERBLIK_RECORDING"] == recording
    explained = run("journalctl", "--catalog", "--output=short", f"MESSAGE_ID={started['MESSAGE_ID']}")
    assert "Subject: A lesson is being recorded" in explained


def test_the_recorder_has_no_network_and_the_sync_sees_neither_its_socket_nor_its_key() -> None:
    links = as_service("recorder", "cat", "/proc/self/net/dev").stdout.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in links] == ["lo"]
    assert has_own_network("recorder")
    assert not has_own_network("sync")
    assert as_service("recorder", "cat", str(RUNTIME / "review.key")).returncode == 0
    assert as_service("sync", "cat", str(RUNTIME / "review.key")).returncode != 0
    assert as_service("sync", "ls", str(RUNTIME)).returncode != 0


def test_the_sync_reads_sealed_footage_and_can_change_none(lesson: Path) -> None:
    end()
    manifest = str(lesson / "manifest.age")
    assert as_service("sync", "test", "-r", manifest).returncode == 0
    assert as_service("sync", "rm", "-f", manifest).returncode != 0
    assert as_service("sync", "touch", str(SPOOL / "more")).returncode != 0


def test_neither_sync_nor_page_can_remove_or_change_the_masks_or_put_others_in_their_place() -> None:
    file = OWN / "masks.json"
    RecorderClient(RUNTIME).ask("masks", polygons=[[[0, 0], [5000, 0], [5000, 10000]]])
    try:
        assert run("stat", "--format=%U %a", str(file)) == "leerblik-recorder 640"
        content = file.read_text()
        for service in ("sync", "web"):
            assert as_service(service, "rm", "-f", str(file)).returncode != 0
            assert as_service(service, "sh", "-c", f"echo '[]' >{file}").returncode != 0
            assert as_service(service, "touch", str(OWN / "more")).returncode != 0
            assert as_service(service, "mv", str(OWN), f"{OWN}.old").returncode != 0
        assert file.read_text() == content
        record()
        end()
    finally:
        RecorderClient(RUNTIME).ask("masks", polygons=[])


def test_the_page_may_read_sealed_footage_and_write_the_register_and_its_own_and_nothing_else() -> None:
    assert as_service("web", "ls", str(SPOOL)).returncode == 0
    for place in ("spool", "state", "recorder"):
        assert as_service("web", "touch", f"/var/lib/leerblik/{place}/more").returncode != 0, place
    for place in ("state", "recorder"):
        assert as_service("web", "ls", f"/var/lib/leerblik/{place}").returncode != 0, place
    assert as_service("web", "test", "-r", "/run/leerblik/review.key").returncode == 0
    for place in ("register", "web"):
        mark = f"/var/lib/leerblik/{place}/more"
        assert as_service("web", "touch", mark).returncode == 0
        for other in ("recorder", "sync"):
            assert as_service(other, "rm", "-f", mark).returncode != 0, (place, other)
        assert as_service("web", "rm", mark).returncode == 0
    for place in ("register", "web"):
        assert as_service("sync", "ls", f"/var/lib/leerblik/{place}").returncode != 0, place
    assert as_service("recorder", "ls", "/var/lib/leerblik/register").returncode == 0
    assert as_service("recorder", "ls", "/var/lib/leerblik/web").returncode != 0
    wait_until(lambda: page("/healthz") == 200, "the page reaches the recorder")


def test_what_it_sets_on_the_page_is_written_by_the_recorder_alone_and_taken_up_by_the_sync() -> None:
    file, sync = Path("/var/lib/leerblik/settings/settings.json"), pid("sync")
    try:
        RecorderClient(RUNTIME).ask("settings", change={"sync.pause_while_recording": True})
        assert run("stat", "--format=%U %G %a", str(file)) == "leerblik-recorder leerblik-data 640"
        for service in ("sync", "web"):
            assert as_service(service, "cat", str(file)).returncode == 0
            assert as_service(service, "rm", "-f", str(file)).returncode != 0
            assert as_service(service, "touch", str(file.with_name("more"))).returncode != 0
        # There is none: the sync says so only because it was made to look.
        quiet = ("", "nothing to send", "the sync is not running")
        wait_until(lambda: show("sync", "StatusText") not in quiet, "the sync has tried the coach's machine")
        assert pid("sync") == sync
        assert show("sync", "SubState") == "running"
        with pytest.raises(Refused, match="press the button"):
            RecorderClient(RUNTIME).ask("settings", change={"sync.user": "somebody-else"})
    finally:
        file.unlink(missing_ok=True)
        run("systemctl", "restart", "leerblik-recorder.service")


def page(path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


def test_the_page_outlives_the_recorder() -> None:
    web = pid("web")
    run("systemctl", "stop", "leerblik-recorder.service")
    wait_until(lambda: page("/healthz") == 503, "the page has noticed")
    assert page("/") == 200
    run("systemctl", "start", "leerblik-recorder.service")
    wait_until(lambda: page("/healthz") == 200, "the page reaches the recorder again")
    assert pid("web") == web


def test_the_ssh_key_is_handed_to_the_sync_alone() -> None:
    key = Path("/etc/leerblik/ssh_key")
    key.write_text("a key\n")
    key.chmod(0o600)
    try:
        run("systemctl", "restart", "leerblik-sync.service")
        handed = "/run/credentials/leerblik-sync.service/ssh_key"
        assert as_service("sync", "cat", handed).stdout == "a key\n"
        for service in ("web", "recorder"):
            assert as_service(service, "cat", handed).returncode != 0
            assert as_service(service, "cat", str(key)).returncode != 0
        assert as_service("sync", "cat", str(key)).returncode != 0
    finally:
        key.unlink()
        run("systemctl", "restart", "leerblik-sync.service")


@pytest.fixture
def stays_on() -> Iterator[None]:
    """The machine does not really go off."""
    drop_in = Path("/run/systemd/system/leerblik-poweroff.service.d/stay.conf")
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Unit]\nSuccessAction=none\nFailureAction=none\n")
    run("systemctl", "daemon-reload")
    yield
    drop_in.unlink()
    drop_in.parent.rmdir()
    run("systemctl", "daemon-reload")


def test_the_shutdown_button_finishes_the_lesson_before_the_machine_goes_off(
    lesson: Path, stays_on: None
) -> None:
    began_s = time.time()
    assert as_service("recorder", "touch", str(RUNTIME / "poweroff")).returncode == 0
    wait_until(lambda: not (RUNTIME / "poweroff").exists(), "the machine would go off")
    for service in SERVICES:
        assert show(service, "ActiveState") == "inactive"
        assert show(service, "Result") == "success"
    assert (lesson / "manifest.age").exists()
    assert journal(Happening.RECORDING_STOPPED, began_s)


def test_it_restarts_its_services_when_asked_to_and_never_in_the_middle_of_a_lesson() -> None:
    before = {service: pid(service) for service in SERVICES}
    client = RecorderClient(RUNTIME)
    client.ask("start")
    with pytest.raises(Busy, match="restart when it has ended"):
        client.ask("restart")
    client.ask("stop")
    wait_until(lambda: client.ask("status")["state"] == "idle", "the lesson ends")
    client.ask("restart")
    wait_until(lambda: all(pid(each) not in (0, before[each]) for each in SERVICES), "they begin anew")
    assert not (RUNTIME / "restart").exists()
    wait_until(lambda: all(show(each, "ActiveState") == "active" for each in SERVICES), "they are up")


def test_nothing_of_ours_asks_for_a_network_before_it_starts() -> None:
    for service in SERVICES:
        assert "network-online.target" not in show(service, "After").split()


def processes() -> list[str]:
    slices = Path("/sys/fs/cgroup/leerblik.slice")
    return [each for file in slices.rglob("cgroup.procs") for each in file.read_text().split()]


def resident_mb() -> float:
    """Return what all our services hold in memory; what two of them share counts twice."""
    rollups = [Path(f"/proc/{each}/smaps_rollup").read_text() for each in processes()]
    found = [re.search(r"^Rss:\s+(\d+) kB", each, re.MULTILINE) for each in rollups]
    return sum(int(each[1]) for each in found if each) / 1024


def cpu_s() -> float:
    stat = Path("/sys/fs/cgroup/leerblik.slice/cpu.stat").read_text()
    found = re.search(r"^usage_usec (\d+)", stat, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1e6


@pytest.fixture
def as_delivered() -> Iterator[None]:
    """The drivers of a device: the fake camera is larger than a real one that is not open."""
    config = CONFIG.read_text()
    real = config.replace('camera = "synthetic"', 'camera = "picamera2"')
    CONFIG.write_text(real.replace('microphone = "synthetic"', 'microphone = "alsa"'))
    run("systemctl", "restart", "leerblik.target")
    for service in SERVICES:
        wait_until(lambda each=service: is_up(each), f"leerblik-{service} is up")  # type: ignore[misc]
    yield
    CONFIG.write_text(config)
    run("systemctl", "restart", "leerblik.target")


def is_looking_for_camera() -> bool:
    """Tell whether the process in which the camera is asked what it can do is still there."""
    words = ["pgrep", "--parent", str(pid("recorder"))]
    return subprocess.run(words, check=False, stdout=subprocess.DEVNULL).returncode == 0


def load_over(seconds: float) -> float:
    """Return the share of one core that all our services take in the time from now on."""
    before_s, began_s = cpu_s(), time.monotonic()
    time.sleep(seconds)
    return (cpu_s() - before_s) / (time.monotonic() - began_s)


def test_the_idle_device_is_small_and_sleeps(as_delivered: None) -> None:
    wait_until(lambda: page("/") == 200, "the page has been looked at")
    wait_until(lambda: not is_looking_for_camera(), "the recorder knows its camera")
    assert resident_mb() < MAXIMUM_MB
    assert load_over(MEASURE_S) < MAXIMUM_CPU


@pytest.fixture
def no_camera() -> Iterator[None]:
    """The camera is gone, from before anything starts."""
    fault = Path("/run/virtualcam/absent")
    fault.parent.mkdir(exist_ok=True)
    fault.touch()
    yield
    fault.unlink()


def test_a_device_that_misses_its_camera_sleeps_as_well(no_camera: None, as_delivered: None) -> None:
    wait_until(lambda: "camera" in {each["part"] for each in asked()["missing"]}, "the camera is missed")
    assert load_over(SEARCH_S) < MAXIMUM_CPU
    assert "camera" in {each["part"] for each in asked()["missing"]}
