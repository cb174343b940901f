"""A long lesson on the virtual camera, while the wall clock of the recorder is put forward and back by an hour.

``LEERBLIK_LESSON_S`` says how long, in seconds; three quarters of a minute where it says nothing, ten minutes
in the full form.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.testbed.device.appliance import RECORDER, Appliance, show, systemctl, until
from tests.testbed.device.test_gap import SOUND, read_manifest

LESSON_S = float(os.environ.get("LEERBLIK_LESSON_S", "45"))
DROP_IN = Path(
    f"/run/systemd/system/{RECORDER}.d/wall-clock.conf"
)  # after virtualcam.conf, which it overrules
# Where the recorder's sandbox may read; the offset is read anew for every question about the time.
OFFSET = Path("/run/virtualcam/offset")
# To film it, and to look at every picture of the film afterwards.
LIMIT_S = 120 + 2 * LESSON_S
MOST_APART_MS = 80
_LIBRARY = "/usr/$LIB/faketime/libfaketimeMT.so.1"


@pytest.fixture
def wall_clock(device: Appliance) -> Iterator[Path]:
    """A file that says by how much the recorder's wall clock is wrong; its other clocks are left alone."""
    OFFSET.parent.mkdir(exist_ok=True)
    OFFSET.write_text("+0\n")
    DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    DROP_IN.write_text(
        f"[Service]\nEnvironment='LD_PRELOAD=/usr/local/lib/virtualcam/dmaheap.so {_LIBRARY}'\n"
        f"Environment=FAKETIME_TIMESTAMP_FILE={OFFSET} FAKETIME_CACHE_DURATION=1\n"
        "Environment=DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1\n"
        # Else it turns every wait for a condition into a look at the clock again and again: four times the work.
        "Environment=FAKETIME_FORCE_MONOTONIC_FIX=0\n"
    )
    systemctl("daemon-reload")
    yield OFFSET
    systemctl("stop", RECORDER)
    DROP_IN.unlink()
    systemctl("daemon-reload")


def film_until(device: Appliance, seconds: float) -> None:
    # Asking all the time is work for the recorder that nobody would give it.
    time.sleep(max(0.0, seconds - device.status()["recorded_s"]))
    until("it films", lambda: device.status()["recorded_s"] >= seconds, LESSON_S + 60)


def wall_time(device: Appliance) -> str:
    """Return when the newest recording began, by the recorder's own clock."""
    return str(device.status()["recordings"][0]["started_at"])


@pytest.mark.timeout(LIMIT_S)
def test_every_picture_of_a_long_lesson_is_there_and_lips_stay_right_when_the_clock_is_put_forward_and_back(
    device: Appliance, wall_clock: Path
) -> None:
    device.configure(SOUND)
    device.start()
    device.client.ask("press")
    recording = device.wait_for_state("recording")["recording"]
    for share, offset in ((0.3, "+3600\n"), (0.6, "-3600\n"), (1.0, "+0\n")):
        film_until(device, share * LESSON_S)
        wall_clock.write_text(offset)
    device.client.ask("press")
    device.wait_for_state("idle")
    report = device.film(recording)
    assert report.faults() == (), report.counters
    assert report.counters is not None
    assert report.fps == pytest.approx(30.0, abs=0.1)
    pictures = report.counters.last - report.counters.first + 1
    assert (pictures, report.counters.missing) == (report.frames, 0)
    assert report.video_duration_s == pytest.approx(pictures / 30, abs=0.05)
    assert report.video_duration_s >= LESSON_S - 1
    assert report.offset is not None
    assert report.offset.seconds >= LESSON_S - 3
    assert abs(report.offset.max_ms) <= MOST_APART_MS
    manifest = read_manifest(device, recording)
    assert manifest.intervals == ()
    assert manifest.duration_us / 1e6 == pytest.approx(report.video_duration_s, abs=0.05)
    assert show(RECORDER, "NRestarts") == "0"


def test_the_cooling_off_lasts_as_long_as_it_should_whatever_the_wall_clock_says(
    device: Appliance, wall_clock: Path
) -> None:
    device.configure({**SOUND, "recorder": {**SOUND["recorder"], "cooling_off_s": 8.0}})
    device.start()
    device.record_for(2)
    before = wall_time(device)
    wall_clock.write_text("+3600\n")
    left_s = device.status()["recordings"][0]["cooling_off_left_s"]
    assert 3 <= left_s <= 8
    until("it is released", lambda: device.status()["recordings"][0]["status"] == "released", 20)
    device.record_for(2)
    # The clock was really put forward, or this test shows nothing.
    assert _hour(wall_time(device)) == (_hour(before) + 1) % 24


def _hour(text: str) -> int:
    return int(text[11:13])
