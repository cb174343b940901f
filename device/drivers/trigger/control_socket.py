"""A finger made of software: what the control socket, the web page and the schedule press with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from device.domain.errors import Busy, Temporary
from device.domain.settings import Setting
from device.ports import Edge

OPTIONS: tuple[Setting, ...] = ()

PRESS_S = 0.05
PAUSE_S = 0.1


def build(options: Mapping[str, Any]) -> ControlSocketTrigger:
    """Return the trigger; whoever listens on the socket calls its gestures."""
    return ControlSocketTrigger()


class ControlSocketTrigger:
    """Each gesture returns at once and plays in real time; Busy while one is going on. It is nobody's hand."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._on_edge: Callable[[Edge], None] | None = None
        self._stop = threading.Event()
        self._finger: threading.Thread | None = None

    def start(self, on_edge: Callable[[Edge], None]) -> None:
        """Begin to report gestures."""
        with self._guard:
            if self._on_edge is not None:
                raise Busy("the control socket's trigger has already been started; stop it first")
            self._on_edge = on_edge
            self._stop = threading.Event()

    def stop(self) -> None:
        """Report nothing more; a gesture that is going on is left unfinished."""
        with self._guard:
            finger, self._finger = self._finger, None
            self._on_edge = None
            self._stop.set()
        if finger is not None and finger is not threading.current_thread():
            finger.join()

    def press(self, hold_s: float = PRESS_S) -> None:
        """Press once and let go after ``hold_s`` seconds."""
        self._gesture((hold_s,))

    def double_press(self) -> None:
        """Press twice, quickly."""
        self._gesture((PRESS_S, PAUSE_S, PRESS_S))

    def hold(self, seconds: float) -> None:
        """Keep the button down for so many seconds."""
        self._gesture((seconds,))

    def _gesture(self, lengths_s: tuple[float, ...]) -> None:
        """Play a gesture: down, up, down and so on, each for its length; the last one is down."""
        with self._guard:
            if self._on_edge is None:
                raise Temporary("the recorder does not listen to presses yet; try again in a moment")
            if self._finger is not None and self._finger.is_alive():
                raise Busy("the button is still being pressed; wait until it is up again")
            arguments = (lengths_s, self._on_edge, self._stop)
            self._finger = threading.Thread(target=_play, args=arguments, name="finger", daemon=True)
            self._finger.start()


def _play(lengths_s: tuple[float, ...], on_edge: Callable[[Edge], None], stop: threading.Event) -> None:
    for index, length_s in enumerate(lengths_s):
        if stop.is_set():
            return
        on_edge(Edge(index % 2 == 0, time.monotonic_ns(), by_hand=False))
        stop.wait(length_s)
    if not stop.is_set():
        on_edge(Edge(len(lengths_s) % 2 == 0, time.monotonic_ns(), by_hand=False))
