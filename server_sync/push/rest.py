"""How the sync waits: telling systemd that it lives, and giving back the memory that only sending needs.

Python never unloads a library. When all is sent, the process starts itself anew in its own place: same
process id, same unit, no child to look after. Everything it knows is in the catalogue.
"""

from __future__ import annotations

import logging
import os
import signal
import sys

from device import systemd
from server_sync.stopping import Stopping

# Told to stop, a process that is about to start anew must still hear it afterwards.
ENDING = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger(__name__)


def wait(stopping: Stopping, seconds: float) -> bool:
    """Wait so long, or until told to stop; tell whether that was so. Feeds systemd's watchdog meanwhile."""
    watchdog_s = systemd.watchdog_s()
    while not stopping.is_set():
        systemd.alive()
        slice_s = seconds if watchdog_s is None else min(seconds, watchdog_s / 4)
        stopping.wait(slice_s)
        seconds -= slice_s
        if seconds <= 0:
            break
    return stopping.is_set()


def hear_endings(stopping: Stopping) -> None:
    """Let SIGTERM and Ctrl-C raise the flag, also those that came while this process started anew."""
    for number in ENDING:
        signal.signal(number, lambda *_: stopping.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def start_anew(stopping: Stopping) -> None:
    """Start this same command anew in this process; returns only when told to stop meanwhile.

    Signals stay blocked, and so kept, until :func:`hear_endings` of the new start.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    if stopping.is_set():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        return
    _log.debug("all is sent; starting anew without what only sending needs")
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # ourselves, unchanged
