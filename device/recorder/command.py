"""``leerblik recorder``: the recording process from its start to its end."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import signal
from pathlib import Path

from device import config
from device.domain.errors import Busy, Refused, Temporary
from device.domain.wiping import ORDER_NAME, UNFINISHED_NAME
from device.drivers.clock.system import SystemClock
from device.recorder import going_on
from device.recorder.assembly import Folders, assemble, put_together
from device.recorder.control import SOCKET_NAME, ControlServer
from device.recorder.keys import Keys
from device.recorder.lesson import LessonSettings
from device.recorder.review_key import review_recipient
from device.storage import ballast
from device.storage.catalogue import FILE_NAME
from device.storage.recovery import adopt_all, open_catalogue
from device.systemd import Happening, happened

SUMMARY = "run the recording process: camera, sound, button, lights"
_CRASHED = 70
_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")


def run(arguments: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C; a lesson that is being recorded is finished first."""
    settings = config.load(arguments.config)
    device = settings.table("device")
    check_not_wiping(Path(device["wiped_dir"]))
    places = ("spool", "state", "recorder", "runtime")
    spool, state, own, runtime = (_make_folder(Path(device[f"{place}_dir"])) for place in places)
    lock = _lock(runtime)
    clock = SystemClock()
    ballast.drop_when_full(state)
    catalogue = open_catalogue(state / FILE_NAME)
    coach = settings.table("coach")
    keys = Keys(own, coach["recipient"], coach["recovery_recipient"], review_recipient(runtime))
    lesson = _lesson_settings(settings, keys)
    unfinished = going_on.read(runtime)
    if unfinished is not None and not unfinished.may_go_on(clock.boot_id(), clock.monotonic_ns()):
        unfinished = None
    adopted = adopt_all(
        catalogue, spool, lesson.recipients, boot_id=clock.boot_id(), now_ns=clock.monotonic_ns(),
        except_for=unfinished.recording if unfinished else None,
    )  # fmt: skip
    parts, care = assemble(
        settings, clock, lesson, Folders(spool, state, own, Path(device["register_dir"]), runtime), keys
    )
    recorder = put_together(
        parts, catalogue, care(catalogue), adopted.postponed,
        publish=lambda event: control.publish(event),  # noqa: PLW0108  # made next
    )  # fmt: skip
    control = ControlServer(runtime / SOCKET_NAME, recorder.loop.ask)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: recorder.loop.stop())
    control.start()
    try:
        recorder.look_around()
        if unfinished is not None:
            recorder.loop.go_on(unfinished)
        recorder.loop.run()
    except Exception:  # noqa: BLE001  # top of the process: whatever it was, systemd starts it anew
        # A camera that hangs cannot be closed from here: only the end of the process closes the lens.
        happened(_log, Happening.CRASHED, "the recorder ends, to be started anew", level=logging.CRITICAL)
        _log.critical("this is why", exc_info=True)
        os._exit(_CRASHED)
    recorder.close()
    control.close()
    catalogue.close()
    os.close(lock)
    return 0


def check_not_wiping(folder: Path) -> None:
    """Raise Refused when a wipe was begun and did not come to its end: a device is never half wiped and records."""
    for name in (ORDER_NAME, UNFINISHED_NAME):
        if (folder / name).exists():
            raise Refused(
                f"this device is being wiped, or could not be wiped completely (see {folder}): "
                "'sudo leerblik wipe' finishes it"
            )


def _lesson_settings(settings: config.Config, keys: Keys) -> LessonSettings:
    recorder = settings.table("recorder")
    return LessonSettings(
        device=settings.table("device")["name"],
        recipients=keys.recipients,
        segment_s=recorder["segment_s"],
        audio_bitrate_bps=recorder["audio_bitrate_bps"],
    )


def _make_folder(path: Path) -> Path:
    try:
        path.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise Temporary(f"the folder {path} cannot be made: {error.strerror}") from None
    return path


def _lock(runtime: Path) -> int:
    """Make sure that this is the only recorder here."""
    fd = os.open(runtime / "recorder.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise Busy("a recorder is running here already") from None
    return fd
