"""The recorder's composition root: reads the configuration, names the drivers, and hands out plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from device import __version__, config, drivers
from device.domain.announcer import Lead
from device.domain.errors import Permanent, Temporary
from device.domain.receipt import read_public_key
from device.domain.session import Phase, Rules
from device.domain.trajectory import read_agreement
from device.drivers.board import read_board
from device.footage.packets import NS_PER_S
from device.ports import Board, Clock
from device.recorder.aftercare import Aftercare
from device.recorder.agreements import Agreements
from device.recorder.aiming import Aiming
from device.recorder.booked import Booked
from device.recorder.checkup import Aside, Checkup, in_a_thread
from device.recorder.consequences import Consequences
from device.recorder.desk import Desk, DeskSettings, Machine
from device.recorder.face import Face
from device.recorder.health import Health
from device.recorder.holding import Holding
from device.recorder.judging import Judge, Limits
from device.recorder.keys import Keys
from device.recorder.last_days import LastDays
from device.recorder.late import LateIndicators, LateTriggers
from device.recorder.lesson import LessonSettings
from device.recorder.loop import RecorderLoop
from device.recorder.masks import Masks
from device.recorder.network import Network
from device.recorder.nurse import Nurse
from device.recorder.outlook import Forecast
from device.recorder.reception import Reception, Services
from device.recorder.records import Records
from device.recorder.report import describe
from device.recorder.settings_overlay import SettingsOverlay, defaults_of
from device.recorder.surroundings import Surroundings
from device.recorder.tidings import Tidings
from device.recorder.vigil import Vigil
from device.recorder.warm import Warm
from device.recorder.wiping import Wiping
from device.storage.catalogue import Catalogue, fresh_ulid

# The switch-off and the restart themselves are systemd's: path units wait for these files.
POWER_OFF_NAME = "poweroff"
RESTART_NAME = "restart"
_CATALOGUE_WAITS_S = 0.2


@dataclass(frozen=True, slots=True)
class Folders:
    """All lie on the card but ``runtime``. Only the recorder writes ``own``, only the page writes ``register``."""

    spool: Path
    state: Path
    own: Path
    register: Path
    runtime: Path


@dataclass(frozen=True, slots=True)
class Parts:
    """What a recorder is put together from, whatever chose it. ``gesture`` presses the software button."""

    machine: Machine
    lights: LateIndicators
    buttons: LateTriggers
    settings: DeskSettings
    rules: Rules
    vigil: Vigil
    gesture: Callable[[dict[str, Any]], None]
    overlay: SettingsOverlay
    network: Network
    board: Callable[[], Board] = Board
    lead: Lead = Lead()  # noqa: RUF009  # frozen
    aside: Aside = in_a_thread
    warm_camera: bool = False


@dataclass(frozen=True, slots=True)
class Recorder:
    """A recorder that is put together and does not run yet."""

    loop: RecorderLoop
    desk: Desk
    face: Face
    health: Health
    checkup: Checkup
    aiming: Aiming
    nurse: Nurse
    parts: Parts

    def look_around(self) -> None:
        """Find out what is there and what is missing; a part that comes later is used later."""
        self.checkup.look(self.loop.edge, idle=True)

    def close(self) -> None:
        """Let go of buttons and lights."""
        self.parts.buttons.stop()
        self.parts.lights.close()


def assemble(
    settings: config.Config, clock: Clock, lesson: LessonSettings, folders: Folders, keys: Keys
) -> tuple[Parts, Callable[[Catalogue], Aftercare]]:
    """Return the parts that the configuration names; Permanent when it names something impossible."""
    recorder, coach = settings.table("recorder"), settings.table("coach")
    receipt_key = read_public_key(coach["receipt_key"]) if coach["receipt_key"] else None
    rules = Rules(maximum_ns=round(recorder["maximum_length_s"] * NS_PER_S))
    triggers = {name: _build(settings, "trigger", name) for name in recorder["triggers"]}
    lights = _lights(settings, clock)
    camera = _build(settings, "camera", recorder["camera"])
    microphone = _build(settings, "microphone", recorder["microphone"])
    parts = Parts(
        machine=Machine(camera, microphone, lights, clock),
        lights=lights,
        buttons=LateTriggers(list(triggers.items()), clock),
        settings=DeskSettings(
            spool=folders.spool,
            state=folders.state,
            runtime=folders.runtime,
            language=settings.table("device")["language"],
            reserve_bytes=recorder["reserve_bytes"],
            overrun_s=recorder["overrun_s"],
            discard_window_ns=rules.discard_window_ns,
            keys=keys,
            agreement=read_agreement(settings.table("agreement")),
            register=folders.register,
            own=folders.own,
            lesson=lesson,
            masks=Masks(folders.own, view_of(recorder["camera"], settings)),
        ),
        rules=rules,
        vigil=Vigil(recorder["reserve_bytes"]),
        gesture=partial(_gesture, triggers.get("control_socket")),
        overlay=overlay_of(settings),
        # Beside what is set on the page; its unit alone writes there.
        network=Network(folders.runtime, Path(settings.table("device")["settings_dir"]).with_name("network")),
        board=read_board,
        warm_camera=recorder["warm_camera"],
    )
    cooling_off_s = recorder["cooling_off_s"]
    return parts, lambda catalogue: Aftercare(catalogue, folders.spool, clock, cooling_off_s, receipt_key)


def put_together(
    parts: Parts,
    catalogue: Catalogue,
    aftercare: Aftercare,
    owed: Sequence[str],
    publish: Callable[[dict[str, object]], None],
) -> Recorder:
    """Return the recorder; ``publish`` hands events to whoever follows them.

    ``owed`` are recordings that the catalogue must still hear of, see :class:`Holding`.
    """
    machine, settings = parts.machine, parts.settings
    # From now on there is a button to answer and a watchdog to feed.
    catalogue.wait_at_most(_CATALOGUE_WAITS_S)
    tidings = Tidings(publish)
    health = Health(tidings.part)
    face = Face(machine.indicator, health, tidings, settings.language)
    holding = Holding(catalogue, settings.spool, machine.clock, settings.lesson, owed)

    def light_works() -> bool:
        return parts.lights.works

    agreements = Agreements(settings.register, settings.own, settings.agreement, catalogue, machine.clock)
    judge = Judge(
        agreements, settings.masks, settings.keys, machine.clock,
        Limits(settings.reserve_bytes, settings.overrun_s), lambda: desk.free_bytes(), light_works,  # noqa: PLW0108
    )  # fmt: skip
    # A take-back may stand in lines that cannot be read.
    aftercare.may_release = lambda: agreements.read() is not None
    surroundings = Surroundings(settings, agreements, catalogue, machine.clock, parts.board, __version__)
    consequences = Consequences(
        agreements, catalogue, aftercare, settings.spool, machine.clock, settings.lesson,
        LastDays(settings.own, machine.clock, partial(health.note, "clock")), lambda: holding.owes,
    )  # fmt: skip
    desk = Desk(
        machine, settings, catalogue, aftercare, holding, fresh_ulid, health, tidings, face, judge,
        consequences,
    )  # fmt: skip
    checkup = Checkup(
        machine, desk, health, tidings, parts.lights, parts.buttons, settings.reserve_bytes,
        hears=agreements.hears, aside=parts.aside,
    )  # fmt: skip
    aiming = Aiming(
        machine.camera, machine.clock, settings.masks, face, tidings.tell,
        light_works=light_works, lens_covered=lambda: judge.lens_covered,
    )  # fmt: skip
    face.aiming = lambda: aiming.is_open
    warm = Warm(
        machine.camera, machine.clock, judge, health, tidings.tell, wished=parts.warm_camera, aside=parts.aside
    )  # fmt: skip
    face.warm = lambda: warm.is_on
    nurse = Nurse(desk, parts.vigil, health, tidings, face, light_works=light_works)
    booked = Booked(agreements, settings.own, machine.clock, parts.lead)
    wiping = Wiping(
        settings.lesson.device, settings.runtime, catalogue, machine.clock, face, tidings, settings.language,
        idle=lambda: loop.phase is Phase.IDLE, make_way=aiming.close,
    )  # fmt: skip
    face.wiping = lambda: wiping.is_on
    forecast = Forecast(judge, agreements, booked, aiming, health)
    loop = RecorderLoop(
        desk, face, machine.clock, parts.rules, nurse, checkup, aiming, booked, wiping, warm,
        answer=lambda values: reception.answer(values),  # noqa: PLW0108  # made below
        power_off=lambda: _power_off(settings.runtime, tidings),
    )  # fmt: skip
    services = Services(
        gesture=parts.gesture,
        report=lambda: describe(
            loop.phase,
            loop.planned_end,
            desk,
            catalogue,
            aftercare,
            health,
            face,
            aiming,
            surroundings.describe(loop.pressed_ago_ns, desk.free_bytes(), booked),
        ),
        outlook=lambda values: forecast.describe(values, loop.phase),
        discard=aftercare.discard,
        records=Records(
            agreements, catalogue, aftercare, settings.spool, machine.clock, settings.lesson.recipients
        ),
        keys=settings.keys,
        restart=lambda: _ask_systemd(settings.runtime / RESTART_NAME, "restarted"),
        wipe=wiping.answer,
        settings=lambda values: parts.overlay.answer(values, loop.pressed_ago_ns),
        network=lambda values: parts.network.answer(values, loop.pressed_ago_ns),
        pressed_ago_ns=lambda: loop.pressed_ago_ns,
    )
    parts.overlay.changed = lambda: aftercare.trust(parts.overlay.receipt_key)
    reception = Reception(loop, services, aiming, settings.masks)
    return Recorder(loop, desk, face, health, checkup, aiming, nurse, parts)


def _lights(settings: config.Config, clock: Clock) -> LateIndicators:
    names = settings.table("recorder")["indicators"]
    builders: list[tuple[str, Callable[[], Any]]] = [
        (name, _builder(settings, "indicator", name)) for name in names if name != "none"
    ]
    return LateIndicators(builders, clock)


def _build(settings: config.Config, kind: str, name: str) -> Any:
    return _builder(settings, kind, name)()


def _builder(settings: config.Config, kind: str, name: str) -> Callable[[], Any]:
    """Return what builds a driver; Permanent now, not then, for a name or an option that is wrong."""
    return partial(drivers.load(kind, name).build, settings.driver_options(kind, name))


def overlay_of(settings: config.Config) -> SettingsOverlay:
    """Return what keeps the settings that IT may set on the page."""
    return SettingsOverlay(
        Path(settings.table("device")["settings_dir"]), settings.written, settings.overlay,
        defaults=defaults_of({name: config.defaults(name) for name in ("sync", "coach")}),
        check=partial(config.check_overlay, settings.written), problem=settings.overlay_problem,
    )  # fmt: skip


def view_of(camera: str, settings: config.Config) -> str:
    """Return in one line how a camera looks at the room: masks that were drawn under another cover another place.

    The driver says which of its options matter for that (``VIEW``); one that does not say so: all of them.
    """
    options = settings.driver_options("camera", camera)
    matter = getattr(drivers.load("camera", camera), "VIEW", tuple(options))
    return " ".join([camera, *(f"{name}={options[name]}" for name in sorted(matter))])


def _power_off(runtime: Path, tidings: Tidings) -> None:
    tidings.tell("power_off")
    _ask_systemd(runtime / POWER_OFF_NAME, "switched off")


def _ask_systemd(path: Path, what: str) -> None:
    try:
        path.touch()
    except OSError as error:
        raise Temporary(f"the device cannot be {what}: {error.strerror or error}") from None


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
