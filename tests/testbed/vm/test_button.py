"""A finger on a real GPIO line, and what the light's line does."""

from __future__ import annotations

import itertools
from pathlib import Path

from tests.testbed.vm.appliance import BOUNCE_MS, DOWN, TAP_S, UP, Appliance
from tests.testbed.vm.footage import disagreements, flaws, make_film
from tests.testbed.vm.machine import until


def test_a_press_starts_a_recording_and_the_next_one_stops_it(appliance: Appliance, tmp_path: Path) -> None:
    recording = appliance.record_for(seconds=4)
    row = appliance.row(recording)
    assert (row["status"], row["interrupted"]) == ("held", False)
    catalogue, spool = appliance.fetch()
    assert disagreements(catalogue, spool, appliance.identity) == []
    film = make_film(spool / recording, appliance.identity, tmp_path / "film.mp4")
    assert flaws(film) == []
    assert film.offset is not None, "the sound of this lesson beeps"
    assert film.video_duration_s >= 4


def test_the_light_blinks_while_idle_and_is_on_while_recording(appliance: Appliance) -> None:
    idle = appliance.light(seconds=9)
    appliance.tap()
    appliance.wait_for_state("recording")
    recording = appliance.light(seconds=3)
    appliance.tap()
    appliance.wait_for_state("idle")
    assert idle.count(True) >= 2, "ready is a short blink every four seconds, held two"
    assert idle.count(False) >= 2
    assert recording == [True]


def test_a_contact_that_bounces_twenty_times_is_one_press(appliance: Appliance) -> None:
    before = {row["id"] for row in appliance.status()["recordings"]}
    _press_with_bounces(appliance)
    appliance.wait_for_state("recording")
    until("a second of film", lambda: appliance.status()["recorded_s"] > 1)
    status = appliance.status()
    assert (status["state"], status["bookmarks"]) == ("recording", 0)
    _press_with_bounces(appliance)
    status = appliance.wait_for_state("idle")
    (new,) = [row for row in status["recordings"] if row["id"] not in before]
    assert new["status"] == "held"


def _press_with_bounces(appliance: Appliance) -> None:
    """Let the contact bounce on the way down and on the way up, then lie still; one press."""
    for last in (DOWN, UP):
        first, second = (DOWN, UP) if last == DOWN else (UP, DOWN)
        edges = appliance.move_finger(*(first, second) * 10, first, pause_s=0.003)
        slowest_ms = max(later - earlier for earlier, later in itertools.pairwise(edges)) / 1e6
        assert slowest_ms < BOUNCE_MS, "this machine is too busy to let a contact bounce"
        appliance.move_finger(last, pause_s=TAP_S)
