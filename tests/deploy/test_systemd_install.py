"""What the install script leaves behind on a device that nobody has set up yet."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from device import config
from device.domain.trajectory import read_agreement
from server_sync.inbox.command import read_config

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "device"


def test_the_example_configuration_is_right_as_it_stands_and_lets_nothing_be_recorded() -> None:
    settings = config.load(str(FOLDER / "leerblik.toml"))
    assert settings.table("coach")["recipient"] == ""
    assert read_agreement(settings.table("agreement")) is None


def test_every_process_reads_the_same_places_that_are_made_for_it() -> None:
    made = (FOLDER.parent / "systemd" / "leerblik.tmpfiles.conf").read_text()
    device = config.load(str(FOLDER / "leerblik.toml")).table("device")
    for key in ("spool_dir", "state_dir", "recorder_dir", "runtime_dir"):
        assert f"d       {device[key]} " in made


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed here")
def test_the_install_script_has_no_known_mistake() -> None:
    checked = subprocess.run(["shellcheck", str(FOLDER / "install.sh")], capture_output=True, check=False)
    assert checked.stdout.decode() == ""


@pytest.mark.parametrize("arguments", [["--root", "/nowhere/at/all"], ["--root"], ["--rot"]])
def test_the_install_script_refuses_what_it_does_not_understand(arguments: list[str]) -> None:
    refused = subprocess.run(
        ["bash", str(FOLDER / "install.sh"), *arguments], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("Install stopped: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("asking", ["--help", "-h"])
def test_the_install_script_explains_itself_to_anybody(asking: str) -> None:
    asked = subprocess.run(
        ["bash", str(FOLDER / "install.sh"), asking], capture_output=True, text=True, check=True
    )
    for option in ("--root DIR", "--inbox", "--no-packages", "--no-project"):
        assert option in asked.stdout


def test_the_example_of_a_coachs_machine_is_right_as_it_stands() -> None:
    inbox = read_config(FOLDER / "inbox.toml")
    made = (FOLDER.parent / "systemd" / "leerblik-inbox.tmpfiles.conf").read_text()
    for folder in (inbox.library, inbox.films, inbox.keys):
        assert re.search(rf"^d +{folder} ", made, re.MULTILINE)
    readme = (FOLDER.parent / "sshd" / "README.md").read_text("utf-8")
    assert f"box={inbox.drop_box.name} " in readme
