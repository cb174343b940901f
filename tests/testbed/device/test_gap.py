"""What goes wrong in the middle of a lesson: it goes on, and the film says where something is missing."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from deploy.demo.analysis import FilmReport
from device.domain.manifest import Interval, Manifest
from tests.testbed.device.appliance import PLACE, RECORDER, Appliance, journal, show, until
from tests.testbed.vm.footage import read_sealed_manifest

# A gap is noticed after three seconds and the camera is opened again after that.
STALL_S = 20.0
NOTICED_S = 3.0
# As in the recorder's unit.
WATCHDOG_S = 10.0
SOUND = {"recorder": {"microphone": "synthetic"}, "microphone.synthetic": {"seconds": "machine"}}
_MOST_APART_MS = 80


def read_manifest(device: Appliance, recording: str) -> Manifest:
    return read_sealed_manifest(PLACE / "spool" / recording, device.identity)


def gap_of(manifest: Manifest, *reasons: str) -> Interval:
    (gap,) = [each for each in manifest.intervals if each.reason in reasons]
    return gap


def check_picture_and_sound(report: FilmReport, gap: Interval, unnoted_s: float = 0.0) -> None:
    """Every picture that the camera delivered is there, and only the gap lacks some.

    Of the gap so much at most may be in the film nevertheless.
    """
    counters = report.counters
    assert counters is not None
    assert (counters.duplicated, counters.out_of_order, counters.unreadable) == ((), (), 0)
    assert len(counters.gaps) == 1
    lacking_s, gap_s = counters.missing / 30, (gap.to_us - gap.from_us) / 1e6
    assert gap_s - unnoted_s - 1.0 <= lacking_s <= gap_s + 1.0
    assert report.corrupt == 0
    assert report.offset is not None
    assert abs(report.offset.max_ms) <= _MOST_APART_MS


def camera_pid() -> int:
    """Return the process that holds the camera: the recorder's only child."""
    words = ["pgrep", "--parent", show(RECORDER, "MainPID")]
    found = subprocess.run(words, check=False, stdout=subprocess.PIPE, text=True).stdout.split()
    return int(found[0]) if found else 0


def test_a_camera_that_freezes_for_twenty_seconds_costs_its_pictures_and_nothing_else(
    device: Appliance,
) -> None:
    device.configure(SOUND)
    device.start()
    device.client.ask("press")
    recording = device.wait_for_state("recording")["recording"]
    until("some film", lambda: device.status()["recorded_s"] > 6)
    first_camera = camera_pid()
    device.fail("stall")
    time.sleep(NOTICED_S + 2)
    status = device.status()
    assert (status["state"], status["picture_is_away"]) == ("recording", True)
    assert "camera" in [part["part"] for part in status["missing"]]
    time.sleep(STALL_S - NOTICED_S - 2)
    device.fail("stall", now=False)
    until("pictures come again", lambda: not device.status()["picture_is_away"])
    back_s = device.status()["recorded_s"]
    until("more film", lambda: device.status()["recorded_s"] > back_s + 6)
    assert camera_pid() not in (0, first_camera)
    device.client.ask("press")
    device.wait_for_state("idle")
    # The recorder itself was never restarted: only the process that held the camera was.
    assert (show(RECORDER, "NRestarts"), show(RECORDER, "Result")) == ("0", "success")
    manifest = read_manifest(device, recording)
    gap = gap_of(manifest, "camera")
    assert STALL_S - 1 <= (gap.to_us - gap.from_us) / 1e6 <= STALL_S + 12
    assert not manifest.interrupted
    report = device.film(recording)
    check_picture_and_sound(report, gap)
    assert report.audio_gaps == report.silences == ()
    told = journal("LEERBLIK_EVENT=camera_failed") + journal("LEERBLIK_EVENT=camera_back")
    assert "the camera delivers no pictures any more" in told
    assert "the camera delivers pictures again" in told


def test_a_camera_that_does_not_even_close_is_killed_and_the_lesson_goes_on(device: Appliance) -> None:
    device.configure(SOUND)
    device.start()
    device.client.ask("press")
    recording = device.wait_for_state("recording")["recording"]
    until("some film", lambda: device.status()["recorded_s"] > 4)
    device.fail("hang")
    device.fail("stall")
    until("it is noticed", lambda: device.status()["picture_is_away"])
    device.fail("stall", now=False)
    until("pictures come again", lambda: not device.status()["picture_is_away"])
    back_s = device.status()["recorded_s"]
    until("more film", lambda: device.status()["recorded_s"] > back_s + 3)
    device.client.ask("press")
    device.wait_for_state("idle")
    assert show(RECORDER, "NRestarts") == "0"
    check_picture_and_sound(device.film(recording), gap_of(read_manifest(device, recording), "camera"))


def test_a_camera_process_that_dies_is_replaced(device: Appliance) -> None:
    device.configure(SOUND)
    device.start()
    device.client.ask("press")
    recording = device.wait_for_state("recording")["recording"]
    until("some film", lambda: device.status()["recorded_s"] > 4)
    os.kill(camera_pid(), signal.SIGKILL)
    until("it is noticed", lambda: device.status()["picture_is_away"])
    until("pictures come again", lambda: not device.status()["picture_is_away"])
    back_s = device.status()["recorded_s"]
    until("more film", lambda: device.status()["recorded_s"] > back_s + 3)
    device.client.ask("press")
    device.wait_for_state("idle")
    check_picture_and_sound(device.film(recording), gap_of(read_manifest(device, recording), "camera"))


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_a_recorder_that_freezes_or_dies_is_restarted_and_goes_on_with_the_same_lesson(
    device: Appliance, how: signal.Signals
) -> None:
    device.configure(SOUND)
    device.start()
    device.client.ask("press")
    recording = device.wait_for_state("recording")["recording"]
    until("some film", lambda: device.status()["recorded_s"] > 6)
    os.kill(int(show(RECORDER, "MainPID")), how)
    until("systemd starts it anew", lambda: show(RECORDER, "NRestarts") == "1")
    until("it goes on", lambda: device._answer("recording"))
    back_s = device.status()["recorded_s"]
    until("more film", lambda: device.status()["recorded_s"] > back_s + 6)
    assert device.status()["recording"] == recording
    device.client.ask("press")
    device.wait_for_state("idle")
    manifest = read_manifest(device, recording)
    assert manifest.interrupted
    assert [each["id"] for each in device.status()["recordings"]] == [recording]
    # One that stood still finds ten seconds of pictures when it wakes, and has a moment before it is ended.
    unnoted_s = WATCHDOG_S if how is signal.SIGSTOP else 0.0
    check_picture_and_sound(device.film(recording), gap_of(manifest, "recorder"), unnoted_s)
    assert "the lesson goes on after a restart" in journal("LEERBLIK_EVENT=resumed")
