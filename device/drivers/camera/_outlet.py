"""From an encoder of picamera2 to the footage: complete access units with the sensor's time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from device.drivers.camera._annexb import Headers
from device.drivers.camera._stamps import Timeline
from device.ports import FootageSink, VideoPacket


class Outlet:
    """Turns what the encoder puts out into packets: headers in every key frame, stamps of the sensor."""

    def __init__(self, encoder: Any, sink: FootageSink, origin_ns: int, count: Callable[[], None]) -> None:
        self._encoder = encoder
        self._sink = sink
        self._origin_ns = origin_ns
        self._count = count
        self._headers = Headers()
        self._timeline = Timeline()
        self._begun = False

    def take(self, data: bytes, since_first_us: int | None) -> None:
        """Deliver one access unit; what lies before the first key frame after the origin is left out."""
        if since_first_us is None:
            return
        # The encoder counts from its first picture, whose stamp by the sensor it keeps.
        pts_ns = self._timeline.monotonic_ns((self._encoder.firsttimestamp + since_first_us) * 1000)
        complete = self._headers.complete(data)
        if complete is None:
            return
        access_unit, key = complete
        if not self._begun:
            if not key or pts_ns < self._origin_ns:
                return
            self._begun = True
        self._count()
        self._sink.video(VideoPacket(access_unit, pts_ns, key))
