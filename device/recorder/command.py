"""``leerblik recorder``: puts the recording process together. The only place that names its drivers."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import signal
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from device import config, drivers
from device.domain.errors import Busy, Permanent, Temporary
from device.domain.receipt import read_public_key
from device.domain.session import Rules
from device.domain.trajectory import Agreement, LegalBasis, Stage
from device.drivers.clock.system import SystemClock
from device.footage.packets import NS_PER_S
from device.footage.seal import read_recipient
from device.ports import Trigger
from device.recorder.aftercare import Aftercare
from device.recorder.control import SOCKET_NAME, ControlServer
from device.recorder.desk import Desk, DeskSettings, Machine
from device.recorder.indicators import Indicators
from device.recorder.lesson import LessonSettings
from device.recorder.loop import RecorderLoop
from device.recorder.report import describe
from device.recorder.review_key import review_recipient
from device.recorder.vigil import Vigil
from device.storage.catalogue import FILE_NAME, Catalogue, fresh_ulid
from device.storage.recovery import adopt_all, open_catalogue

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
    spool, state, runtime = (_make_folder(Path(device[f"{k}_dir"])) for k in ("spool", "state", "runtime"))
    lock = _lock(runtime)
    clock = SystemClock()
    lesson = _lesson_settings(settings, runtime)
    catalogue = open_catalogue(state / FILE_NAME)
    adopt_all(catalogue, spool, lesson.recipients, boot_id=clock.boot_id(), now_ns=clock.monotonic_ns())
    loop, triggers, control = _assemble(settings, clock, catalogue, lesson, spool, runtime)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    for trigger in triggers:
        trigger.start(loop.edge)
    control.start()
    try:
        loop.run()
    except Exception:  # noqa: BLE001  # top of the process: whatever it was, systemd starts it anew
        # A camera that hangs cannot be closed from here: only the end of the process closes the lens.
        _log.critical("the recorder ends, to be started anew", exc_info=True)
        os._exit(_CRASHED)
    for trigger in triggers:
        trigger.stop()
    control.close()
    catalogue.close()
    os.close(lock)
    return 0


def _assemble(
    settings: config.Config,
    clock: SystemClock,
    catalogue: Catalogue,
    lesson: LessonSettings,
    spool: Path,
    runtime: Path,
) -> tuple[RecorderLoop, list[Trigger], ControlServer]:
    recorder, coach = settings.table("recorder"), settings.table("coach")
    receipt_key = read_public_key(coach["receipt_key"]) if coach["receipt_key"] else None
    if not set(recorder["indicators"]) - {"none"}:
        raise Permanent(
            'recorder.indicators names no light; nothing is recorded without one, see ["gpio_led"]'
        )
    triggers = {name: _build(settings, "trigger", name) for name in recorder["triggers"]}
    machine = Machine(
        camera=_build(settings, "camera", recorder["camera"]),
        microphone=_build(settings, "microphone", recorder["microphone"]),
        indicator=Indicators([_build(settings, "indicator", name) for name in recorder["indicators"]]),
        clock=clock,
    )
    rules = Rules(maximum_ns=round(recorder["maximum_length_s"] * NS_PER_S))
    desk_settings = DeskSettings(
        spool=spool,
        language=settings.table("device")["language"],
        reserve_bytes=recorder["reserve_bytes"],
        discard_window_ns=rules.discard_window_ns,
        coach_key_present=bool(coach["recipient"]),
        agreement=read_agreement(settings.table("agreement")),
        lesson=lesson,
    )
    aftercare = Aftercare(catalogue, spool, clock, recorder["cooling_off_s"], receipt_key)
    finger = triggers.get("control_socket")
    control: ControlServer
    desk = Desk(
        machine,
        desk_settings,
        catalogue,
        aftercare,
        fresh_ulid,
        publish=lambda event: control.publish(event),  # noqa: PLW0108  # made below
    )
    loop = RecorderLoop(
        desk, clock, rules, Vigil(recorder["reserve_bytes"]),
        gesture=lambda values: _gesture(finger, values),
        report=lambda phase, desk: describe(phase, desk, catalogue, aftercare),
        discard=aftercare.discard,
    )  # fmt: skip
    control = ControlServer(runtime / SOCKET_NAME, loop.ask)
    return loop, list(triggers.values()), control


def _build(settings: config.Config, kind: str, name: str) -> Any:
    return drivers.load(kind, name).build(settings.driver_options(kind, name))


def _gesture(finger: Any, values: dict[str, Any]) -> None:
    """Carry out a press that came over the control socket."""
    if finger is None:
        raise Permanent('presses from software are off; add "control_socket" to recorder.triggers')
    gesture = values.get("gesture", "single")
    if gesture == "single":
        finger.press()
    elif gesture == "double":
        finger.double_press()
    elif gesture == "hold" and isinstance(values.get("seconds"), int | float) and 0 < values["seconds"] <= 60:
        finger.hold(float(values["seconds"]))
    else:
        raise Permanent("a gesture is single, double, or hold with seconds between 0 and 60")


def _lesson_settings(settings: config.Config, runtime: Path) -> LessonSettings:
    recorder = settings.table("recorder")
    return LessonSettings(
        device=settings.table("device")["name"],
        recipients=_recipients(settings.table("coach"), runtime),
        segment_s=recorder["segment_s"],
        audio_bitrate_bps=recorder["audio_bitrate_bps"],
    )


def _recipients(coach: dict[str, Any], runtime: Path) -> list[X25519PublicKey]:
    texts = [coach[key] for key in ("recipient", "recovery_recipient") if coach[key]]
    review = review_recipient(runtime)
    return [read_recipient(text) for text in (*texts, *([review] if review else []))]


def read_agreement(table: dict[str, Any]) -> Agreement | None:
    """Return the agreement in the configuration, or None when nothing was agreed."""
    if not table["trajectory"] and not table["group"]:
        return None
    days = [date.fromisoformat(table[key]) for key in ("valid_from", "valid_until")]
    same = (
        "group",
        "group_agreed",
        "objecting_pupils",
        "arrangement",
        "trajectory",
        "learning_question",
        "sound",
    )
    return Agreement(
        teachers=tuple(table["teachers"]),
        teachers_agreed=tuple(table["teachers_agreed"]),
        stage=Stage(table["stage"]),
        legal_basis=LegalBasis(table["legal_basis"]),
        valid_from=days[0],
        valid_until=days[1],
        **{key: table[key] for key in same},
    )


def _make_folder(path: Path) -> Path:
    try:
        path.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise Temporary(f"the folder {path} cannot be made: {error.strerror}") from None
    return path


def _lock(runtime: Path) -> int:
    """Make sure that this is the only recorder here."""
    fd = os.open(runtime / "recorder.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise Busy("a recorder is running here already") from None
    return fd
