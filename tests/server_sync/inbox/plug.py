"""The plug of the coach's machine, to be pulled at any step."""

from __future__ import annotations

import os

from server_sync.inbox.disk import Disk
from tests.server_sync.inbox.conftest import Coach

_DEAD = 9


class Plug(Disk):
    """Counts the steps, and ends the process without a word at one of them."""

    def __init__(self, at: int | None = None) -> None:
        self._at = at
        self.steps: list[str] = []

    def step(self, name: str) -> None:
        if len(self.steps) == self._at:
            os._exit(_DEAD)
        self.steps.append(name)


def died(coach: Coach, at: int) -> bool:
    """Work in a process of its own that dies at a step; tell whether it did."""
    pid = os.fork()
    if pid == 0:
        try:
            coach.work(Plug(at))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == _DEAD
