"""Brings a camera back while the lesson goes on: closes it and opens it again, until it delivers pictures.

In a thread of its own: a camera that hangs can take seconds to close, and meanwhile sound, button and lights
must go on.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence

from device.domain.consent import Permit
from device.domain.errors import LeerblikError
from device.ports import Camera, Clock, FootageSink

_PAUSES_S = (0.5, 1.0, 2.0, 5.0)
_LOOK_AGAIN_S = 0.2


class Revival:
    """One attempt after the other, from construction until the camera is open or :meth:`stop` is called.

    ``told("camera_open", "")`` when it is open again; ``told("camera_hangs", sentence)`` when it does not even
    close: then nothing but the end of this process helps.
    """

    def __init__(
        self,
        camera: Camera,
        permit: Permit,
        new_inlet: Callable[[], FootageSink],
        clock: Clock,
        told: Callable[[str, str], None],
        pauses_s: Sequence[float] = _PAUSES_S,
    ) -> None:
        self._camera = camera
        self._permit = permit
        self._new_inlet = new_inlet
        self._clock = clock
        self._told = told
        self._pauses_s = pauses_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera-revival", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give up, also in the middle of an attempt; the camera is not touched from here any more after that.

        It may be open then.
        """
        self._stop.set()
        while self._thread.is_alive():
            # A camera that is being opened lets go of that.
            with contextlib.suppress(LeerblikError):
                self._camera.stop()
            self._thread.join(_LOOK_AGAIN_S)

    def join(self) -> None:
        """Return when the camera is not touched from here any more; only after "camera_open"."""
        self._thread.join()

    def _run(self) -> None:
        try:
            self._camera.stop()
        except LeerblikError as error:
            self._told("camera_hangs", str(error))
            return
        attempt = 0
        while not self._stop.wait(self._pauses_s[min(attempt, len(self._pauses_s) - 1)]):
            attempt += 1
            try:
                self._camera.start(self._permit, self._new_inlet(), self._clock.monotonic_ns())
            except LeerblikError as error:
                self._told("camera_still_away", str(error))
            else:
                self._told("camera_open", "")
                return
