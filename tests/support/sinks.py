"""A sink that keeps what it is given, for looking at afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from device.ports import AudioBlock, VideoPacket

LIMIT_S = 20.0

T = TypeVar("T")


class CollectingSink:
    """Fulfils ``device.ports.FootageSink``. With ``room`` it takes so many items and then has no room.

    :meth:`wait` waits for a condition instead of a time, and fails the test when it never comes.
    """

    def __init__(self, room: int | None = None) -> None:
        self._changed = threading.Condition()
        self._room = room
        self.packets: list[VideoPacket] = []
        self.blocks: list[AudioBlock] = []
        self.refused = 0
        self.ended = False
        self.camera_problems: list[str] = []
        self.privacy_problems: list[str] = []
        self.microphone_problems: list[str] = []

    def video(self, packet: VideoPacket) -> bool:
        """Keep a packet if there is room."""
        with self._changed:
            return self._take(self.packets, packet)

    def audio(self, block: AudioBlock) -> bool:
        """Keep a block if there is room."""
        with self._changed:
            return self._take(self.blocks, block)

    def _take(self, kept: list[T], item: T) -> bool:
        if self.full():
            self.refused += 1
            return False
        kept.append(item)
        self._changed.notify_all()
        return True

    def full(self) -> bool:
        """Tell whether the next item would be refused."""
        return self._room is not None and len(self.packets) + len(self.blocks) >= self._room

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until :meth:`make_room` was called, if there is none."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.full(), timeout_s)

    def make_room(self, items: int) -> None:
        """Take so many items more."""
        with self._changed:
            self._room = (self._room or 0) + items
            self._changed.notify_all()

    def camera_ended(self) -> None:
        """Note the end of the film."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def camera_failed(self, problem: str) -> None:
        """Note the problem."""
        with self._changed:
            self.camera_problems.append(problem)
            self._changed.notify_all()

    def privacy_failed(self, problem: str) -> None:
        """Note the problem."""
        with self._changed:
            self.privacy_problems.append(problem)
            self._changed.notify_all()

    def microphone_failed(self, problem: str) -> None:
        """Note the problem."""
        with self._changed:
            self.microphone_problems.append(problem)
            self._changed.notify_all()

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition holds; it is looked at again whenever something arrived."""
        with self._changed:
            arrived = self._changed.wait_for(condition, LIMIT_S)
        problems = self.camera_problems + self.microphone_problems
        assert arrived, f"waited in vain for {what}; problems: {problems}"

    def wait_for_packets(self, count: int) -> None:
        """Wait until so many packets are there."""
        self.wait(lambda: len(self.packets) >= count, f"{count} packets, {len(self.packets)} came")

    def wait_for_blocks(self, count: int) -> None:
        """Wait until so many blocks are there."""
        self.wait(lambda: len(self.blocks) >= count, f"{count} blocks, {len(self.blocks)} came")

    def wait_for_end(self) -> None:
        """Wait until the camera said that the film has ended."""
        self.wait(lambda: self.ended, "the end of the film")
