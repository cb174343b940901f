"""The command line: errors become one sentence and an exit code, each subcommand loads by itself."""

from __future__ import annotations

import argparse
import logging
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from device import __version__, cli
from device.commands import status
from device.domain.errors import Busy, LeerblikError, Permanent, Refused, Temporary

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]


@pytest.mark.parametrize(
    ("error", "code"), [(Refused, 3), (Busy, 4), (Permanent, 65), (Temporary, 75), (LeerblikError, 1)]
)
def test_an_error_is_one_sentence_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: type[LeerblikError], code: int
) -> None:
    def fail(_arguments: argparse.Namespace) -> int:
        raise error("this is wrong; do that")

    monkeypatch.setattr(status, "run", fail)
    assert cli.main(["status"]) == code
    assert capsys.readouterr() == ("", "leerblik: this is wrong; do that\n")


def test_control_c_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_arguments: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(status, "run", interrupt)
    assert cli.main(["status"]) == 130


def test_help_names_every_command_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    for name in ("config", "doctor", "keys", "press", "recorder", "status", "sync", "inbox", "demo"):
        assert f"\n    {name} " in text
    assert "exit codes" in text


@pytest.mark.parametrize(
    "words", [[], ["unknown"], ["press", "--double", "--hold", "3"], ["press", "--hold", "x"]]
)
def test_wrong_usage_is_exit_code_two(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"leerblik {__version__}\n"


def test_a_command_whose_library_is_missing_does_not_take_the_others_with_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = cli.importlib.import_module  # type: ignore[attr-defined]

    def without_av(name: str) -> ModuleType:
        if name == "device.recorder.command":
            raise ModuleNotFoundError("No module named 'av'", name="av")
        found: ModuleType = real(name)
        return found

    monkeypatch.setattr("importlib.import_module", without_av)
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    assert "\n    status " in text
    assert "\n    recorder " not in text


def test_a_command_whose_library_is_missing_names_it() -> None:
    program = "import sys\nsys.modules['av'] = None\nfrom device import cli\nsys.exit(cli.main(['inbox', 'list']))\n"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == Permanent.exit_code
    assert run.stderr == (
        "leerblik: 'inbox' needs av, which is not installed here; pip install 'leerblik[device]' on a device, "
        "'leerblik[coach]' on the coach's machine\n"
    )


def test_status_loads_no_camera_and_no_ssh() -> None:
    program = (
        "import sys\nfrom device import cli\n"
        "cli._load_commands(['status'])\n"
        "print([m for m in ('av', 'paramiko', 'flask', 'deploy', 'server_sync.inbox') if m in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    pipe = f"{shlex.quote(sys.executable)} -m device.cli config example | head -n 1"
    run = subprocess.run(["sh", "-c", pipe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("# ")
    assert run.stderr == ""
