"""What the install script leaves behind on a device that nobody has set up yet."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from device import config
from device.recorder.assembly import read_agreement

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "device"


def test_the_example_configuration_is_right_as_it_stands_and_lets_nothing_be_recorded() -> None:
    settings = config.load(str(FOLDER / "leerblik.toml"))
    assert settings.table("coach")["recipient"] == ""
    assert read_agreement(settings.table("agreement")) is None


def test_every_process_reads_the_same_places_that_are_made_for_it() -> None:
    made = (FOLDER.parent / "systemd" / "leerblik.tmpfiles.conf").read_text()
    device = config.load(str(FOLDER / "leerblik.toml")).table("device")
    for key in ("spool_dir", "state_dir", "runtime_dir"):
        assert f"d       {device[key]} " in made


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed here")
def test_the_install_script_has_no_known_mistake() -> None:
    checked = subprocess.run(["shellcheck", str(FOLDER / "install.sh")], capture_output=True, check=False)
    assert checked.stdout.decode() == ""


@pytest.mark.parametrize("arguments", [["--root", "/nowhere"], ["--rot"]])
def test_the_install_script_refuses_what_it_does_not_understand(arguments: list[str]) -> None:
    refused = subprocess.run(
        ["bash", str(FOLDER / "install.sh"), *arguments], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("Install stopped: ")
