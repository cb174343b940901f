"""The empty folder that sshd wants to lock itself into when root starts it.

Debian's sshd has ``/run/sshd`` compiled in and normally gets it from its systemd unit. Where no such
unit ran, it is made here and removed by the last of our servers, also when several processes run some:
each holds a shared lock on the folder, and its mode tells that it is ours.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

_FOLDER = Path("/run/sshd")
_OUR_MODE = 0o711  # sshd's own is 0755; both are fine with it


class PrivilegeSeparation:
    """Holds the folder between :meth:`take` and :meth:`release`; does nothing for an ordinary user."""

    def __init__(self) -> None:
        self._lock: int | None = None

    def take(self) -> None:
        """See to it that the folder is there, and stays."""
        while os.geteuid() == 0 and self._lock is None:
            with suppress(FileExistsError):
                _FOLDER.mkdir()
                _FOLDER.chmod(_OUR_MODE)  # mkdir would subtract the umask
            try:
                lock = os.open(_FOLDER, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                continue  # the last other server removed it this very moment
            fcntl.flock(lock, fcntl.LOCK_SH)
            if _still_there(lock):
                self._lock = lock
            else:
                os.close(lock)

    def release(self) -> None:
        """Let go; remove the folder when it is ours and nobody else holds it. Harmless twice."""
        lock, self._lock = self._lock, None
        if lock is None:
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock).st_mode & 0o777 == _OUR_MODE and _still_there(lock):
                _FOLDER.rmdir()
        except OSError:
            pass  # somebody else holds it, or put something into it: then it is not ours to remove
        finally:
            os.close(lock)


def _still_there(lock: int) -> bool:
    return os.fstat(lock).st_nlink > 0
