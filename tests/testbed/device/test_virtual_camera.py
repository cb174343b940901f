"""The test bed is honest: its camera shows every frame once, and fails in the ways that cameras fail."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.demo.analysis import analyse
from tests.testbed.device.appliance import FAULTS, Appliance
from tests.testbed.device.test_system import CAMERA

PROBE = Path(__file__).with_name("camera_probe.py")


@pytest.fixture
def film(device: Appliance, tmp_path: Path) -> Path:
    FAULTS.mkdir()
    return tmp_path / "film.mp4"


def filming(film: Path, seconds: float, size: str = "640x480") -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, PROBE, film, str(seconds), size], env=CAMERA, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.mark.parametrize("size", ["320x240", "640x360", "640x480", "1280x720", "1920x1080"])
def test_every_frame_is_there_and_its_time_is_that_of_its_number(film: Path, size: str) -> None:
    assert filming(film, 2, size).wait() == 0
    report = analyse(film)
    assert report.faults() == ()
    assert report.fps == 30.0
    assert report.counters is not None
    assert report.counters.read >= 55
    assert report.video_duration_s == pytest.approx(report.counters.read / 30, abs=0.001)


def test_the_numbers_are_those_of_the_monotonic_clock(film: Path) -> None:
    before = time.monotonic()
    assert filming(film, 1).wait() == 0
    counters = analyse(film).counters
    assert counters is not None
    assert before * 30 < counters.first < counters.last < time.monotonic() * 30


def test_while_it_is_stalled_no_picture_comes_and_the_numbers_tell_for_how_long(
    device: Appliance, film: Path
) -> None:
    process = filming(film, 4)
    time.sleep(1)
    device.fail("stall")
    time.sleep(2)
    device.fail("stall", now=False)
    assert process.wait() == 0
    counters = analyse(film).counters
    assert counters is not None
    assert len(counters.gaps) == 1
    assert 55 <= counters.missing <= 70


def test_when_it_is_absent_no_camera_is_listed(device: Appliance) -> None:
    device.fail("absent")
    code = "from picamera2 import Picamera2; print(Picamera2.global_camera_info())"
    answer = subprocess.run([sys.executable, "-c", code], env=CAMERA, check=True, stdout=subprocess.PIPE)
    assert answer.stdout.strip() == b"[]"


def test_when_it_hangs_stopping_does_not_return_until_it_hangs_no_more(device: Appliance, film: Path) -> None:
    device.fail("hang")
    process = filming(film, 0.5)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    device.fail("hang", now=False)
    assert process.wait(10) == 0
