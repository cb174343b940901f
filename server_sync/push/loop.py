"""The sync's loop: looks for work, does it, says how it is, and tries again for ever."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from device import systemd
from device.domain.errors import LeerblikError, Permanent, Refused, Temporary
from device.domain.lifecycle import Status
from device.storage.catalogue import Catalogue, Recording
from device.systemd import Happening, happened
from server_sync.push.rest import wait
from server_sync.push.transport.contract import Transport
from server_sync.push.transport.retry import Backoff
from server_sync.push.uploader import Uploader
from server_sync.stopping import Stopping

PROCESS = "sync"
_log = logging.getLogger(__name__)


class SyncLoop:
    """Runs in one thread until ``stopping`` is set; every error becomes a state that people can read.

    ``all_sent`` is called each time when nothing is left to send; it may end this process.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        uploader: Uploader,
        transport: Transport,
        backoff: Backoff,
        poll_interval_s: float,
        stopping: Stopping,
        *,
        pause_while_recording: bool,
        all_sent: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalogue = catalogue
        self._uploader = uploader
        self._transport = transport
        self._backoff = backoff
        self._poll_interval_s = poll_interval_s
        self._stopping = stopping
        self._pause_while_recording = pause_while_recording
        self._all_sent = all_sent
        self._failures = 0
        self._said = ("", "")
        self._not_before_s: dict[str, float] = {}
        self._put_offs: Counter[str] = Counter()

    def run(self) -> None:
        """Work until told to stop."""
        while not self._stopping.is_set():
            wait_s = self.run_once()
            if self._said[0] == "ok":
                self._all_sent()
            wait(self._stopping, wait_s)
        systemd.stopping()
        self._transport.close()
        self._say("stopped", "the sync is not running")

    def run_once(self) -> float:
        """Do what there is to do now; returns how long to wait in seconds.

        Temporary is raised for one thing only: the catalogue was rebuilt under our hands, and this
        process must be started anew to see the new one.
        """
        self._catalogue.check_is_current()
        try:
            self._work()
        except LeerblikError as error:
            if self._stopping.is_set():
                return 0.0
            self._failures += 1
            self._transport.close()
            self._say("refused" if isinstance(error, Refused) else "waiting", str(error))
            return self._backoff.delay_s(self._failures)
        self._failures = 0
        return self._poll_interval_s

    def check_may_go_on(self) -> None:
        """Raise when an upload must stop now."""
        systemd.alive()
        if self._stopping.is_set():
            raise Temporary("the sync is being stopped")
        if self._pause_while_recording and self._is_recording():
            raise Temporary("a lesson is being recorded; sending waits until it is over")

    def _is_recording(self) -> bool:
        """Ask what the recorder says, not for a recording's status: one may wait for a person in RECORDING."""
        return any(
            p.process == "recorder" and p.state == "recording" for p in self._catalogue.processes.all()
        )

    def _work(self) -> None:
        """Go through all recordings; a fault in one of them does not stop the others."""
        problems: list[str] = []
        for recording in self._waiting():
            if self._stopping.is_set():
                return
            if self._not_before_s.get(recording.id, 0.0) > time.monotonic():
                continue
            try:
                self._advance(recording)
            except Permanent as error:
                problems.append(str(error))
                self._put_off(recording)
        left = len(self._waiting())
        if problems:
            self._say("problem", " ".join(problems))
        elif left:
            self._say("waiting", f"waiting for the receipt of {left} recording(s) from the coach's machine")
        else:
            # No idle connection to the coach's machine: it may want to sleep, and keys may change.
            self._transport.close()
            self._say("ok", "nothing to send")

    def _advance(self, recording: Recording) -> None:
        self.check_may_go_on()
        if self._uploader.has_work(recording):
            self._say("sending", f"sending recording {recording.id}")
            self._uploader.send(recording)
            happened(_log, Happening.SENT, f"recording {recording.id} was sent", recording=recording.id)
        receipt = self._uploader.fetch_receipt(recording)
        if receipt is None:
            return
        try:
            delivered = self._uploader.judge(recording, receipt)
        except Refused as error:
            # Not the server's login, but this one receipt is wrong: the other recordings go on.
            raise Permanent(str(error)) from None
        if delivered:
            happened(
                _log, Happening.DELIVERED, f"recording {recording.id} was delivered", recording=recording.id
            )
        else:
            self._put_off(recording)

    def _put_off(self, recording: Recording) -> None:
        """Let a recording wait longer each time: the cause may be a card that rots."""
        self._put_offs[recording.id] += 1
        wait_s = self._backoff.ceiling_s(self._put_offs[recording.id])
        self._not_before_s[recording.id] = time.monotonic() + wait_s

    def _waiting(self) -> list[Recording]:
        return self._catalogue.recordings.with_status(Status.RELEASED, Status.UPLOADING)

    def _say(self, state: str, message: str) -> None:
        if self._said != (state, message):
            self._said = (state, message)
            if state == "refused":
                happened(_log, Happening.SEND_REFUSED, message, level=logging.WARNING)
            elif state in ("waiting", "problem"):
                _log.warning("%s", message)
            systemd.status(message)
            self._catalogue.processes.write(PROCESS, state, message)
