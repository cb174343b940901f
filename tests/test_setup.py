"""The locks, the list of system packages and the scripts say what the set-up relies on."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
SCRIPTS = [
    *sorted((ROOT / "deploy" / "setup").glob("*.sh")),
    *sorted((ROOT / "tests" / "testbed").glob("*.sh")),
    ROOT / ".ci" / "run",
]


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def locked(lock: str) -> dict[str, set[str]]:
    """Every requirement of a lock, as it stands there with its marker, and its hashes."""
    lines = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    requirements = [line for line in lines if re.match(r"[a-z0-9]", line)]
    return {
        line.split(" --hash", 1)[0].strip(): set(re.findall(r"sha256:\w+", line)) for line in requirements
    }


def wanted(*extras: str) -> set[str]:
    """The names that pyproject asks for, an extra that names another extra included."""
    optional = project()["optional-dependencies"]
    asked = project()["dependencies"] + [requirement for extra in extras for requirement in optional[extra]]
    names: set[str] = set()
    for requirement in asked:
        if inner := re.fullmatch(r"leerblik\[(.*)\]", requirement):
            names |= wanted(*inner[1].split(","))
        else:
            names.add(re.split(r"[<>=~! ]", requirement, maxsplit=1)[0])
    return names


def missing_from(lock: str, *extras: str) -> set[str]:
    return wanted(*extras) - {requirement.split("==")[0] for requirement in locked(lock)}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_library_is_locked_to_one_version_and_has_hashes(lock: str) -> None:
    assert locked(lock)
    for requirement, hashes in locked(lock).items():
        assert re.match(r"[\w.-]+==[\w.]+( ;|$)", requirement)
        assert hashes


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_no_path_and_no_option(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "://" in line or " /" in line or line.startswith("-")] == []


def test_the_test_lock_contains_the_demo_lock_so_that_one_venv_serves_both() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_the_locks_know_everything_that_pyproject_asks_for() -> None:
    assert missing_from("requirements.lock", "setup", "demo") == set()
    assert missing_from("requirements-dev.lock", "setup", "demo", "dev") == set()


def test_every_command_and_every_table_of_settings_has_its_module() -> None:
    modules = [module for group in project()["entry-points"].values() for module in group.values()]
    files = [ROOT / Path(*module.split(".")) for module in [*modules, "device.cli"]]
    assert [path for path in files if not (path.with_suffix(".py").exists() or path.is_dir())] == []


def test_every_system_package_has_a_purpose_a_probe_and_a_consequence() -> None:
    text = (ROOT / "deploy" / "setup" / "system-packages.txt").read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert rows
    for _package, purpose, probe, without_it in rows:
        assert purpose in ("demo", "test", "browser", "testbed", "vm")
        assert re.fullmatch(r"(command|file|module|python):\S+", probe)
        assert without_it in ("stop", "go-on")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_of_the_set_up_is_sound_shell(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", "-x", script], check=True, cwd=ROOT)


def test_a_word_that_the_set_up_does_not_know_is_answered_with_the_two_it_knows() -> None:
    answer = subprocess.run(
        ["bash", ROOT / "deploy" / "setup" / "setup.sh", "everything"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "setup.sh demo' or 'deploy/setup/setup.sh test'" in answer.stderr
