"""The loop of ``leerblik inbox run``: look into the drop box until told to stop."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from device import systemd
from device.domain.errors import LeerblikError
from server_sync.inbox.intake import Intake
from server_sync.inbox.outcome import Outcome, Result
from server_sync.stopping import Stopping

_LOG = logging.getLogger("leerblik.inbox")
_MAX_PAUSE_S = 300.0
_LEVELS = {
    Result.ACCEPTED: logging.INFO,
    Result.REFUSED: logging.ERROR,
    Result.WAITING: logging.WARNING,
    Result.IGNORED: logging.WARNING,
    Result.REMOVED: logging.INFO,
    Result.DESTROYED: logging.INFO,
}


class Daemon:
    """Passes over the drop box every ``poll_interval_s``; says each thing once.

    While something waits for help (a full disk), it looks less and less often, at least every 5 minutes.
    """

    def __init__(self, intake: Intake, poll_interval_s: float) -> None:
        self._intake = intake
        self._poll_interval_s = poll_interval_s
        self._stop = Stopping()
        self._said: set[Outcome] = set()

    def stop(self) -> None:
        """End after the recording at hand. Safe from a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Work until :meth:`stop`."""
        pause_s = self._poll_interval_s
        while not self._stop.is_set():
            systemd.alive()
            helpless = self._pass()
            pause_s = min(2 * pause_s, max(_MAX_PAUSE_S, pause_s)) if helpless else self._poll_interval_s
            self._stop.wait(pause_s)

    def _pass(self) -> bool:
        """Make one pass; return whether something could not be done."""
        seen: set[Outcome] = set()
        try:
            for outcome in self._intake.outcomes():
                systemd.alive()
                seen.add(outcome)
                if outcome not in self._said:
                    log_outcome(outcome)
                if self._stop.is_set():
                    break
        except LeerblikError as error:
            # The whole drop box is out of reach: a disk that is not mounted, another inbox at work.
            seen.add(outcome := Outcome("drop box", Result.WAITING, problem=str(error)))
            if outcome not in self._said:
                log_outcome(outcome)
        self._said = seen
        return any(outcome.result is Result.WAITING for outcome in seen)


def log_outcome(outcome: Outcome) -> None:
    """Write one line about one thing."""
    parts = [outcome.result.value, outcome.recording or outcome.name]
    if outcome.film is not None:
        parts.append(f"film {outcome.film}")
    if outcome.problem:
        parts.append(outcome.problem)
    _LOG.log(_LEVELS[outcome.result], "%s", ": ".join(parts))


@contextmanager
def stopped_by_signals(daemon: Daemon) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the daemon after the recording at hand."""

    def handle(number: int, frame: FrameType | None) -> None:
        daemon.stop()

    before = {each: signal.signal(each, handle) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
