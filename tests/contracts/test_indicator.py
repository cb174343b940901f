"""What every indicator keeps: signals at once, momentary ones give way, and dark at the end."""

from __future__ import annotations

import errno
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from device.domain.settings import Table
from device.drivers import load, names
from device.drivers.indicator.console import TEXTS
from device.ports import Indicator, Signal

LIMIT_S = 20.0
HURRY = 50.0
MOMENTARY = [Signal.MARKED, Signal.REFUSED, Signal.DISCARDED]


@dataclass
class Shown:
    """An indicator, and what a person would see: whether it says RECORDING now, and whether it is dark.

    ``breaks`` makes what it is shown on fail, or mends that.
    """

    indicator: Indicator
    records: Callable[[], bool]
    dark: Callable[[], bool]
    changes: Callable[[], int]
    breaks: Callable[[bool], None]


class _Pin(MockPWMPin):  # type: ignore[misc]  # gpiozero has no types
    """A pin whose chip may be gone."""

    gone = False

    def _set_state(self, value: float) -> None:
        if self.gone:
            raise OSError(errno.ENODEV, "the chip is gone")
        super()._set_state(value)


class _Terminal(io.StringIO):
    gone = False

    def write(self, text: str) -> int:
        if self.gone:
            raise BrokenPipeError
        return super().write(text)


def _light(driver: str, *pins: str) -> Callable[[], Iterator[Shown]]:
    """Return a case; the first pin is the one that is lit while it records."""

    def case() -> Iterator[Shown]:
        module = load("indicator", driver)
        factory = MockFactory(pin_class=_Pin)
        options = Table("indicator", "a test", module.OPTIONS).read({})
        light = module.build(options, pin_factory=factory, hurry=HURRY)
        lamps = [factory.pin(name) for name in pins]

        def changes() -> int:
            return sum(len(lamp.states) for lamp in lamps)

        def steady() -> bool:
            before = changes()
            time.sleep(4.0 / HURRY)  # longer than any step but those of a steady light
            return [bool(lamp.state) for lamp in lamps] == [True] + [False] * (
                len(lamps) - 1
            ) and changes() == before

        def breaks(gone: bool) -> None:
            for lamp in lamps:
                lamp.gone = gone

        yield Shown(light, steady, lambda: not any(lamp.state for lamp in lamps), changes, breaks)
        breaks(False)
        light.close()
        factory.close()

    return case


def _console() -> Iterator[Shown]:
    stream = _Terminal()
    options = {"language": "en", "in_view": True}
    console = load("indicator", "console").build(options, stream=stream)

    def last() -> str:
        return ["", *stream.getvalue().splitlines()][-1].removeprefix("leerblik: ")

    yield Shown(
        console,
        lambda: last() == TEXTS["en"][Signal.RECORDING],
        lambda: last() in ("", TEXTS["en"][Signal.OFF]),
        lambda: len(stream.getvalue().splitlines()),
        lambda gone: setattr(stream, "gone", gone),
    )
    console.close()


CASES = {
    "gpio_led": _light("gpio_led", "GPIO27"),
    "gpio_rgb": _light("gpio_rgb", "GPIO27", "GPIO5", "GPIO6"),
    "console": _console,
}
SHOWS_NOTHING = {"none"}


@pytest.fixture(params=sorted(CASES))
def shown(request: pytest.FixtureRequest) -> Iterator[Shown]:
    yield from CASES[request.param]()


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def test_every_indicator_driver_is_in_this_suite() -> None:
    assert set(names("indicator")) == set(CASES) | SHOWS_NOTHING


def test_it_is_dark_until_told_otherwise(shown: Shown) -> None:
    assert shown.dark()


@pytest.mark.slow
@pytest.mark.parametrize("momentary", MOMENTARY)
def test_a_momentary_signal_is_seen_and_falls_back_to_the_last_lasting_one(
    shown: Shown, momentary: Signal
) -> None:
    shown.indicator.show(Signal.READY)
    shown.indicator.show(Signal.RECORDING)
    _wait(shown.records)
    before = shown.changes()
    shown.indicator.show(momentary)
    _wait(lambda: shown.changes() > before and shown.records())


def test_a_momentary_signal_with_nothing_before_it_falls_back_to_dark(shown: Shown) -> None:
    shown.indicator.show(Signal.REFUSED)
    _wait(lambda: shown.changes() > 0 and shown.dark())


def test_a_lasting_signal_takes_the_place_of_a_momentary_one(shown: Shown) -> None:
    shown.indicator.show(Signal.DISCARDED)
    shown.indicator.show(Signal.RECORDING)
    _wait(shown.records)


def test_every_signal_can_be_shown(shown: Shown) -> None:
    for signal in Signal:
        shown.indicator.show(signal)
    shown.indicator.show(Signal.RECORDING)
    _wait(shown.records)


def test_closing_goes_dark_is_harmless_twice_and_nothing_is_shown_after_it(shown: Shown) -> None:
    shown.indicator.show(Signal.RECORDING)
    _wait(shown.records)
    shown.indicator.close()
    assert shown.dark()
    shown.indicator.close()
    shown.indicator.show(Signal.READY)
    assert shown.dark()


def test_it_works_until_it_is_closed(shown: Shown) -> None:
    assert shown.indicator.works
    shown.indicator.show(Signal.RECORDING)
    _wait(shown.records)
    assert shown.indicator.works
    shown.indicator.close()
    assert not shown.indicator.works


def test_what_cannot_be_shown_is_no_light_until_something_can_be_shown_again(shown: Shown) -> None:
    shown.indicator.show(Signal.READY)
    shown.breaks(True)
    shown.indicator.show(Signal.RECORDING)
    _wait(lambda: not shown.indicator.works)
    shown.breaks(False)
    shown.indicator.show(Signal.IMPAIRED)
    _wait(lambda: shown.indicator.works)


@pytest.mark.parametrize("driver", ["gpio_led", "gpio_rgb"])
@pytest.mark.parametrize("signal", sorted(set(Signal) - {Signal.OFF, *MOMENTARY}, key=str))
def test_a_light_whose_chip_goes_is_noticed_whatever_it_shows(driver: str, signal: Signal) -> None:
    for shown in CASES[driver]():
        shown.indicator.show(signal)
        _wait(lambda: shown.changes() > 0)  # noqa: B023  # called at once
        time.sleep(2.0 / HURRY)  # into what lasts, so that nothing new is shown any more
        shown.breaks(True)
        _wait(lambda: not shown.indicator.works)  # noqa: B023


def test_no_indicator_takes_every_signal_and_is_no_light() -> None:
    nothing: Indicator = load("indicator", "none").build({})
    for signal in Signal:
        nothing.show(signal)
        assert not nothing.works
    nothing.close()
    nothing.close()
