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
from server_sync.push.caller import Caller, OrderRefused
from server_sync.push.rest import wait
from server_sync.push.transport.contract import Transport
from server_sync.push.transport.retry import Backoff
from server_sync.push.uploader import Uploader
from server_sync.stopping import Stopping

PROCESS = "sync"
# Nothing gets better by asking soon: each answer is kept on the coach's machine.
_REFUSED_AGAIN_S = 6 * 3600.0
_log = logging.getLogger(__name__)


class SyncLoop:
    """Runs in one thread until ``stopping`` is set; every error becomes a state that people can read.

    ``all_sent`` is called each time when nothing is left to send; it may end this process. ``try_out`` is called
    before all else and may raise what a transport raises; ``idle`` says how it is when there is nothing to send.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        uploader: Uploader,
        caller: Caller,
        transport: Transport,
        backoff: Backoff,
        poll_interval_s: float,
        stopping: Stopping,
        *,
        pause_while_recording: bool,
        all_sent: Callable[[], None] = lambda: None,
        try_out: Callable[[], None] = lambda: None,
        idle: Callable[[], str] = lambda: "nothing to send",
    ) -> None:
        self._catalogue = catalogue
        self._uploader = uploader
        self._caller = caller
        self._transport = transport
        self._backoff = backoff
        self._poll_interval_s = poll_interval_s
        self._stopping = stopping
        self._pause_while_recording = pause_while_recording
        self._all_sent = all_sent
        self._try_out = try_out
        self._idle = idle
        self._failures = 0
        self._said = ("", "")
        self._not_before_s: dict[str, float] = {}
        self._put_offs: Counter[str] = Counter()
        self._refusals: dict[str, str] = {}

    def run(self) -> None:
        """Work until told to stop."""
        while not self._stopping.is_set():
            wait_s = self.run_once()
            if self._said[0] == "ok":
                self._all_sent()
            wait(self._stopping, wait_s)
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
        self._try_out()
        for recording in self._waiting():
            if self._stopping.is_set():
                return
            if self._not_before_s.get(recording.id, 0.0) > time.monotonic():
                continue
            try:
                self._advance(recording)
            except OrderRefused as error:
                self._refusals[recording.id] = str(error)
                self._not_before_s[recording.id] = time.monotonic() + _REFUSED_AGAIN_S
            except Permanent as error:
                problems.append(str(error))
                self._put_off(recording)
        self._say_how_it_is(problems)

    def _say_how_it_is(self, problems: list[str]) -> None:
        left = self._waiting()
        # A refusal stays to be seen until the recording is gone, though it is seldom asked about.
        problems += [self._refusals[each.id] for each in left if each.id in self._refusals]
        called_back = sum(each.status is Status.WITHDRAWN for each in left)
        if problems:
            self._say("problem", " ".join(problems))
        elif len(left) > called_back:
            number = len(left) - called_back
            self._say("waiting", f"waiting for the receipt of {number} recording(s) from the coach's machine")
        elif left:
            self._say(
                "waiting",
                f"waiting for the coach's machine to destroy {called_back} recording(s), with proof",
            )
        else:
            # No idle connection to the coach's machine: it may want to sleep, and keys may change.
            self._transport.close()
            self._say("ok", self._idle())

    def _advance(self, recording: Recording) -> None:
        self.check_may_go_on()
        if recording.status is Status.WITHDRAWN:
            self._call_back(recording)
            return
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

    def _call_back(self, recording: Recording) -> None:
        if self._caller.has_work(recording) and not self._caller.send(recording):
            return
        try:
            destroyed = self._caller.settle(recording)
        except Refused as error:
            raise Permanent(str(error)) from None
        if destroyed:
            self._refusals.pop(recording.id, None)
            happened(
                _log,
                Happening.DESTROYED,
                f"the coach's machine proved that recording {recording.id} is destroyed there",
                recording=recording.id,
            )

    def _put_off(self, recording: Recording) -> None:
        """Let a recording wait longer each time: the cause may be a card that rots."""
        self._put_offs[recording.id] += 1
        wait_s = self._backoff.ceiling_s(self._put_offs[recording.id])
        self._not_before_s[recording.id] = time.monotonic() + wait_s

    def _waiting(self) -> list[Recording]:
        return self._catalogue.recordings.with_status(Status.RELEASED, Status.UPLOADING, Status.WITHDRAWN)

    def _say(self, state: str, message: str) -> None:
        if self._said != (state, message):
            self._said = (state, message)
            if state == "refused":
                happened(_log, Happening.SEND_REFUSED, message, level=logging.WARNING)
            elif state in ("waiting", "problem"):
                _log.warning("%s", message)
            systemd.status(message)
            self._catalogue.processes.write(PROCESS, state, message)
