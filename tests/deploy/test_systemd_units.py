"""The units as text: what each may touch, how it comes back, and that no exception goes unexplained."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from device.domain.wiping import ASKED_NAME, ORDER_NAME, UNFINISHED_NAME

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
SERVICES = ("recorder", "web", "sync", "inbox", "poweroff", "restart", "network", "wipe")
LASTING = ("recorder", "web", "sync", "inbox")
LIMIT = 1.5
# What a sandbox has shut unless a comment says why it is open; the values are the shut ones.
SHUT = {
    "PrivateDevices": "yes",
    "PrivateNetwork": "yes",
    "ProcSubset": "pid",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "NoNewPrivileges": "yes",
    "MemoryDenyWriteExecute": "yes",
    "CapabilityBoundingSet": "",
    "MemorySwapMax": "0",
    "LimitCORE": "0",
}


def settings(name: str) -> dict[str, list[str]]:
    """Return the settings of a unit, each with all its values."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (FOLDER / name).read_text("utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found[key].append(value)
    return found


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")
def test_systemd_rates_the_sandbox_as_tight(service: str) -> None:
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", str(FOLDER / f"leerblik-{service}.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    if "offline" in rated.stderr:
        pytest.skip("this systemd-analyze rates no file")
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", rated.stdout)
    assert found is not None, rated.stderr
    assert float(found[1]) <= LIMIT


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("setting", SHUT)
def test_what_is_open_in_a_sandbox_is_explained(service: str, setting: str) -> None:
    name = f"leerblik-{service}.service"
    values = settings(name)[setting]
    if values == [SHUT[setting]]:
        return
    assert service != "poweroff"
    text = (FOLDER / name).read_text("utf-8")
    assert re.search(rf"# .*[Ee]xception.*{setting}", text), f"{setting} of {name} is open without a word"


@pytest.mark.parametrize("service", LASTING)
def test_a_service_comes_back_for_ever_and_ever_more_slowly(service: str) -> None:
    unit = settings(f"leerblik-{service}.service")
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert int(unit["RestartSec"][0]) < int(unit["RestartMaxDelaySec"][0])
    assert int(unit["RestartSteps"][0]) > 0


@pytest.mark.parametrize("service", LASTING)
def test_a_service_says_when_it_is_ready_and_is_watched(service: str) -> None:
    unit = settings(f"leerblik-{service}.service")
    assert unit["Type"] == ["notify"]
    assert 10 <= int(unit["WatchdogSec"][0]) <= 900


def test_a_frozen_recorder_is_noticed_within_ten_seconds() -> None:
    assert settings("leerblik-recorder.service")["WatchdogSec"] == ["10"]


def test_only_the_recorder_reaches_devices_and_it_reaches_no_network() -> None:
    recorder = settings("leerblik-recorder.service")
    assert recorder["PrivateNetwork"] == ["yes"]
    assert {each.split()[0] for each in recorder["DeviceAllow"]} == {
        *("char-video4linux", "char-media", "char-dma_heap", "char-alsa", "char-gpiochip", "char-input")
    }
    for service in ("web", "sync", "inbox", "poweroff", "restart", "network", "wipe"):
        unit = settings(f"leerblik-{service}.service")
        assert unit["PrivateDevices"] == ["yes"], service
        assert "DeviceAllow" not in unit


def test_the_sync_sees_neither_the_control_socket_nor_the_review_key() -> None:
    sync = settings("leerblik-sync.service")
    assert "-/run/leerblik" in sync["InaccessiblePaths"][0].split()
    assert sync["Group"] == ["leerblik-data"]
    assert "SupplementaryGroups" not in sync


def test_no_service_runs_as_root_and_no_two_as_the_same_user() -> None:
    users = {each: settings(f"leerblik-{each}.service")["User"] for each in LASTING}
    assert users == {each: [f"leerblik-{each}"] for each in LASTING}
    made = (FOLDER / "leerblik.sysusers.conf").read_text() + (
        FOLDER / "leerblik-inbox.sysusers.conf"
    ).read_text()
    for (user,) in users.values():
        assert re.search(rf"^u\s+{user}\s", made, re.MULTILINE)


def test_every_device_the_recorder_may_open_has_its_driver_loaded_in_time() -> None:
    # The unit names devices by /proc/devices; drivers that are no part of a kernel must be there before it.
    loaded = (FOLDER / "leerblik.modules-load.conf").read_text().split()
    assert {"videodev", "mc", "snd", "evdev"} <= set(loaded)


def test_stopping_the_target_stops_every_service_of_a_device() -> None:
    wanted = settings("leerblik.target")["Wants"][0].split()
    assert wanted == [
        *(
            "leerblik-recorder.service",
            "leerblik-web.service",
            "leerblik-sync.service",
            "leerblik-poweroff.path",
            "leerblik-restart.path",
        )
    ]
    assert settings("leerblik.target")["Wants"][1] == "leerblik-network.path"
    for service in ("recorder", "web", "sync"):
        assert settings(f"leerblik-{service}.service")["PartOf"] == ["leerblik.target"]


def test_whoever_changes_the_network_is_root_without_rights_and_sees_nothing_of_ours_but_its_result() -> None:
    unit = settings("leerblik-network.service")
    assert unit["User"] == ["root"]
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["ReadWritePaths"] == ["-/etc/NetworkManager/system-connections", "/var/lib/leerblik/network"]
    hidden = " ".join(unit["InaccessiblePaths"]).replace("-/", "/").split()
    folders = {
        line.split()[1]
        for line in (FOLDER / "leerblik.tmpfiles.conf").read_text().splitlines()
        if line.startswith("d") and "/var/lib/leerblik/" in line
    }
    assert folders - set(hidden) <= {"/var/lib/leerblik/network", "/var/lib/leerblik/wiped"}


def test_whoever_wipes_is_root_with_three_rights_and_reaches_our_folders_alone() -> None:
    unit = settings("leerblik-wipe.service")
    assert unit["CapabilityBoundingSet"] == ["CAP_DAC_OVERRIDE CAP_FOWNER CAP_SYS_ADMIN"]
    assert unit["ReadWritePaths"] == [
        "/var/lib/leerblik /run/leerblik /etc/leerblik -/etc/NetworkManager/system-connections"
    ]
    assert "-/etc/leerblik/leerblik.toml" in unit["ReadOnlyPaths"][0].split()
    assert "leerblik-wipe.path" in settings("leerblik.target")["Wants"]


def test_a_wipe_waits_for_the_services_and_only_the_page_comes_back_while_it_is_not_complete() -> None:
    unit = settings("leerblik-wipe.service")
    conflicts, after = (" ".join(unit[name]).split() for name in ("Conflicts", "After"))
    # The network's service comes to its end; were it to conflict, the wish to forget would end the wipe.
    assert set(after) - set(conflicts) == {"leerblik-network.service"}
    assert "leerblik-network.path" in unit["OnSuccess"][0].split()
    assert set(conflicts) <= set(after)
    for service in ("recorder", "web", "sync"):
        assert f"leerblik-{service}.service" in unit["Conflicts"][0].split()
        assert f"leerblik-{service}.service" in unit["OnSuccess"][0].split()
    assert unit["OnFailure"] == unit["OnSuccess"]
    marks = [f"!/var/lib/leerblik/wiped/{name}" for name in (ORDER_NAME, UNFINISHED_NAME)]
    for service in ("recorder", "sync"):
        assert settings(f"leerblik-{service}.service")["ConditionPathExists"] == marks
    waits = settings("leerblik-wipe.path")["PathExists"]
    assert waits == [f"/run/leerblik/{ASKED_NAME}", f"/var/lib/leerblik/wiped/{ORDER_NAME}"]


def test_the_machine_goes_off_only_after_every_service_has_ended() -> None:
    poweroff = settings("leerblik-poweroff.service")
    assert poweroff["SuccessAction"] == ["poweroff"]
    assert poweroff["Conflicts"] == poweroff["After"]
    for service in ("recorder", "web", "sync"):
        assert f"leerblik-{service}.service" in poweroff["Conflicts"][0].split()


def test_the_install_script_brings_every_file_of_the_folder() -> None:
    script = (FOLDER.parent / "device" / "install.sh").read_text()
    for path in FOLDER.iterdir():
        named = path.name in script or path.suffix in (".service", ".target", ".slice", ".path")
        named |= re.fullmatch(r"leerblik(-inbox)?\.(sysusers|tmpfiles)\.conf", path.name) is not None
        assert named, f"nobody installs {path.name}"
