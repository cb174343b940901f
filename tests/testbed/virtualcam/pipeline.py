"""Changes libcamera's Python binding so that its virtual pipeline can stand in for a Pi's camera."""

from __future__ import annotations

import enum
import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import libcamera

from . import lens
from .buffers import draw_marks


class _Platform(enum.Enum):
    """What picamera2 tells apart: up to Pi 4 with its encoder for H.264, and Pi 5 without one."""

    VC4 = 0
    PISP = 1


_lenses: dict[str, lens.Lens] = {}
# Slot and time of what each buffer shows, by its descriptor. A request's own object is made anew by the binding.
_shown: dict[int, tuple[int, int]] = {}


def stand_in() -> None:
    """Make the changes; once, before picamera2 is imported."""
    _without_a_screen()
    _choose_platform()
    _offer_what_a_camera_offers()
    _run_at_a_pace()
    _tell_what_was_shown()


def _without_a_screen() -> None:
    """``kms`` is Raspberry Pi's own package, and only the preview on a screen uses it."""
    module: Any = ModuleType("kms")
    module.PixelFormats = type("PixelFormats", (), {"__getattr__": lambda _self, name: name})()
    sys.modules["kms"] = module


def _choose_platform() -> None:
    """Without a Pi's image processor picamera2 takes the machine for a Pi 4, unless told otherwise."""
    wanted = os.environ.get("VIRTUALCAM_PLATFORM")
    if wanted:
        module: Any = ModuleType("picamera2.platform")
        module.Platform = _Platform
        module.get_platform = lambda: _Platform[wanted]
        sys.modules["picamera2.platform"] = module


def _offer_what_a_camera_offers() -> None:
    """picamera2 asks every camera for raw pictures when it opens it; this pipeline has none and refuses."""
    roles = libcamera.StreamRole
    real_generate = libcamera.Camera.generate_configuration
    real_cameras = libcamera.CameraManager.cameras

    def generate(camera: Any, wanted: list[Any]) -> Any:
        return real_generate(camera, [roles.VideoRecording if role == roles.Raw else role for role in wanted])

    def cameras(manager: Any) -> list[Any]:
        return [] if lens.is_absent() else list(real_cameras.fget(manager))

    libcamera.Camera.generate_configuration = generate
    libcamera.CameraManager.cameras = property(cameras)


def _run_at_a_pace() -> None:
    """This pipeline completes a request the moment it is queued: let it wait for its slot."""
    camera_type = libcamera.Camera
    real_queue, real_start, real_stop = camera_type.queue_request, camera_type.start, camera_type.stop

    def lens_of(camera: Any) -> lens.Lens:
        def expose(request: Any, slot: int, time_ns: int) -> None:
            for buffer in request.buffers.values():
                _shown[buffer.planes[0].fd] = (slot, time_ns)
            real_queue(camera, request)

        if camera.id not in _lenses:
            _lenses[camera.id] = lens.Lens(expose)
        return _lenses[camera.id]

    def start(camera: Any, *arguments: Any) -> None:
        real_start(camera, *arguments)
        lens_of(camera).open()

    def stop(camera: Any) -> None:
        lens.hang_while_told()
        lens_of(camera).close()
        real_stop(camera)

    camera_type.queue_request = lambda camera, request: lens_of(camera).queue(request)
    camera_type.start = start
    camera_type.stop = stop


def _tell_what_was_shown() -> None:
    """Number the pictures, and stamp them with the time of their slot, as a sensor's driver would.

    libcamera 0.4.0 leaves a virtual buffer's metadata uninitialised (picamera2 would drop frames by chance),
    and a buffer that a stop once cancelled stays marked as cancelled.
    """
    real_ready = libcamera.CameraManager.get_ready_requests
    real_metadata = libcamera.Request.metadata

    def ready(manager: Any) -> list[Any]:
        requests: list[Any] = real_ready(manager)
        for request in requests:
            slot, _ = _shown_in(next(iter(request.buffers.values())))
            draw_marks(request, slot)
        return requests

    libcamera.CameraManager.get_ready_requests = ready
    libcamera.Request.metadata = property(lambda request: _Metadata(request, real_metadata.fget(request)))
    libcamera.Request.status = property(lambda _request: libcamera.Request.Status.Complete)
    libcamera.FrameBuffer.metadata = property(_buffer_metadata)


class _Metadata:
    """A request's metadata, with the slot's time as the sensor's time stamp."""

    def __init__(self, request: Any, real: Any) -> None:
        _, self._time_ns = _shown_in(next(iter(request.buffers.values())))
        self._real = real

    def __getitem__(self, key: Any) -> Any:
        return self._time_ns if key == libcamera.controls.SensorTimestamp else self._real[key]

    def items(self) -> list[tuple[Any, Any]]:
        return [(key, self[key]) for key, _ in self._real.items()]


def _buffer_metadata(buffer: Any) -> SimpleNamespace:
    slot, time_ns = _shown_in(buffer)
    return SimpleNamespace(
        status=libcamera.FrameMetadata.Status.Success,
        sequence=slot,
        timestamp=time_ns,
        planes=[SimpleNamespace(bytes_used=plane.length) for plane in buffer.planes],
    )


def _shown_in(buffer: Any) -> tuple[int, int]:
    return _shown.get(buffer.planes[0].fd, (0, 0))
