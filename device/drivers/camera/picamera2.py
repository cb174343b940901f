"""The camera module of a Raspberry Pi, through picamera2; this file alone imports it, when the lens is opened.

The recorder holds :func:`build`'s camera, whose libraries live in a process of their own; :func:`open_lens` is
what that process builds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from device.domain.consent import AimLeave, Permit, WarmLeave
from device.domain.errors import Busy, LeerblikError, Permanent, Temporary
from device.domain.mask import Polygon
from device.domain.settings import Setting
from device.drivers._source import require_permit
from device.drivers.camera import _sensor
from device.drivers.camera._apart import ApartCamera
from device.drivers.camera._boards import AUTO, PRESETS, Preset, choose, read_model
from device.drivers.camera._leave import require_leave, require_warm_leave
from device.drivers.camera._options import KEYFRAME_INTERVAL
from device.drivers.camera._outlet import Outlet
from device.ports import Camera, FootageSink, VideoFormat

if TYPE_CHECKING:
    from device.drivers.camera._curtain import Cover

OPTIONS = (
    Setting(
        "preset", str, "size, rate and bitrate; auto chooses what this board holds", AUTO, "720p25",
        choices=(AUTO, *PRESETS),
    ),
    Setting("width", int, "width of the picture in pixels, even; 0 for the preset's", 0, 1920, 0, 4096),
    Setting("height", int, "height of the picture in pixels, even; 0 for the preset's", 0, 1080, 0, 4096),
    Setting("frame_rate", float, "frames per second; 0 for the preset's", 0.0, 25.0, 0.0, 120.0),
    Setting(
        "bitrate_bps", int, "size of the footage in bits per second; 0 for the preset's",
        0, 4_000_000, 0, 100_000_000,
    ),
    KEYFRAME_INTERVAL,
    Setting("camera_index", int, "which camera, where several are connected", 0, 1, 0, 15),
    Setting("rotation", str, "degrees by which the camera hangs turned", "0", "180", choices=("0", "180")),
    Setting("mirror", bool, "swap left and right", False, True),
    Setting("full_view", bool, "use the sensor's widest view, also if another mode is sharper", True, False),
    Setting("hdr", bool, "high dynamic range, on camera modules that have it", False, True),
    Setting("autofocus", str, "on modules that can focus", "continuous", "off", choices=("continuous", "off")),
    Setting(
        "anti_flicker", str, "the frequency of the mains, against banding under lamps", "50Hz", "60Hz",
        choices=("50Hz", "60Hz", "off"),
    ),
)  # fmt: skip

# Size and rate as well: with them the sensor's mode changes, and with that how much of the room it sees.
VIEW = (
    "camera_index", "rotation", "mirror", "full_view", "hdr", "preset", "width", "height", "frame_rate",
)  # fmt: skip
_HARDWARE_ENCODER = "/dev/video11"
_PICTURES = ("main", "lores")
# Exposure and focus need some frames after the lens was opened.
_SETTLING_FRAMES = 12
_ENCODER_THREADS = 2


def verify(options: Mapping[str, Any]) -> None:
    """Raise Permanent when the settings contradict each other, or the size is odd."""
    choose(options, "")


def build(options: Mapping[str, Any]) -> Camera:
    """Return the camera, in a process of its own; Permanent when the settings contradict each other."""
    choose(options, "")
    return ApartCamera("device.drivers.camera.picamera2:open_lens", options)


def open_lens(options: Mapping[str, Any]) -> Camera:
    """Return the camera as the process that holds it knows it; nothing is opened yet."""
    return PiCamera(choose(options, read_model()), options)


@dataclass(frozen=True, slots=True)
class _Granted:
    """What the camera gives: pixels, their layout in libcamera's words, and frames per second."""

    form: VideoFormat
    pixel_format: str


class PiCamera:
    """One picamera2 at a time. Not for the recorder's process: closing it can hang."""

    def __init__(self, preset: Preset, options: Mapping[str, Any]) -> None:
        from device.drivers.camera._curtain import Curtain

        self._preset = preset
        self._options = options
        self._curtain = Curtain()
        self._cover: Cover | None = None
        self._granted: _Granted | None = None
        self._camera: Any = None  # a Picamera2
        self._filming = self._prepared = False
        self._frames = 0

    def format(self) -> VideoFormat:
        """Return what it delivers; the lens is asked, but shows nothing."""
        if self._granted is not None:
            return self._granted.form
        self._open()
        form = self._must_have_granted().form
        self.stop()
        return form

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Open the lens and encode; Temporary when the camera is absent or taken."""
        require_permit(permit)
        if self._camera is not None and not self._prepared:
            raise Busy("the camera has already been started; stop it first")
        self._frames = 0
        camera = self._camera if self._prepared else self._open()
        self._prepared, granted = False, self._must_have_granted()
        self._hang(sink.privacy_failed, aiming=False)
        with _sentences("started"):
            encoder = _make_encoder(
                self._preset.bitrate_bps, granted.form, self._options["keyframe_interval_s"]
            )
            outlet = Outlet(encoder, sink, origin_ns, self._count)
            camera.start_recording(encoder, _output(outlet.take))
        self._filming = True

    def blank(self, blanked: bool) -> None:
        """Deliver black pictures until told otherwise."""
        self._curtain.blank(blanked)

    def mask(self, polygons: Sequence[Polygon]) -> None:
        """Paint these areas black from the next start and the next still on."""
        self._curtain.mask(polygons)

    def aim(self, leave: AimLeave) -> bytes:
        """Return a picture of this moment; the lens stays open."""
        require_leave(leave)
        if self._filming:
            raise Busy("the camera is recording; a still can be had when the lesson is over")
        settled = self._camera is not None and not self._prepared
        if self._camera is None:
            self._open()
        self._prepared = False
        problems: list[str] = []
        self._hang(problems.append, aiming=True)
        with _sentences("opened"):
            if not settled:
                self._camera.start()
                for _ in range(_SETTLING_FRAMES):
                    self._camera.capture_request().release()
            picture = self._capture()
        if problems:
            raise Permanent(problems[0])
        return picture

    def prepare(self, leave: WarmLeave) -> None:
        """Open and configure the camera, and load the encoder; the sensor does not run, so there is no picture."""
        require_warm_leave(leave)
        if self._camera is not None and not self._prepared:
            raise Busy("the camera is in use; it need not be held ready")
        if self._camera is None:
            self._open()
            self._prepared = True
            _load_encoders()

    def is_prepared(self) -> bool:
        """Tell whether it stands ready."""
        return self._prepared

    def stop(self) -> None:
        """Close the lens; can hang (picamera2 #1264), and only the end of the process helps then."""
        camera, self._camera = self._camera, None
        filming, self._filming = self._filming, False
        self._prepared = False
        if camera is not None:
            if filming:
                camera.stop_recording()
            camera.close()

    def frames(self) -> int:
        """Return how many pictures left the encoder since the start: they stop when either of them hangs."""
        return self._frames

    def _count(self) -> None:
        self._frames += 1

    def _open(self) -> Any:
        options = self._options
        camera = self._camera = _open_camera(options["camera_index"], hdr=options["hdr"])
        try:
            with _sentences("configured"):
                self._granted = _configure(camera, self._preset, options)
        except LeerblikError:
            self.stop()
            raise
        return camera

    def _must_have_granted(self) -> _Granted:
        assert self._granted is not None
        return self._granted

    def _hang(self, failed: Callable[[str], None], *, aiming: bool) -> None:
        """Let every picture pass the curtain before anything else sees it."""
        form = self._must_have_granted().form
        self._cover = self._curtain.hang(form.width, form.height, failed, aiming=aiming)
        self._camera.pre_callback = self._draw

    def _draw(self, request: Any) -> None:
        """Paint every stream of a picture. What cannot be painted raises: then picamera2 hands nothing on."""
        from picamera2 import MappedArray

        from device.drivers.camera import _paint

        cover = self._cover
        if cover is None or cover.idle:
            return
        try:
            for stream in _PICTURES:
                if request.config.get(stream) is None:
                    continue
                form = request.config[stream]
                with MappedArray(request, stream) as mapped:
                    cover.draw(_paint.layers(mapped.array, form["format"], *form["size"]))
        except Exception as error:
            cover.fail(error)
            raise

    def _capture(self) -> bytes:
        from picamera2 import MappedArray

        from device.drivers.camera._paint import layers
        from device.drivers.camera._still import jpeg, planar

        granted = self._must_have_granted()
        request = self._camera.capture_request()
        try:
            with MappedArray(request, "main", write=False) as mapped:
                form = granted.form
                planes = planar(layers(mapped.array, granted.pixel_format, form.width, form.height))
        finally:
            request.release()
        return jpeg(planes)


class _sentences:  # noqa: N801  # reads as a phrase: with _sentences("opened")
    """Turns what picamera2 and libcamera raise into a sentence a person can act on."""

    def __init__(self, done: str) -> None:
        self._done = done

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (RuntimeError, OSError, ValueError)):
            raise Temporary(
                f"the camera could not be {self._done} ({error}); check that no other program uses it, then its cable"
            ) from error


def _open_camera(index: int, *, hdr: bool) -> Any:
    # libcamera reads it when it is loaded; it tells at every start what it found otherwise.
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:WARN")
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        raise Permanent(
            f"picamera2 cannot be loaded ({error}); install python3-picamera2 of Raspberry Pi OS"
        ) from error
    with _sentences("opened"):
        cameras = Picamera2.global_camera_info()
        if not cameras:
            raise Temporary("no camera was found; check its cable, then switch the device off and on again")
        if index >= len(cameras):
            raise Temporary(
                f"there is no camera number {index}, only {len(cameras)} (from 0); check its cable or camera_index"
            )
        if hdr:
            _switch_hdr(cameras[index])
        return Picamera2(index)


def _switch_hdr(camera: Mapping[str, Any]) -> None:
    """Switch it on in the sensor, before the camera is opened; Permanent when this module has none."""
    if "imx708" not in camera["Model"]:
        raise Permanent(f"the camera module {camera['Model']} has no HDR of its own; set hdr = false")
    from picamera2.devices.imx708 import IMX708

    with IMX708(camera["Num"]) as sensor:
        sensor.set_sensor_hdr_mode(True)


def _configure(camera: Any, preset: Preset, options: Mapping[str, Any]) -> _Granted:
    """Set size, mode and controls; Permanent when the camera does not give what was asked for."""
    from libcamera import Transform

    size = (preset.width, preset.height)
    turned = options["rotation"] == "180"
    transform = Transform(hflip=turned != options["mirror"], vflip=turned)
    mode = _sensor.widest_mode(camera.sensor_modes, size, preset.frame_rate) if options["full_view"] else None
    # No queue: a still is always of a picture that came after it was asked for.
    asked = camera.create_video_configuration(
        main={"size": size, "format": "YUV420"}, transform=transform, queue=False, **({"sensor": mode} if mode else {})
    )  # fmt: skip
    camera.configure(asked)
    granted = camera.camera_configuration()
    given, pixel_format = granted["main"]["size"], granted["main"]["format"]
    if tuple(given) != size:
        raise Permanent(f"the camera gives no pictures of {_by(size)}; set width and height to {_by(given)}")
    if granted["transform"] != transform:
        raise Permanent(
            'this camera cannot turn or mirror its picture; set rotation = "0" and mirror = false'
        )
    if pixel_format not in ("YUV420", "NV12"):
        raise Permanent(
            f"the camera gives pictures in {pixel_format}, which cannot be masked; choose another camera"
        )
    offered = camera.camera_controls
    camera.set_controls(
        _sensor.controls(
            offered, preset.frame_rate, autofocus=options["autofocus"], anti_flicker=options["anti_flicker"]
        )
    )
    rate = _sensor.actual_rate(offered, preset.frame_rate)
    return _Granted(VideoFormat(preset.width, preset.height, rate), pixel_format)


def _by(size: Sequence[int]) -> str:
    return f"{size[0]}x{size[1]}"


def _load_encoders() -> None:
    """Load what a press would otherwise have to wait for."""
    from picamera2 import encoders, outputs  # noqa: F401


def _make_encoder(bitrate_bps: int, form: VideoFormat, keyframe_interval_s: float) -> Any:
    """Return the Pi's own encoder, or libx264 where there is none (Pi 5)."""
    from picamera2.encoders import H264Encoder, LibavH264Encoder

    rate = Fraction(form.frame_rate).limit_denominator(1000)
    asked = {
        "bitrate": bitrate_bps, "repeat": True, "framerate": rate,
        "iperiod": max(1, round(form.frame_rate * keyframe_interval_s)),
    }  # fmt: skip
    if H264Encoder is not LibavH264Encoder and os.path.exists(_HARDWARE_ENCODER):  # noqa: PTH110  # no path of ours
        return H264Encoder(**asked)
    encoder = LibavH264Encoder(**asked)
    # Each thread of libx264 holds one picture back.
    encoder.threads = _ENCODER_THREADS
    return encoder


def _output(take: Callable[[bytes, int | None], None]) -> Any:
    """Return an Output of picamera2 that hands every access unit on."""
    from picamera2.outputs import Output

    class Handover(Output):  # type: ignore[misc]  # picamera2 has no types
        def outputframe(
            self, frame: bytes, *details: Any, timestamp: int | None = None, **others: Any
        ) -> None:
            """Take what the encoder gives: (keyframe, timestamp, packet, audio), in place or by name."""
            take(bytes(frame), details[1] if len(details) > 1 else timestamp)

    return Handover()
