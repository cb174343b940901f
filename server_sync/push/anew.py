"""How the sync learns that IT changed the settings on the page: it looks at their file, and starts itself anew.

It tries the coach's machine once after each change, also when there is nothing to send: so the page can tell whether
the settings are right before the first lesson waits for them.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from server_sync.push.names import receipt_name
from server_sync.push.rest import ENDING
from server_sync.push.transport.contract import Transport
from server_sync.stopping import Stopping

LOOK_EVERY_S = 2.0
IDLE = "nothing to send"
ANSWERED = "nothing to send; the coach's machine answered when it was tried"
# Survives the start anew that gives memory back.
_TRIED = "LEERBLIK_SYNC_TRIED"
_LIMIT_BYTES = 1 << 20


class Ending(Stopping):
    """Raised by whoever ends the sync (``told``), and by settings that changed."""

    def __init__(self) -> None:
        super().__init__()
        self.told = Stopping()

    def set(self) -> None:
        """End for good."""
        self.told.set()
        super().set()

    def begin_anew(self) -> None:
        """End only to begin anew."""
        Stopping.set(self)


def mark_of(path: Path | None) -> str:
    """Return what is another text after each change of a file; "" while there is none."""
    try:
        found = None if path is None else path.stat()
    except OSError:
        found = None
    return "" if found is None else f"{found.st_ino}.{found.st_mtime_ns}"


def changed_s(path: Path | None) -> float:
    """Return the wall time in seconds of a file's last change; 0 while there is none."""
    try:
        return 0.0 if path is None else path.stat().st_mtime
    except OSError:
        return 0.0


def watch(path: Path | None, mark: str, ending: Ending) -> None:
    """Let ``ending`` know when a file is another than its ``mark`` said; looks from a thread of its own."""
    if path is not None:
        threading.Thread(target=_look, args=(path, mark, ending), name="settings", daemon=True).start()


def _look(path: Path, mark: str, ending: Ending) -> None:
    # Else a signal could come to this thread while the other one starts the process anew, and be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    while not ending.wait(LOOK_EVERY_S):
        if mark_of(path) != mark:
            ending.begin_anew()


class TryOut:
    """Asks the coach's machine for a receipt that there is not, once for each mark; ``words``: how it is when idle."""

    def __init__(self, transport: Transport, name: str, mark: str) -> None:
        """``name`` is one that was never used: a ULID."""
        self._transport = transport
        self._name = receipt_name(name)
        self._mark = mark

    @property
    def words(self) -> str:
        """Return what to say when there is nothing to send."""
        return ANSWERED if self._mark and os.environ.get(_TRIED) == self._mark else IDLE

    def __call__(self) -> None:
        """Ask, unless these settings were tried already; raises what the transport raises."""
        if self._mark and os.environ.get(_TRIED) != self._mark:
            self._transport.read_receipt(self._name, _LIMIT_BYTES)
            os.environ[_TRIED] = self._mark
