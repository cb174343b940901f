"""What leaves a camera's process: in order, from a thread of its own, so that a slow reader never stops the lens."""

from __future__ import annotations

import threading
from collections import deque

from device.drivers.camera._wire import Message, Wire
from device.ports import VideoPacket

MAX_BYTES = 8 << 20
MAX_PACKETS = 300


class Outbox:
    """A bounded queue. Pictures that find no room are dropped up to the next key frame, counted and told."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._changed = threading.Condition()
        self._waiting: deque[Message] = deque()
        self._packets = self._bytes = self._dropped = 0
        self._dropping = self._held = self._busy = False
        threading.Thread(target=self._run, name="outbox", daemon=True).start()

    def put(self, message: Message) -> None:
        """Send a message after everything that is already waiting."""
        with self._changed:
            self._waiting.append(message)
            self._changed.notify_all()

    def put_video(self, packet: VideoPacket, frames: int) -> bool:
        """Send a picture, or drop it and return False."""
        with self._changed:
            full = self._packets >= MAX_PACKETS or self._bytes >= MAX_BYTES
            if full or (self._dropping and not packet.key):
                self._dropping = True
                self._dropped += 1
                return False
            if self._dropping:
                self._waiting.append(Message("dropped", {"pictures": self._dropped}))
                self._dropping, self._dropped = False, 0
            values = {"pts_ns": packet.pts_ns, "key": packet.key, "frames": frames}
            self._waiting.append(Message("video", values, packet.data))
            self._packets += 1
            self._bytes += len(packet.data)
            self._changed.notify_all()
            return True

    def hold(self) -> None:
        """Keep everything back until :meth:`release`."""
        with self._changed:
            self._held = True

    def release(self, first: Message) -> None:
        """Send this before all that was kept back."""
        with self._changed:
            self._waiting.appendleft(first)
            self._held = False
            self._changed.notify_all()

    def flush(self) -> None:
        """Return when everything was sent."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._busy)

    def _run(self) -> None:
        while True:
            message = self._next()
            self._wire.send(message.kind, message.payload, **message.values)
            with self._changed:
                self._busy = False
                if message.kind == "video":
                    self._packets -= 1
                    self._bytes -= len(message.payload)
                self._changed.notify_all()

    def _next(self) -> Message:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting and not self._held)
            self._busy = True
            return self._waiting.popleft()
