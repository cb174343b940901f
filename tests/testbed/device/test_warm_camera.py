"""A real picamera2 that stands ready while a lesson is booked: nothing before the press, every picture after it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from datetime import time as wall_time
from pathlib import Path

import pytest

from device.domain.register.decisions import BookingMade, Decision, GroupRegistered, Repeat, TrajectoryOpened
from tests.support.register import ZONE, everything, written
from tests.testbed.device import appliance
from tests.testbed.device.appliance import PLACE, RECORDER, Appliance, journal, show, systemctl, until

DROP_IN = Path(f"/run/systemd/system/{RECORDER}.d/clock.conf")
REGISTER = PLACE / "register/register.jsonl"
_PROGRAM = Path(appliance.__file__).with_name("set_clock.py")
_RATE = 30
_TIMES = 3


def booked_today(decision: Decision) -> Decision:
    """Return a decision of the example school as it would be made for a lesson that is booked now."""
    day = datetime.now(ZONE).date()
    match decision:
        case BookingMade():
            begin, end = wall_time(0, 0), wall_time(23, 59, 59)
            return replace(decision, repeat=Repeat.ONCE, first=day, last=day, from_time=begin, to_time=end)
        case GroupRegistered():
            long = timedelta(days=9)
            return replace(decision, informed_on=day - long, valid_from=day - long, valid_until=day + long)
        case TrajectoryOpened():
            return replace(decision, closes_on=day + timedelta(days=9))
    return decision


@pytest.fixture
def booked(device: Appliance) -> Iterator[Appliance]:
    """A device with a set clock, on which a lesson is booked all day."""
    said = [replace(each, decision=booked_today(each.decision)) for each in everything()]
    REGISTER.write_bytes(b"".join(line + b"\n" for line in written(said)))
    REGISTER.chmod(0o644)
    DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    DROP_IN.write_text(
        "[Service]\nExecStart=\nEnvironment=PYTHONPATH=/opt/suite\n"
        f"ExecStart=/opt/leerblik/bin/python {_PROGRAM}\n"
    )
    systemctl("daemon-reload")
    yield device
    systemctl("stop", RECORDER)
    DROP_IN.unlink()
    REGISTER.unlink()
    systemctl("daemon-reload")


def stand_by(device: Appliance, *, warm: bool) -> None:
    device.configure({"recorder": {"warm_camera": warm}})
    systemctl("stop", RECORDER)
    device.start()
    until(
        "the camera was looked at", lambda: device.status()["warm"] is warm and not device.status()["missing"]
    )
    time.sleep(2)


def first_picture_s(device: Appliance) -> float:
    """Press, film, press; return when the first picture of the film was taken, in seconds after the press.

    The virtual camera numbers its pictures by the monotonic clock.
    """
    pressed_s = time.monotonic()
    report = device.film(device.record_for(3))
    assert report.faults() == ()
    assert report.counters is not None
    return report.counters.first / _RATE - pressed_s


def test_nothing_before_the_press_is_in_the_film_and_everything_after_it_is(booked: Appliance) -> None:
    booked.start()
    until("the camera stands ready", lambda: booked.status()["warm"])
    time.sleep(3)
    assert first_picture_s(booked) > 0
    assert show(RECORDER, "NRestarts") == "0"
    until("it stands ready again", lambda: booked.status()["warm"])
    assert "stands ready for a booked lesson" in journal("-u", RECORDER)


def test_a_lesson_begins_sooner_with_a_camera_that_stood_ready(booked: Appliance) -> None:
    waits: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(_TIMES):
        for warm, found in waits.items():
            stand_by(booked, warm=warm)
            found.append(first_picture_s(booked))
    cold_s, warm_s = (statistics.median(waits[warm]) for warm in (False, True))
    assert 0 < warm_s < cold_s
