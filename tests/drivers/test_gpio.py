"""Buttons, switches and lights on gpiozero's mock chip, and on a machine that has none."""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gpiozero
import pytest
from gpiozero.exc import BadPinFactory, PinUnknownPi
from gpiozero.pins.mock import MockFactory, MockPWMPin
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import LeerblikError, Permanent, Temporary
from device.domain.settings import Table
from device.drivers import _gpio, load, names
from device.drivers.indicator._patterns import COLOURS, HIGH_HZ, LOW_HZ
from device.drivers.trigger._gpio import Contact, _OneAtATime
from device.ports import Button, Edge, Signal
from tests.support.waiting import Collector

LED = {"led_pin": "GPIO27", "buzzer_pin": "GPIO22"}


@pytest.fixture
def chip() -> Iterator[MockFactory]:
    factory = MockFactory(pin_class=MockPWMPin)
    yield factory
    factory.close()


def _trigger(driver: str, chip: Any, **options: Any) -> Any:
    module = load("trigger", driver)
    return module.build(Table("trigger", "a test", module.OPTIONS).read(options), pin_factory=chip)


def _button(chip: Any, **options: Any) -> Any:
    return _trigger("gpio_button", chip, **options)


def _light(chip: Any, driver: str = "gpio_led", **options: Any) -> Any:
    module = load("indicator", driver)
    return module.build(
        Table("indicator", "a test", module.OPTIONS).read(options), pin_factory=chip, hurry=50.0
    )


def test_a_press_that_bounces_twenty_times_is_one_press(chip: MockFactory) -> None:
    edges: Collector[Edge] = Collector()
    button = _button(chip, bounce_time_ms=100)
    button.start(edges)
    for _ in range(10):
        chip.pin("GPIO17").drive_low()
        chip.pin("GPIO17").drive_high()
    chip.pin("GPIO17").drive_low()
    edges.wait(1)
    chip.pin("GPIO17").drive_high()
    edges.wait(2)
    button.stop()
    assert [edge.down for edge in edges.seen] == [True, False]


def test_a_button_to_three_volts_is_down_when_the_pin_is_high(chip: MockFactory) -> None:
    edges: Collector[Edge] = Collector()
    button = _button(chip, pull_up=False, bounce_time_ms=1)
    button.start(edges)
    chip.pin("GPIO17").drive_high()
    edges.wait(1)
    button.stop()
    assert edges.seen[0].down


def test_a_button_that_was_held_before_the_start_must_come_up_first(chip: MockFactory) -> None:
    edges: Collector[Edge] = Collector()
    button = _button(chip, bounce_time_ms=1)
    chip.pin("GPIO17").drive_low()
    button.start(edges)
    chip.pin("GPIO17").drive_low()
    chip.pin("GPIO17").drive_high()
    threading.Event().wait(0.02)  # long enough for a wrong edge to settle
    chip.pin("GPIO17").drive_low()
    edges.wait(1)
    button.stop()
    assert [edge.down for edge in edges.seen] == [True]


# --- a switch in the lens cover


def _cover(chip: Any, **options: Any) -> Any:
    return _trigger("gpio_cover", chip, bounce_time_ms=5, **options)


def test_a_lens_that_is_covered_at_the_start_is_reported_before_anything_else_can_happen(
    chip: MockFactory,
) -> None:
    edges: Collector[Edge] = Collector()
    cover = _cover(chip, pull=False)
    chip.pin("GPIO24").drive_low()
    cover.start(edges)
    assert [(edge.down, edge.button) for edge in edges.seen] == [(True, Button.COVER)]
    chip.pin("GPIO24").drive_high()
    edges.wait(2)
    cover.stop()
    assert [edge.down for edge in edges.seen] == [True, False]


def test_a_lens_that_is_not_covered_at_the_start_is_reported_when_it_is(chip: MockFactory) -> None:
    edges: Collector[Edge] = Collector()
    cover = _cover(chip)
    cover.start(edges)
    assert edges.seen == []
    chip.pin("GPIO24").drive_low()
    edges.wait(1)
    cover.stop()
    assert edges.seen[0].down


def test_a_cover_that_moves_while_its_first_edge_is_reported_is_not_missed(chip: MockFactory) -> None:
    seen: Collector[Edge] = Collector()

    def uncover(edge: Edge) -> None:
        if edge.down:
            chip.pin("GPIO24").drive_high()
        seen(edge)

    cover = _cover(chip, pull=False)
    chip.pin("GPIO24").drive_low()
    cover.start(uncover)
    seen.wait(2)
    cover.stop()
    assert [edge.down for edge in seen.seen] == [True, False]


def test_whoever_hears_that_the_lens_is_covered_may_stop_listening(chip: MockFactory) -> None:
    cover = _cover(chip, pull=False)
    chip.pin("GPIO24").drive_low()
    cover.start(lambda _edge: cover.stop())
    cover.start(lambda _edge: None)
    cover.stop()


# --- a button to switch off, and a power board


def test_a_power_board_that_drives_its_line_high_is_heard_at_once(chip: MockFactory) -> None:
    edges: Collector[Edge] = Collector()
    power = _trigger("gpio_power", chip, hold_s=0, active="high", pull=False, bounce_time_ms=5)
    chip.pin("GPIO26").drive_low()
    power.start(edges)
    assert edges.seen == []
    chip.pin("GPIO26").drive_high()
    edges.wait(1)
    power.stop()
    assert (edges.seen[0].down, edges.seen[0].button) == (True, Button.POWER)


def test_a_battery_that_is_empty_at_the_start_is_heard_and_a_button_that_is_held_is_not(
    chip: MockFactory,
) -> None:
    for hold_s, heard in ((0, 1), (2.0, 0)):
        edges: Collector[Edge] = Collector()
        power = _trigger("gpio_power", chip, hold_s=hold_s, pull=False)
        chip.pin("GPIO26").drive_low()
        power.start(edges)
        power.stop()
        assert len(edges.seen) == heard


# --- a button for each teacher

COLOURS_OF_TEACHERS = ["GPIO5=teacher-1", "GPIO6=teacher-2"]


def test_two_colours_that_are_pressed_together_are_one_press_each(chip: MockFactory) -> None:
    edges: Collector[Edge] = Collector()
    colours = _trigger("gpio_colours", chip, buttons=COLOURS_OF_TEACHERS, bounce_time_ms=5)
    colours.start(edges)
    for pin, drive, count in (
        ("GPIO5", "drive_low", 1),
        ("GPIO6", "drive_low", 3),
        ("GPIO5", "drive_high", 3),
        ("GPIO6", "drive_high", 4),
    ):
        getattr(chip.pin(pin), drive)()
        edges.wait(count)
    colours.stop()
    assert [(edge.who, edge.down) for edge in edges.seen] == [
        ("teacher-1", True),
        ("teacher-1", False),
        ("teacher-2", True),
        ("teacher-2", False),
    ]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=40))
def test_however_many_colours_are_pressed_presses_alternate_and_every_one_counts(
    moves: list[tuple[int, int]],
) -> None:
    contacts = [Contact(f"GPIO{number}", Button.RECORD, f"teacher-{number}") for number in range(3)]
    seen: list[Edge] = []
    merge, down, pressed = _OneAtATime(seen.append, contacts, None), [False] * 3, 0
    for number, at_ns in moves:
        down[number] = not down[number]
        pressed += down[number]
        merge(number, Edge(down[number], at_ns))
    assert [edge.down for edge in seen] == [index % 2 == 0 for index in range(len(seen))]
    assert all(before.who == after.who for before, after in itertools.pairwise(seen) if not after.down)
    assert sum(edge.down for edge in seen) == pressed
    assert [edge.at_ns for edge in seen] == sorted(edge.at_ns for edge in seen)


@pytest.mark.parametrize(
    ("buttons", "said"),
    [
        ([], "buttons is empty"),
        (["GPIO5"], "'GPIO5' does not say whose it is"),
        (["=teacher-1"], "does not say whose it is"),
        (["GPIO5=teacher-1", "GPIO5=teacher-2"], "'GPIO5' stands there twice"),
    ],
)
def test_colours_that_are_written_wrongly_are_named(chip: MockFactory, buttons: list[str], said: str) -> None:
    with pytest.raises(Permanent, match=said):
        _trigger("gpio_colours", chip, buttons=buttons)


def test_a_second_colour_on_a_wrong_pin_lets_go_of_the_first(chip: MockFactory) -> None:
    colours = _trigger("gpio_colours", chip, buttons=["GPIO5=teacher-1", "GPIO99=teacher-2"])
    with pytest.raises(Permanent, match="GPIO99") as caught:  # kept: with it, all that is not let go of
        colours.start(print)
    gpiozero.LED("GPIO5", pin_factory=chip).close()
    assert caught


# --- lights


def test_gpiozero_is_left_without_a_global_chip(chip: MockFactory) -> None:
    button = _button(chip)
    button.start(lambda _edge: None)
    button.stop()
    _light(chip).close()
    assert gpiozero.Device.pin_factory is None


def test_a_refusal_flashes_three_times_with_a_low_tone(
    chip: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    tones: Collector[float] = Collector()
    buzzer = chip.pin("GPIO22")
    set_frequency = buzzer._set_frequency

    def hear(hertz: float) -> None:
        tones(hertz)
        set_frequency(hertz)

    monkeypatch.setattr(buzzer, "_set_frequency", hear)
    light = _light(chip, **LED)
    light.show(Signal.RECORDING)
    tones.wait_for(lambda: HIGH_HZ in tones.seen)
    light.show(Signal.REFUSED)
    tones.wait_for(lambda: tones.seen.count(LOW_HZ) >= 4)
    light.close()
    assert not chip.pin("GPIO27").state
    assert not buzzer.state


def test_a_light_with_colours_shows_them(chip: MockFactory) -> None:
    light = _light(chip, "gpio_rgb", red_pin="GPIO5", green_pin="GPIO6", blue_pin="GPIO13")
    pins = [chip.pin(name) for name in ("GPIO5", "GPIO6", "GPIO13")]
    for signal in (Signal.RECORDING, Signal.IMPAIRED, Signal.BLANKED):
        light.show(signal)
        _wait_until(lambda signal=signal: tuple(pin.state for pin in pins) == COLOURS[signal])
    light.close()
    assert not any(pin.state for pin in pins)


def test_a_light_that_is_switched_towards_ground_is_dark_while_its_pins_are_high(chip: MockFactory) -> None:
    light = _light(chip, "gpio_rgb", common_anode=True)
    pins = [chip.pin(name) for name in ("GPIO27", "GPIO5", "GPIO6")]
    assert [pin.state for pin in pins] == [1, 1, 1]
    light.show(Signal.RECORDING)
    _wait_until(lambda: [pin.state for pin in pins] == [0, 1, 1])
    light.close()


def test_a_buzzer_that_must_be_silent_is_left_alone(chip: MockFactory) -> None:
    light = _light(chip, buzzer_pin="GPIO22", tones=False)
    gpiozero.LED("GPIO22", pin_factory=chip).close()
    light.close()


def _wait_until(condition: Any) -> None:
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("waited in vain")


@pytest.mark.parametrize(
    "make",
    [
        lambda chip: _button(chip, pin="GPIO99").start(print),
        lambda chip: _light(chip, led_pin="GPIO99"),
        lambda chip: _light(chip, "gpio_rgb", blue_pin="GPIO99"),
    ],
)
def test_a_pin_that_does_not_exist_is_named(chip: MockFactory, make: Any) -> None:
    with pytest.raises(Permanent, match="no pin 'GPIO99'"):
        make(chip)


def test_a_wrong_buzzer_pin_lets_go_of_the_light(chip: MockFactory) -> None:
    with pytest.raises(Permanent, match="buzzer_pin") as caught:
        _light(chip, buzzer_pin="GPIO99")
    _light(chip).close()
    assert caught


def test_a_wrong_colour_pin_lets_go_of_the_others(chip: MockFactory) -> None:
    with pytest.raises(Permanent, match="blue_pin") as caught:
        _light(chip, "gpio_rgb", blue_pin="GPIO99")
    _light(chip, "gpio_rgb").close()
    assert caught


def test_a_pin_in_use_is_temporary(chip: MockFactory) -> None:
    with gpiozero.LED("GPIO27", pin_factory=chip), pytest.raises(Temporary, match="other program"):
        _light(chip)


class _NoChip(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """What gpiozero does where there is no GPIO chip."""

    def pin(self, name: Any) -> Any:
        raise BadPinFactory("Unable to load any default pin factory!")


@pytest.mark.parametrize("make", [lambda chip: _button(chip).start(print), _light])
def test_a_machine_without_pins_says_so(make: Any) -> None:
    with pytest.raises(LeerblikError, match="check that this is a Pi") as caught:
        make(_NoChip())
    assert isinstance(caught.value, Temporary)


class _NoPi(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """What gpiozero does on a machine that is no Pi."""

    def pin(self, name: Any) -> Any:
        raise PinUnknownPi("unable to locate Pi revision in /proc/device-tree or /proc/cpuinfo")


@pytest.mark.parametrize("make", [lambda chip: _button(chip).start(print), _light])
def test_a_machine_that_is_no_pi_says_that(make: Any) -> None:
    with pytest.raises(Temporary, match="this is not a Raspberry Pi, or its GPIO is out of reach") as caught:
        make(_NoPi())
    assert "/proc" not in str(caught.value)


def test_a_light_can_be_built_when_its_chip_is_there_at_last(chip: MockFactory) -> None:
    with pytest.raises(Temporary):
        _light(_NoChip())
    _light(chip).close()


# --- the libraries below


@pytest.fixture
def no_chip_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    _gpio._chip.cache_clear()
    yield
    _gpio._chip.cache_clear()


@pytest.mark.parametrize(
    ("library", "package"), [("lgpio", "python3-lgpio"), ("gpiozero", "python3-gpiozero")]
)
def test_a_library_that_is_not_installed_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, no_chip_yet: None, library: str, package: str
) -> None:
    for name in [each for each in sys.modules if library in each.split(".")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(Permanent, match=package):
        _button(None).start(print)


def test_gpiozero_may_be_told_by_the_environment_which_chip_to_use(
    monkeypatch: pytest.MonkeyPatch, no_chip_yet: None
) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    button = _button(None)
    button.start(lambda _edge: None)
    button.stop()
    assert isinstance(gpiozero.Device.pin_factory, MockFactory)
    gpiozero.Device.pin_factory.close()


def _in_a_process_of_its_own(program: str, cwd: Path, **environment: str) -> str:
    root = Path(__file__).parents[2]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), **environment}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_recorder_without_pins_pays_nothing_for_them(tmp_path: Path) -> None:
    modules = [f"{kind}.{name}" for kind in ("trigger", "indicator") for name in names(kind)]
    imports = "; ".join(f"import device.drivers.{module}" for module in modules)
    program = f"import sys; {imports}; print({{'gpiozero', 'lgpio', 'evdev'}} & set(sys.modules))"
    assert _in_a_process_of_its_own(program, tmp_path) == "set()"


@pytest.mark.skipif(importlib.util.find_spec("lgpio") is None, reason="lgpio is not installed here")
def test_lgpio_keeps_its_files_in_the_folder_it_was_given_and_moves_nobody(tmp_path: Path) -> None:
    there, here = tmp_path / "runtime", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    program = """
import os
from device.domain.errors import Temporary
from device.drivers._gpio import open_pin
try:
    open_pin("LED", "GPIO27", "a test").close()
except Temporary as error:
    assert "Pi" in str(error)
assert os.listdir(os.environ["RUNTIME_DIRECTORY"])
print(os.getcwd(), os.listdir())
"""
    assert _in_a_process_of_its_own(program, here, RUNTIME_DIRECTORY=str(there)) == f"{here} []"
