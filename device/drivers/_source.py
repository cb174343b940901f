"""What cameras and microphones have in common: a guarded start and a private thread that delivers."""

from __future__ import annotations

import threading
from collections.abc import Callable

from device.domain.consent import Permit
from device.domain.errors import Busy, LeerblikError, Refused, Temporary

JOIN_LIMIT_S = 10.0


def require_permit(permit: Permit) -> None:
    """Raise TypeError unless this is a Permit: no other object opens a lens or a microphone."""
    if not isinstance(permit, Permit):
        raise TypeError(f"a Permit is needed to record, not {type(permit).__name__}")


def require_sound(permit: Permit) -> None:
    """Like :func:`require_permit`; Refused when the permit is for the picture only."""
    require_permit(permit)
    if not permit.sound:
        raise Refused("this permit does not include sound; record without it or arrange permission for sound")


class Worker:
    """One private thread at a time, which can be started again after :meth:`stop`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, work: Callable[[threading.Event], None], failed: Callable[[str], None]) -> None:
        """Run ``work(stop)`` in a thread; ``failed`` gets the sentence if it raises. Busy until stopped."""
        with self._guard:
            if self._thread is not None:
                raise Busy(f"the {self._name} has already been started; stop it first")
            self._stop = threading.Event()
            arguments = (work, self._stop, failed)
            self._thread = threading.Thread(target=_run, args=arguments, name=self._name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the work and wait until its last call returned. Harmless when not started.

        Called from the thread itself (a sink that stops the camera when the film ended) it only asks.
        Temporary when the work hangs: the caller is better off in a new process.
        """
        with self._guard:
            thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stop.set()
        if thread is threading.current_thread():
            return
        thread.join(JOIN_LIMIT_S)
        if thread.is_alive():
            raise Temporary(f"the {self._name} did not stop within {JOIN_LIMIT_S:g} s; restart the recorder")


def _run(
    work: Callable[[threading.Event], None], stop: threading.Event, failed: Callable[[str], None]
) -> None:
    try:
        work(stop)
    except LeerblikError as error:
        failed(str(error))
    except Exception as error:  # noqa: BLE001  # top of a thread: whatever it was, the recorder must hear of it
        failed(f"{type(error).__name__}: {error}")
