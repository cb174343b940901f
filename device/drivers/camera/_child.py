"""One process that holds a lens, seen from the recorder: started, listened to, ended by one thread."""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from device.domain.errors import Busy, Permanent, Refused, Stuck, Temporary
from device.drivers.camera._wire import Malformed, Message, Wire
from device.ports import FootageSink, VideoPacket

_INSIDE = "device.drivers.camera._inside"
_CODE = Path(__file__).resolve().parents[3]
_ERRORS = {kind.word: kind for kind in (Refused, Busy, Temporary, Permanent)}
_REAP_S = 1.0
_MOST = 1 << 62
_LONGEST_WAIT_S = 60.0
_log = logging.getLogger(__name__)


class Child:
    """Lives from its construction to :meth:`end`, or until it dies.

    The thread that starts the process must live as long as it: the kernel ends a process whose death was tied to
    its parent when the *thread* that made it is gone.
    """

    def __init__(self, target: str, options: Mapping[str, Any]) -> None:
        ours, self._theirs = socket.socketpair()
        self._wire = Wire(ours)
        self._wire.send("open", target=target, options=dict(options))
        self._answers: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._sink: FootageSink | None = None
        self._filming = self._ending = False
        self.abandoned = False
        self.frames = 0
        self.ended = ""
        self._thread = threading.Thread(target=self._live, name="camera process", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it can still be asked something."""
        return not self.ended and (self._process is None or self._process.poll() is None)

    @property
    def is_calling(self) -> bool:
        """Whether this is called from within a delivery: then no answer can arrive."""
        return threading.current_thread() is self._thread

    @property
    def pid(self) -> int | None:
        """The process, once it was started."""
        return self._process.pid if self._process is not None else None

    def deliver_to(self, sink: FootageSink) -> None:
        """Hand pictures, and problems after a good start, to this sink."""
        self._sink = sink

    def tell(self, order: str, payload: bytes = b"", **values: Any) -> None:
        """Send an order."""
        self._wire.send(order, payload, **values)

    def answer(self, limit_s: float) -> Message:
        """Return the answer to an order; raises the error that it is.

        Temporary when the process died, or hangs (then it is killed).
        """
        try:
            answer = self._answers.get(timeout=limit_s)
        except queue.Empty:
            self.kill(f"the camera did not answer within {limit_s:g} s; check its cable, then try again")
            answer = None
        if answer is None:
            self._answers.put(None)
            raise Temporary(self.ended or "the camera's process ended; try again")
        if answer.kind == "problem":
            raise _ERRORS[answer.values["word"]](answer.values["sentence"])
        return answer

    def end(self, limit_s: float) -> None:
        """Close the lens and end the process, by force after so many seconds; then nothing is delivered any more.

        Stuck when not even force ends it: the kernel holds it in a call to the camera.
        """
        self._ending = True
        if self.is_calling:
            self._end_from_within(limit_s)
            return
        self._wire.send("stop")
        self._thread.join(limit_s)
        if self._thread.is_alive() and not self.ended:
            _log.warning("the camera did not close within %g s; its process is killed", limit_s)
            self.kill("the camera's process was killed")
            self._thread.join(limit_s)
        self._sink = None
        if self._thread.is_alive():
            raise Stuck("the camera's process cannot be ended; switch the device off and on again")

    def kill(self, why: str) -> None:
        """End the process at once; the lens closes with it. Whoever waits for an answer waits no longer."""
        self.ended = self.ended or why
        if self._process is not None:
            self._process.kill()
        self._answers.put(None)

    def abandon(self) -> None:
        """Kill it because nobody wants it any more, from any thread; that is no failure of the camera."""
        self.abandoned = self._ending = True
        self.kill("the camera was stopped while it was being opened")

    def _end_from_within(self, limit_s: float) -> None:
        """A sink ends the camera in the middle of a delivery: there is nothing to wait for but the death."""
        self._sink = None
        self.kill("the camera was stopped")
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(limit_s)

    # --- the thread

    def _live(self) -> None:
        try:
            process = self._process = self._spawn()
            if self.ended:
                process.kill()  # it was killed before it was there
        except OSError as error:
            self.ended = f"the camera's process could not be started ({error.strerror}); try again"
        else:
            try:
                self._listen()
            finally:
                self._bury(process)
        finally:
            self._theirs.close()
            self._wire.close()
        self._answers.put(None)
        sink = self._sink
        if self._filming and not self._ending and sink is not None:
            sink.camera_failed(self.ended)

    def _spawn(self) -> subprocess.Popen[bytes]:
        # Run from where our code lies: -m looks there first, and nowhere that a stranger can write.
        process = subprocess.Popen(
            [sys.executable, "-m", _INSIDE, str(self._theirs.fileno()), str(os.getpid())],
            pass_fds=[self._theirs.fileno()], cwd=_CODE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            process_group=0,
        )  # fmt: skip
        self._theirs.close()  # or its end would never be seen
        return process

    def _listen(self) -> None:
        while True:
            try:
                message = self._wire.receive()
                if message is None:
                    return
                _check(message)
            except Malformed as error:
                _log.warning("what the camera's process said cannot be read: %s", error)
                self.kill("the camera's process said something unintelligible; check the camera's cable")
                return
            self._hear(message)

    def _hear(self, message: Message) -> None:
        values, sink = message.values, self._sink
        if message.kind in ("done", "problem"):
            self._filming = self._filming or bool(values.get("filming"))
            self._answers.put(message)
        elif message.kind == "dropped":
            _log.warning("the recorder was too slow: %d pictures were dropped", values["pictures"])
        elif message.kind == "stopped":
            self.frames = values["frames"]
        elif sink is not None:
            self._pass_on(message, sink)

    def _pass_on(self, message: Message, sink: FootageSink) -> None:
        values = message.values
        if message.kind == "video":
            self.frames = values["frames"]
            sink.video(VideoPacket(message.payload, values["pts_ns"], values["key"]))
        elif message.kind == "room":
            self._wire.send("room", room=sink.wait_for_room(values["timeout_s"]))
        elif message.kind == "ended":
            sink.camera_ended()
        elif message.kind == "failed":
            sink.camera_failed(values["problem"])
        elif message.kind == "privacy":
            sink.privacy_failed(values["problem"])

    def _bury(self, process: subprocess.Popen[bytes]) -> None:
        """Return when the process is dead. It said its last word, or nobody listens to it any more."""
        try:
            code = process.wait(_REAP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        self.ended = self.ended or _how(code)


def _how(code: int) -> str:
    what = f"exit {code}"
    if code < 0:
        what = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"the camera's process ended by itself ({what}); check the camera's cable and the power supply"


def _check(message: Message) -> None:
    """Raise Malformed unless a message of its kind has these values."""
    values = message.values
    match message.kind, values:
        case ("done" | "ended", _):
            return
        case ("problem", {"word": str(word), "sentence": str()}) if word in _ERRORS:
            return
        case ("failed" | "privacy", {"problem": str()}):
            return
        case ("video", {"pts_ns": int(), "key": bool(), "frames": int()}):
            fine = bool(message.payload) and 0 <= values["pts_ns"] < _MOST
        case ("dropped", {"pictures": int()}) | ("stopped", {"frames": int()}):
            return
        case ("room", {"timeout_s": int() | float()}):
            fine = 0 <= values["timeout_s"] <= _LONGEST_WAIT_S
        case _:
            fine = False
    if not fine:
        raise Malformed(f"no '{message.kind}' has these values")
