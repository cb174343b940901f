"""Shows a film with whatever player this machine has, and waits until it was watched."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from pathlib import Path

from device.domain.errors import Permanent, Temporary

# Players that end when their window is closed. xdg-open comes last: it returns at once, so that only the
# coach can say when the film was watched.
_PLAYERS = (
    ("mpv", "--force-window=yes"),
    ("vlc", "--play-and-exit"),
    ("ffplay", "-loglevel", "error", "-autoexit"),
)
_OPENER = "xdg-open"


def watch(film: Path) -> None:
    """Play a film and return when it was watched. Permanent: no player; Temporary: it ended with an error."""
    for name, *options in _PLAYERS:
        program = shutil.which(name)
        if program is not None:
            _run([program, *options, str(film)])
            return
    program = shutil.which(_OPENER)
    if program is None or not sys.stdin.isatty():
        raise Permanent("there is no film player here; install mpv or VLC, or use 'leerblik inbox open'")
    _run([program, str(film)])
    with contextlib.suppress(EOFError):
        input("Press Enter when you have watched it; then it is removed. ")


def _run(command: list[str]) -> None:
    status = subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode
    if status != 0:
        raise Temporary(f"{Path(command[0]).name} could not show the film (it ended with status {status})")
