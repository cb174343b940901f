"""The process that holds a lens: it builds the real driver and does what the recorder's end asks.

Started by ``device.drivers.camera._apart`` with a socket and the recorder's process number. It ends with the
recorder, however that ends: by the end of the socket, and by the kernel when Python cannot look at it.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import pickle
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from device.domain.errors import LeerblikError, Temporary
from device.drivers.camera._outbox import Outbox
from device.drivers.camera._wire import Message, Wire
from device.ports import AudioBlock, Camera, VideoPacket

_PR_SET_PDEATHSIG = 1
_NS_PER_S = 1_000_000_000
# How long the lens may take to close by itself when a leave is over; then the kernel ends the process.
_CLOSING_S = 2.0
_log = logging.getLogger(__name__)


class RemoteSink:
    """The recorder's sink, as the driver in this process sees it."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._answered = threading.Condition()
        self._asking = False
        self._room = False
        self.camera: Camera | None = None

    def video(self, packet: VideoPacket) -> bool:
        """Send a picture on its way, or return False: it was dropped and counted."""
        return self._outbox.put_video(packet, self.camera.frames() if self.camera else 0)

    def audio(self, block: AudioBlock) -> bool:
        """Refuse sound: a camera has none."""
        return False

    def wait_for_room(self, timeout_s: float) -> bool:
        """Ask the recorder, behind every picture that is on its way."""
        with self._answered:
            if not self._asking:
                self._asking = True
                self._outbox.put(Message("room", {"timeout_s": timeout_s}))
            self._answered.wait_for(lambda: not self._asking, timeout_s)
            return not self._asking and self._room

    def answer(self, *, room: bool) -> None:
        """Hear what the recorder says about its room."""
        with self._answered:
            self._asking, self._room = False, room
            self._answered.notify_all()

    def camera_ended(self) -> None:
        """Pass it on."""
        self._outbox.put(Message("ended"))

    def camera_failed(self, problem: str) -> None:
        """Pass it on."""
        self._outbox.put(Message("failed", {"problem": problem}))

    def privacy_failed(self, problem: str) -> None:
        """Pass it on."""
        self._outbox.put(Message("privacy", {"problem": problem}))

    def microphone_failed(self, problem: str) -> None:
        """Mean nothing: a camera has no microphone."""


class Inside:
    """Does one order after the other; the order to stop is the last.

    Blanking does not wait for its turn: it takes hold also while the lens is being opened.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._outbox = Outbox(wire)
        self._sink = RemoteSink(self._outbox)
        self._orders: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._building = threading.Lock()
        self._target = ""
        self._options: dict[str, Any] = {}
        self._camera: Camera | None = None
        self._blanked = False
        self._until_ns: int | None = None
        self._aims = False

    def run(self) -> None:
        """Return when told to stop, or when the time for aiming or for standing ready is over."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        while True:
            try:
                order = self._orders.get(timeout=self._left_s())
            except queue.Empty:
                order = Message("stop")
            if order.kind == "stop":
                self._stop()
                return
            self._obey(order)

    def _listen(self) -> None:
        """Take orders; when the recorder is gone, so is this process."""
        while (order := self._wire.receive()) is not None:
            if order.kind == "open":
                self._target, self._options = order.values["target"], order.values["options"]
            elif order.kind == "room":
                self._sink.answer(room=order.values["room"])
            elif order.kind == "blank":
                self._blank(blanked=order.values["blanked"])
                if order.values["answer"]:
                    self._outbox.put(Message("done"))
            else:
                if order.kind == "start":
                    self._blank(blanked=order.values["blanked"])
                self._orders.put(order)
        os._exit(0)

    def _blank(self, *, blanked: bool) -> None:
        with self._building:
            self._blanked = blanked
            if self._camera is not None:
                self._camera.blank(blanked)

    def thread_died(self, death: threading.ExceptHookArgs) -> None:
        """Tell at once that a thread of the camera's library is gone: without it no picture comes any more."""
        _log.error("a thread of the camera died", exc_info=death.exc_value)
        self._sink.camera_failed(f"the camera failed ({death.exc_type.__name__}: {death.exc_value})")

    def _left_s(self) -> float | None:
        if self._until_ns is None:
            return None
        return max(0.001, (self._until_ns - time.monotonic_ns()) / _NS_PER_S)

    def _stop(self) -> None:
        if self._camera is not None:
            self._camera.stop()
        self._outbox.put(Message("stopped", {"frames": self._camera.frames() if self._camera else 0}))
        self._outbox.flush()

    def _obey(self, order: Message) -> None:
        if order.kind == "start":
            # The recorder hears that the lens is open before it sees the first picture.
            self._outbox.hold()
            self._outbox.release(self._answer(order))
        else:
            self._outbox.put(self._answer(order))

    def _answer(self, order: Message) -> Message:
        try:
            return getattr(self, f"_do_{order.kind}")(order)  # type: ignore[no-any-return]
        except LeerblikError as error:
            return _problem(error)
        except Exception as error:  # noqa: BLE001  # top of a process: whatever it was, the recorder hears of it
            _log.error("the camera failed", exc_info=True)
            return _problem(
                Temporary(f"the camera failed ({type(error).__name__}: {error}); check its cable")
            )

    def _do_format(self, order: Message) -> Message:
        form = self._built().format()
        return Message("done", {"format": [form.width, form.height, form.frame_rate]})

    def _do_start(self, order: Message) -> Message:
        camera = self._built()
        if self._aims:
            camera.stop()
        self._leave_until(None)
        camera.mask(_polygons(order))
        camera.start(_unpickled(order), self._sink, order.values["origin_ns"])
        return Message("done", {"filming": True})

    def _do_aim(self, order: Message) -> Message:
        camera, leave = self._built(), _unpickled(order)
        self._leave_until(leave.until_ns, aims=True)
        camera.mask(_polygons(order))
        return Message("done", {}, camera.aim(leave))

    def _do_prepare(self, order: Message) -> Message:
        camera, leave = self._built(), _unpickled(order)
        self._leave_until(leave.until_ns)
        camera.prepare(leave)
        return Message("done")

    def _leave_until(self, until_ns: int | None, *, aims: bool = False) -> None:
        """Close the lens then. The alarm ends this process also when the driver hangs in C and holds the GIL."""
        self._until_ns, self._aims = until_ns, aims
        left_s = self._left_s()
        signal.setitimer(signal.ITIMER_REAL, 0 if left_s is None else left_s + _CLOSING_S)

    def _built(self) -> Camera:
        if self._camera is None:
            module, _, function = self._target.partition(":")
            camera: Camera = getattr(importlib.import_module(module), function)(self._options)
            with self._building:
                camera.blank(self._blanked)
                self._camera = self._sink.camera = camera
        return self._camera


def _problem(error: LeerblikError) -> Message:
    return Message("problem", {"word": error.word, "sentence": str(error)})


def _polygons(order: Message) -> list[tuple[tuple[int, int], ...]]:
    return [tuple((x, y) for x, y in polygon) for polygon in order.values["polygons"]]


def _unpickled(order: Message) -> Any:
    # From the recorder, through a socket that nobody else has.
    return pickle.loads(order.payload)  # noqa: S301


def _end_with(parent: int) -> None:
    """Let the kernel end this process when the thread that started it is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def main(words: Sequence[str]) -> None:
    """Run until the end; leaves no time to libraries that may hang in their own clearing up."""
    number, parent = (int(word) for word in words)
    _end_with(parent)
    # The recorder ends a lesson on SIGTERM and Ctrl-C; until then it needs the camera.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format="camera: %(message)s")
    inside = Inside(Wire(socket.socket(fileno=number)))
    threading.excepthook = inside.thread_died
    inside.run()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
