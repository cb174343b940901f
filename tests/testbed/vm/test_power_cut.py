"""The plug is pulled in the middle of a lesson: little is lost, and the catalogue agrees with the files.

``LEERBLIK_CRASH_SEED`` repeats a run; the seed is in the name of a failing assertion.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.testbed.vm.appliance import FRAME_RATE, SEGMENT_S, Appliance
from tests.testbed.vm.footage import disagreements, flaws, make_film
from tests.testbed.vm.machine import until

CUTS = int(os.environ.get("LEERBLIK_VM_CUTS") or "10")
MOST_LOST_S = 2.0
SEED = int(os.environ.get("LEERBLIK_CRASH_SEED", random.SystemRandom().randrange(1 << 32)))
# A camera whose newest picture is older than this waits for the processor, not for the card: while the
# machine outside is that busy, nothing can be said about what a cut costs.
_KEEPS_UP_S = 0.6
_PATIENCE_S = 60.0
# Every fifth cut also leaves a segment behind that was closed before it.
_WITH_TWO_SEGMENTS = 5


@pytest.mark.parametrize("number", range(CUTS))
def test_a_power_cut_loses_no_more_than_two_seconds(
    appliance: Appliance, tmp_path: Path, number: int
) -> None:
    what = f"cut {number} of seed {SEED}"
    after_s = random.Random(f"{SEED} {number}").uniform(4.0, 16.0)
    if number % _WITH_TWO_SEGMENTS == _WITH_TWO_SEGMENTS - 1:
        after_s += SEGMENT_S
    appliance.tap()
    recording = str(appliance.wait_for_state("recording")["recording"])
    filmed_s, starved = _film_until_cut(appliance, after_s)

    appliance.be_ready()
    row = appliance.row(recording)
    assert (row["status"], row["interrupted"]) == ("held", True), what
    catalogue, spool = appliance.fetch()
    assert disagreements(catalogue, spool, appliance.identity) == [], what
    film = make_film(spool / recording, appliance.identity, tmp_path / "film.mp4")
    assert flaws(film, starved=starved) == [], what
    lost_s = filmed_s - film.video_duration_s
    print(f"{what}: {filmed_s:.2f} s filmed, {lost_s:.2f} s lost{' (starved)' * starved}")  # noqa: T201  # shown with a failure, or by -s
    assert lost_s <= MOST_LOST_S, what


def _film_until_cut(appliance: Appliance, after_s: float) -> tuple[float, bool]:
    """Cut the power after so many seconds of film.

    Returns how long the lens was open, by the machine's clock, and whether the emulator was starved meanwhile.
    """
    starved = False
    until("the first picture", lambda: appliance.status()["recorded_s"] > 0)
    deadline_s = time.monotonic() + after_s
    opened_ns: int | None = None
    while True:
        status = appliance.status()
        # The newest picture that is written was taken at most one picture ago: so long is the lens open.
        began_ns = status["clock_ns"] - round((status["recorded_s"] + 1 / FRAME_RATE) * 1e9)
        opened_ns = min(began_ns, opened_ns or began_ns)
        behind_s = (began_ns - opened_ns) / 1e9
        if time.monotonic() > deadline_s and behind_s < _KEEPS_UP_S:
            break
        starved |= behind_s >= _KEEPS_UP_S
        assert time.monotonic() < deadline_s + _PATIENCE_S, "this machine is too busy to film"
        time.sleep(0.05)
    cut_ns = int(appliance.machine.call("clock"))
    appliance.machine.cut_power()
    return (cut_ns - opened_ns) / 1e9, starved
