"""The install script on a machine that runs: what it does once, what it never does twice, what it says."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.testbed.device.checkout import CHECKOUT, SCRIPT, WITHOUT_A_NETWORK, install, with_venv

UNIT = Path("/usr/local/lib/systemd/system/leerblik-sync.service")
CONFIG = Path("/etc/leerblik/leerblik.toml")
TAKEN_AS_GIVEN = ("--no-packages", "--no-project")
NOTHING = "Install: nothing to do\n"
TOUCHED = ("/etc", "/usr/local", "/opt/leerblik", "/var/lib/leerblik", "/usr/src")


def everything() -> dict[Path, tuple[int, ...]]:
    """Return all that the script could touch, and by what each file would show that it was."""
    stats = {path: path.lstat() for folder in TOUCHED for path in [Path(folder), *Path(folder).rglob("*")]}
    return {
        path: (stat.st_ino, stat.st_mode, stat.st_uid, stat.st_gid, stat.st_size, stat.st_mtime_ns)
        for path, stat in stats.items()
    }


def test_a_second_run_changes_nothing() -> None:
    install(*TAKEN_AS_GIVEN)
    before = everything()
    again = install(*TAKEN_AS_GIVEN)
    assert (again.returncode, again.stdout, again.stderr) == (0, NOTHING, "")
    assert everything() == before


def test_what_is_missing_or_different_is_put_right_and_what_somebody_wrote_is_kept() -> None:
    unit, config = UNIT.read_text(), CONFIG.read_text()
    UNIT.write_text("rubbish")
    CONFIG.write_text("# what somebody wrote\n")
    try:
        said = install(*TAKEN_AS_GIVEN)
        assert (said.returncode, said.stdout.splitlines()[0]) == (0, f"Install: {UNIT}")
        assert UNIT.read_text() == unit
        assert CONFIG.read_text() == "# what somebody wrote\n"
        assert install(*TAKEN_AS_GIVEN).stdout == NOTHING
    finally:
        CONFIG.write_text(config)


@pytest.fixture
def venv() -> Iterator[Path]:
    """A place for another venv than the running one; not in /tmp, which is small."""
    folder = Path("/opt/another")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_project_is_installed_from_a_folder_of_wheels_and_again_only_when_it_changed(
    venv: Path, tmp_path: Path
) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(CHECKOUT, checkout)
    words = (SCRIPT, "--no-packages")
    first = with_venv(venv, *words, checkout=checkout)
    assert first.returncode == 0, first.stderr
    assert "the project into /opt/leerblik" in first.stdout
    assert with_venv(venv, "/opt/leerblik/bin/leerblik", "config", "example").returncode == 0
    # numpy and PyAV are the system's: others would not fit picamera2.
    packages = {path.name for path in venv.glob("lib/python3*/site-packages/*")}
    assert {"device", "server_sync", "deploy", "flask", "paramiko"} <= packages
    assert not {"numpy", "av", "simplejpeg"} & packages
    assert with_venv(venv, *words, checkout=checkout).stdout == NOTHING
    with (checkout / "device/cli.py").open("a") as file:
        file.write("# newer\n")
    assert "the project into /opt/leerblik" in with_venv(venv, *words, checkout=checkout).stdout
    (installed,) = venv.glob("lib/python3*/site-packages/device/cli.py")
    assert installed.read_text().endswith("# newer\n")
    assert not list(Path("/usr/src").iterdir())


def test_without_wheels_and_without_a_network_it_says_so_and_does_not_take_it_for_installed(
    venv: Path,
) -> None:
    settings = {**WITHOUT_A_NETWORK, "PIP_FIND_LINKS": ""}
    for _ in range(2):
        stopped = with_venv(venv, SCRIPT, "--no-packages", settings=settings)
        assert stopped.returncode == 1
        assert stopped.stderr.splitlines()[-1].startswith("Install stopped: pip did not bring")
    assert not (venv / ".installed").exists()
    assert not list(Path("/usr/src").iterdir())


def test_a_package_that_apt_cannot_bring_is_told() -> None:
    # Here picamera2 is there, but not as a package.
    stopped = install("--no-project")
    assert stopped.returncode == 1
    assert "python3-picamera2" in stopped.stdout
    assert stopped.stderr.splitlines()[-1].startswith("Install stopped: apt did not bring")


def test_its_help_is_a_page_and_changes_nothing() -> None:
    before = everything()
    asked = install("--help")
    assert (asked.returncode, asked.stderr) == (0, "")
    for word in ("--root DIR", "--inbox", "--no-packages", "--no-project", "PIP_FIND_LINKS"):
        assert word in asked.stdout
    assert everything() == before


@pytest.mark.parametrize(
    ("program", "says", "sentence"),
    [
        ("id", "echo 1000", "this needs root"),
        ("dpkg", "echo armhf", "this system is armhf; take Raspberry Pi OS (64-bit)"),
        ("dpkg", "exit 127", "there is no dpkg"),
        ("systemctl", "exit 127", "there is no systemd"),
    ],
)
def test_a_machine_it_is_not_made_for_is_left_alone(
    program: str, says: str, sentence: str, tmp_path: Path
) -> None:
    before = everything()
    stand_in = tmp_path / program
    stand_in.write_text(f"#!/bin/sh\n{says}\n")
    stand_in.chmod(0o755)
    stopped = install(path=tmp_path)
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert stopped.stderr.startswith(f"Install stopped: {sentence}")
    assert stopped.stderr.count("\n") == 1
    assert everything() == before


@pytest.mark.parametrize(
    ("stand_in", "sentence"),
    [
        ("exit 1", "Python 3.11 or newer"),
        ('case "$*" in *ensurepip*) exit 1 ;; esac', "python3-venv is missing"),
    ],
)
def test_a_python_that_will_not_do_is_told_before_anything_is_made(
    stand_in: str, sentence: str, venv: Path, tmp_path: Path
) -> None:
    (tmp_path / "python3").write_text(f"#!/bin/sh\n{stand_in}\n")
    (tmp_path / "python3").chmod(0o755)
    command = ("env", f"PATH={tmp_path}:/usr/sbin:/usr/bin", SCRIPT, "--no-packages")
    stopped = with_venv(venv, *command)
    assert stopped.stderr.startswith(f"Install stopped: {sentence}")
    assert not list(venv.iterdir())


def test_a_root_whose_programs_do_not_run_here_is_told(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    stopped = install("--root", str(tmp_path))
    assert stopped.stderr.startswith(f"Install stopped: programs of {tmp_path} do not run on this machine")


def test_where_systemd_does_not_run_nothing_is_done_unless_one_says_so() -> None:
    hidden = 'mount -t tmpfs tmpfs /run/systemd; exec "$@"'
    script = str(CHECKOUT / SCRIPT)
    asleep = ["unshare", "--mount", "sh", "-ec", hidden, "sh", script, *TAKEN_AS_GIVEN]
    stopped = subprocess.run(asleep, check=False, capture_output=True, text=True)
    assert stopped.stderr.startswith("Install stopped: systemd does not run here")
    done = subprocess.run([*asleep, "--root", "/"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, NOTHING)
