"""NetworkManager, asked through its own command: the only thing here that changes a network."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from device.domain.errors import Temporary

UP_WITHIN_S = 60
# What nmcli itself needs beside its wait, on a slow card.
_MORE_S = 20
_LINKS = ("802-3-ethernet", "802-11-wireless")


class Nmcli:
    """``command`` is nmcli, or what stands in for it in a test."""

    def __init__(self, command: str = "nmcli", up_within_s: int = UP_WITHIN_S) -> None:
        self._command = command
        self._up_within_s = up_within_s

    def is_running(self) -> bool:
        """Tell whether NetworkManager is there and looks after the network."""
        try:
            return self._ask("--terse", "--fields", "RUNNING", "general").strip() == "running"
        except Temporary:
            return False

    def load(self, keyfile: Path) -> None:
        """Have a keyfile read; Temporary when NetworkManager does not accept it."""
        self._ask("connection", "load", str(keyfile))

    def reload(self) -> None:
        """Have all keyfiles read again: one that is gone counts no more."""
        self._ask("connection", "reload")

    def knows(self, uuid: str) -> bool:
        """Tell whether there is a connection of this name."""
        return uuid in self._ask("--terse", "--fields", "UUID", "connection", "show").split()

    def up(self, uuid: str) -> None:
        """Wait until a connection is up; Temporary with nmcli's sentence when it is not within a minute."""
        self._ask("--wait", str(self._up_within_s), "connection", "up", "uuid", uuid)

    def begin(self, uuid: str) -> None:
        """Have a connection brought up, without waiting for it."""
        self._ask("--wait", "0", "connection", "up", "uuid", uuid)

    def active(self) -> list[str]:
        """Return the connections over a cable or without one that are up now."""
        lines = self._ask("--terse", "--fields", "UUID,TYPE", "connection", "show", "--active").splitlines()
        return [uuid for uuid, _, kind in (line.partition(":") for line in lines) if kind in _LINKS]

    def _ask(self, *words: str) -> str:
        try:
            done = subprocess.run(
                [self._command, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                timeout=self._up_within_s + _MORE_S, env={**os.environ, "LC_ALL": "C"},
            )  # fmt: skip
        except OSError as error:
            raise Temporary(f"nmcli cannot be run: {error.strerror or error}") from None
        except subprocess.TimeoutExpired:
            raise Temporary("NetworkManager does not answer") from None
        if done.returncode != 0:
            said = done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}"
            # Its libraries may complain as well.
            lines = said.splitlines()
            raise Temporary(next((line for line in lines if line.startswith("Error:")), lines[-1]))
        return done.stdout
