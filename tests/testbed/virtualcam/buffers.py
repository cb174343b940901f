"""The virtual camera's buffers: where they lie in memory, and the marks that are written into them."""

from __future__ import annotations

import mmap
import os
from typing import Any

import numpy as np

from .lens import frames_per_second

_maps: dict[int, mmap.mmap] = {}


def draw_marks(request: Any, slot: int) -> None:
    """Write a slot's number, and the flash of a full second, into every stream of a filled request.

    libcamera's pipeline shows each of its JPEG files four times (``frameRepeat``), so the pictures it plays
    cannot tell one frame from the next; these marks can. It is done when the request is complete and before
    picamera2 sees it. NV12 begins with the brightness, one byte a pixel, which is all that the marks need.
    """
    if os.environ.get("VIRTUALCAM_MARKS") == "0":
        return
    from device.drivers import _test_card as card

    rate = frames_per_second()
    lit = slot % rate * 1_000_000_000 < card.FLASH_NS * rate
    for stream, buffer in request.buffers.items():
        size = stream.configuration.size
        memory = _maps[buffer.planes[0].fd]
        luma = np.frombuffer(memory, np.uint8, size.width * size.height).reshape(size.height, size.width)
        card.flash_area(luma)[:] = card.WHITE if lit else card.BLACK
        card.draw_counter(luma, slot)


def allocator(libcamera_allocator: Any) -> Any:
    """Return what stands in for picamera2's DmaAllocator, which makes buffers of one plane.

    The virtual pipeline's have two, so libcamera has to make them. Each is mapped once and stays mapped, as
    with the real one: encoders keep views after the block that synchronises.
    """

    class VirtualAllocator(libcamera_allocator):  # type: ignore[misc]
        needs_sync = False

        def __init__(self) -> None:
            super().__init__(None)
            self.sync = _Mapped

        def allocate(self, libcamera_config: Any, use_case: Any) -> None:
            from picamera2 import Picamera2

            self.camera = next(p.camera for p in Picamera2._cm.cameras.values() if p.allocator is self)
            super().allocate(libcamera_config, use_case)
            for stream in libcamera_config:
                for buffer in self.allocator.buffers(stream.stream):
                    fd = buffer.planes[0].fd
                    _maps[fd] = mmap.mmap(fd, stream.frame_size)

    return VirtualAllocator


class _Mapped:
    """picamera2's Sync: lends the memory of a buffer; there is no cache to keep in step."""

    def __init__(self, allocator: Any, buffer: Any, write: bool) -> None:
        self._memory = _maps[buffer.planes[0].fd]

    def __enter__(self) -> mmap.mmap:
        return self._memory

    def __exit__(self, *why: object) -> None:
        return None

    def get_buffer(self) -> mmap.mmap:
        return self._memory
