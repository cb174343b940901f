"""The container is what a device is: systemd, the system's libraries, the project in a venv above them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.testbed.device.appliance import systemctl

VENV = Path("/opt/leerblik")
BARE = {"PATH": "/usr/bin"}
CAMERA = {
    **BARE,
    "VIRTUALCAM": "1",
    "LD_PRELOAD": "/usr/local/lib/virtualcam/dmaheap.so",
    "LIBCAMERA_LOG_LEVELS": "*:ERROR",
}


def python(code: str, environment: dict[str, str], *options: str) -> str:
    words = [str(VENV / "bin" / "python"), *options, "-c", code]
    done = subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return str(done.stdout)


def test_systemd_is_up_and_no_unit_of_the_system_has_failed() -> None:
    # Ours may have: a device that nobody has configured yet says what it lacks. Their own tests judge them.
    failed = systemctl("list-units", "--failed", "--no-legend", "--plain").splitlines()
    assert [line for line in failed if not line.startswith("leerblik")] == []
    assert systemctl("is-system-running", check=False).strip() in ("running", "degraded")


def test_the_programs_are_those_of_a_device_today() -> None:
    assert sys.version_info[:2] == (3, 13)
    assert metadata.version("av").startswith("14.")
    assert systemctl("--version").startswith("systemd 257")


@pytest.mark.parametrize("name", ["numpy", "av", "simplejpeg", "picamera2", "libcamera", "systemd", "prctl"])
def test_a_library_of_the_system_is_not_in_the_venv_as_well(name: str) -> None:
    libraries = VENV / "lib" / "python3.13" / "site-packages"
    inside = [path for path in libraries.iterdir() if re.split("[-.]", path.name)[0].lower() == name]
    place = python(f"import importlib.util as u; print(u.find_spec({name!r}).origin)", BARE).strip()
    assert inside == []
    assert not Path(place).is_relative_to(VENV)


def test_what_is_tested_is_what_is_installed() -> None:
    import device

    assert Path(device.__file__ or "").is_relative_to(VENV)


def test_the_command_is_there_for_everybody() -> None:
    words = ["/usr/bin/setpriv", "--reuid", "nobody", "--clear-groups", f"{VENV}/bin/leerblik", "--help"]
    assert "recorder" in subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


def test_nothing_leads_out_and_the_clock_is_out_of_reach() -> None:
    assert [path.name for path in Path("/sys/class/net").iterdir()] == ["lo"]
    bounding = next(x for x in Path("/proc/1/status").read_text().splitlines() if x.startswith("CapBnd"))
    assert not int(bounding.split()[1], 16) >> 25 & 1  # CAP_SYS_TIME


@pytest.mark.parametrize("option", ["-E", "-I", "-B"])
def test_picamera2_finds_the_virtual_camera_however_python_was_started(option: str) -> None:
    code = "from picamera2 import Picamera2; print([c['Id'] for c in Picamera2.global_camera_info()])"
    assert python(code, CAMERA, option).strip() == "['Virtual']"


def test_a_process_that_films_nothing_loads_nothing_of_the_camera() -> None:
    code = "import sys, device.cli; print({'numpy', 'libcamera', 'virtualcam.pipeline'} & set(sys.modules))"
    assert python(code, CAMERA).strip() == "set()"
