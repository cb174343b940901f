"""No microphone: the recordings have no sound."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from device.domain.consent import Permit
from device.domain.settings import Setting
from device.drivers._source import Worker, require_sound
from device.drivers._take import Take
from device.ports import AudioFormat, FootageSink, Level, Microphone

OPTIONS: tuple[Setting, ...] = ()


def build(options: Mapping[str, Any]) -> Microphone:
    """Return the microphone that is not there."""
    return NoMicrophone()


class NoMicrophone:
    """Keeps the rules of a microphone, so that nobody has to ask whether there is one."""

    def __init__(self) -> None:
        self._worker = Worker("missing microphone")

    def format(self) -> AudioFormat | None:
        """Return None: there is no sound."""
        return None

    def missing(self) -> str:
        """Return "": nothing is expected to be there."""
        return ""

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Deliver nothing, under the same conditions as any other microphone."""
        require_sound(permit)

        def come_and_go(stop: threading.Event) -> None:
            with Take("real", permit, sink, origin_ns, stop):
                pass  # a camera that waits for company need not wait for this one

        self._worker.start(come_and_go, sink.microphone_failed)

    def mute(self, muted: bool) -> None:
        """Change nothing."""

    def stop(self) -> None:
        """Be ready to be started again."""
        self._worker.stop()

    def levels(self) -> tuple[Level, ...]:
        """Return none: what is not there is neither loud nor silent."""
        return ()
