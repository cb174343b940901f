"""There is no recording without a light that the room sees, neither at its start nor later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from device import config
from device.domain.errors import Permanent, Temporary
from device.domain.session import Phase
from device.domain.settings import Table
from device.drivers import load
from device.drivers.clock.system import SystemClock
from device.ports import Indicator, Signal
from device.recorder.assembly import Folders, Parts, assemble
from device.recorder.keys import Keys
from device.recorder.late import LateIndicators
from device.recorder.lesson import LessonSettings
from device.recorder.vigil import Ailment, Vigil
from tests.recorder.test_vigil import PLENTY, Lesson, S
from tests.support.clock import HandClock
from tests.support.material import recipients
from tests.support.recorder import Unit


def ask(unit: Unit, do: str, **values: Any) -> dict[str, Any]:
    return unit.ask(do, **values)


def missing(unit: Unit) -> dict[str, str]:
    return {each["part"]: each["message"] for each in ask(unit, "status")["missing"]}


def pass_s(unit: Unit, seconds: float) -> None:
    """Let time pass in which pictures and sound come."""
    unit.clock.pass_s(seconds)
    if unit.lens.sink is not None and unit.lens.open:
        unit.lens.seen += 1
    unit.loop._do_chores()


class Lamp:
    def __init__(self, *, works: bool = True) -> None:
        self.shown: list[Signal] = []
        self.works = works

    def show(self, signal: Signal) -> None:
        self.shown.append(signal)

    def close(self) -> None:
        self.shown.append(Signal.OFF)


# --- all lights as one


def test_a_light_that_comes_later_shows_at_once_what_is_the_case() -> None:
    clock, lamp, problems = HandClock(), Lamp(), [Temporary("no chip"), Temporary("no chip")]
    notes: dict[str, str] = {}

    def build() -> Lamp:
        if problems:
            raise problems.pop()
        return lamp

    lights = LateIndicators([("gpio_led", build)], clock)
    for sentence in ("no chip", "no chip", ""):
        lights.try_again(notes.__setitem__)
        assert notes == {"light gpio_led": sentence, "light": ""}
        lights.show(Signal.RECORDING)
        clock.pass_s(5)
    assert (lamp.shown[0], lights.works) == (Signal.RECORDING, True)


def test_a_light_that_can_never_work_is_said_and_left_alone_and_the_others_work() -> None:
    clock, tried, notes = HandClock(), [], dict[str, str]()
    module = load("indicator", "gpio_led")
    options = Table("indicator", "a test", module.OPTIONS).read({"led_pin": "GPIO99"})

    def wrong() -> Indicator:
        tried.append(clock.ns)
        light: Indicator = module.build(options, pin_factory=MockFactory())
        return light

    builders: list[tuple[str, Callable[[], Indicator]]] = [("gpio_led", wrong), ("gpio_rgb", Lamp)]
    lights = LateIndicators(builders, clock)
    for _ in range(40):
        lights.try_again(notes.__setitem__)
        clock.pass_s(0.5)
    assert len(tried) == 1
    assert "no pin 'GPIO99'" in notes.pop("light gpio_led")
    assert notes == {"light gpio_rgb": "", "light": ""}
    assert lights.works


def test_a_light_that_goes_dark_is_missing_until_it_can_be_lit_again() -> None:
    lamp, notes = Lamp(), dict[str, str]()
    lights = LateIndicators([("gpio_led", lambda: lamp)], HandClock())
    lights.try_again(notes.__setitem__)
    assert (lights.works, notes["light gpio_led"]) == (True, "")
    lamp.works = False
    lights.try_again(notes.__setitem__)
    assert (lights.works, "cannot be lit" in notes["light gpio_led"]) == (False, True)
    lamp.works = True
    lights.try_again(notes.__setitem__)
    assert (lights.works, notes["light gpio_led"]) == (True, "")


def test_what_nobody_sees_is_no_light_and_the_device_says_so_before_anybody_presses() -> None:
    notes: dict[str, str] = {}
    lights = LateIndicators([("console", lambda: Lamp(works=False))], HandClock())
    lights.try_again(notes.__setitem__)
    assert not lights.works
    assert (notes.get("light console", ""), "in_view = true" in notes["light"]) == ("", True)


# --- what a configuration makes of it


def _parts(folder: Path, toml: str) -> Parts:
    settings = folder / "leerblik.toml"
    settings.write_text(
        f'[device]\nname = "d"\nruntime_dir = "{folder}"\n[recorder]\ncamera = "synthetic"\n{toml}', "utf-8"
    )
    lesson = LessonSettings("d", recipients(), 30.0, 64_000)
    parts, _ = assemble(
        config.load(str(settings)), SystemClock(), lesson, Folders(*[folder] * 5), Keys(folder, "", "", None)
    )
    return parts


@pytest.mark.parametrize(("toml", "works"), [("", False), ("[indicator.console]\nin_view = true\n", True)])
def test_lines_on_a_terminal_are_a_light_only_where_the_configuration_says_so(
    tmp_path: Path, toml: str, works: bool
) -> None:
    lights = _parts(tmp_path, toml).lights
    lights.try_again(lambda *_: None)
    assert lights.works is works
    lights.close()


@pytest.mark.parametrize(
    "toml",
    [
        'indicators = ["gpio_lamp"]\n',
        'indicators = ["gpio_led"]\n[indicator.gpio_led]\nled_pin = 27\n',
        'indicators = ["none"]\n',
    ],
)
def test_a_light_that_is_named_wrongly_is_the_configurations_fault_and_ends_the_start(
    tmp_path: Path, toml: str
) -> None:
    with pytest.raises(Permanent):
        _parts(tmp_path, toml)


# --- a lesson


def test_nothing_is_recorded_without_a_light(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.light.works = False
    answer = ask(unit, "start")
    assert answer["error"] == "refused"
    assert answer["message"].startswith("No light works that the class can see")
    assert "recorder.indicators" in answer["message"]
    assert unit.lens.permits == []
    unit.run()


def test_a_lesson_whose_last_light_goes_dark_ends_after_three_seconds_and_says_why(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    ask(unit, "start")
    pass_s(unit, 1)
    unit.light.works = False
    for _ in range(3):
        assert unit.loop.phase is Phase.RECORDING
        pass_s(unit, 1)
    assert unit.loop.phase is Phase.RECORDING
    pass_s(unit, 1)
    assert (unit.loop.phase, unit.lens.open) == (Phase.IDLE, False)
    assert list(missing(unit)) == ["light watched"]
    (stopped,) = [event for event in unit.events.seen if event["event"] == "stopped"]
    assert str(stopped["message"]).startswith("Stopped: the light failed")
    assert [row["status"] for row in ask(unit, "status")["recordings"]] == ["held"]
    assert ask(unit, "start")["error"] == "refused"
    unit.light.works = True
    pass_s(unit, 1)
    assert missing(unit) == {}
    assert ask(unit, "start")["ok"] is True
    unit.run()


def test_a_light_that_fails_for_a_moment_ends_no_lesson(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    ask(unit, "start")
    for second in range(20):
        unit.light.works = second % 3 == 2
        pass_s(unit, 1)
        assert unit.loop.phase is Phase.RECORDING
    unit.run()


def test_a_light_that_comes_back_is_watched_anew() -> None:
    vigil, lesson, seen = Vigil(0), Lesson(sound_blocks=None), []
    for second, works in enumerate([True, False, False, True, *[False] * 4, True]):
        lesson.pictures = (lesson.pictures or 0) + 1
        seen.append(vigil.look(lesson, PLENTY, second * S, light_works=works))
    assert seen == [*[None] * 7, Ailment.NO_LIGHT, None]
