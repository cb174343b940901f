"""Button and light on gpiozero's mock chip, and on a machine that has none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import gpiozero
import pytest
from gpiozero.exc import BadPinFactory
from gpiozero.pins.mock import MockFactory, MockPWMPin

from device.domain.errors import LeerblikError, Permanent, Temporary
from device.domain.settings import Table
from device.drivers import load
from device.drivers.indicator._patterns import HIGH_HZ, LOW_HZ
from device.ports import Edge, Signal
from tests.support.waiting import Collector

LED = {"led_pin": "GPIO27", "buzzer_pin": "GPIO22"}


@pytest.fixture
def chip() -> Iterator[MockFactory]:
    factory = MockFactory(pin_class=MockPWMPin)
    yield factory
    factory.close()


def _button(chip: Any, **options: Any) -> Any:
    module = load("trigger", "gpio_button")
    return module.build(Table("trigger", "a test", module.OPTIONS).read(options), pin_factory=chip)


def _light(chip: Any, **options: Any) -> Any:
    module = load("indicator", "gpio_led")
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


@pytest.mark.parametrize(
    "make",
    [lambda chip: _button(chip, pin="GPIO99").start(print), lambda chip: _light(chip, led_pin="GPIO99")],
)
def test_a_pin_that_does_not_exist_is_named(chip: MockFactory, make: Any) -> None:
    with pytest.raises(Permanent, match="no pin 'GPIO99'"):
        make(chip)


def test_a_wrong_buzzer_pin_lets_go_of_the_light(chip: MockFactory) -> None:
    with pytest.raises(Permanent, match="buzzer_pin"):
        _light(chip, buzzer_pin="GPIO99")
    _light(chip).close()


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
