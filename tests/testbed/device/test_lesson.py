"""A lesson under the real units: from the press to a film that the coach's key opens."""

from __future__ import annotations

from tests.testbed.device.appliance import RECORDER, Appliance, show


def test_a_lesson_from_the_virtual_camera_has_every_frame_once(device: Appliance) -> None:
    device.start()
    report = device.film(device.record_for(8))
    assert report.faults() == ()
    assert report.fps == 30.0
    assert report.counters is not None
    assert report.counters.read >= 230
    assert show(RECORDER, "NRestarts") == "0"
