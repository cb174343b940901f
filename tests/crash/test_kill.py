"""Any of the three processes may be killed at any moment: little is lost, nothing breaks, it all arrives.

``LEERBLIK_CRASH_SEED`` repeats a run; the seed is in the name of a failing assertion.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from pathlib import Path

import pytest

from deploy.demo.analysis import analyse
from deploy.demo.house import House
from tests.support.houses import ffprobe_complaints, film_of, make_house, row, until, wait_for

LESSONS = 10  # each with a kill of the recorder, the sync and the inbox: 30 in all
MOST_LOST_S = 2.0
SEED = int(os.environ.get("LEERBLIK_CRASH_SEED", random.SystemRandom().randrange(1 << 32)))


@pytest.mark.timeout(600)
def test_thirty_kills_lose_at_most_two_seconds_each_and_every_lesson_arrives(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    slow_line = {"sync": {"bandwidth_cap_bytes_per_s": 400_000}}
    films: dict[str, str] = {}
    with make_house(tmp_path / "house", slow_line) as house:
        for number in range(LESSONS):
            what = f"lesson {number} of seed {SEED}"
            recording, filmed_s = _record_until_killed(house, chance)
            _kill_and_restart(house, "sync", chance.uniform(0.0, 2.5))
            _kill_and_restart(house, "inbox", chance.uniform(0.0, 2.5))
            wait_for(house, recording, "purged")
            film = film_of(house, recording)
            _check_film(film, filmed_s, what)
            _check_untouched(films, what)
            films[str(film)] = _hash(film)
        left = [path for path in house.spool.rglob("*") if path.is_file()]
        assert not left, f"purged recordings leave nothing behind (seed {SEED})"
    assert len(films) == LESSONS


def test_a_recorder_that_is_killed_between_lessons_forgets_nothing(tmp_path: Path) -> None:
    with make_house(tmp_path / "house", {"recorder": {"cooling_off_s": 3.0}}) as house:
        recording = house.client.ask("start")["recording"]
        until(lambda: house.client.ask("status") if _recorded_s(house) > 1 else None, "a second of film", 20)
        house.client.ask("stop")
        before = wait_for(house, recording, "held")
        house.kill("recorder")
        house.start("recorder")
        house.wait_for_recorder()
        after = row(house, recording)
        assert (after["status"], after["duration_s"], after["interrupted"]) == (
            "held",
            before["duration_s"],
            False,
        )
        wait_for(house, recording, "purged")


def _record_until_killed(house: House, chance: random.Random) -> tuple[str, float]:
    """Record, kill the recorder at a random moment, start it again; return how long the lens was open."""
    recording = house.client.ask("start")["recording"]
    began_s = time.monotonic()
    time.sleep(chance.uniform(2.2, 6.0))
    house.kill("recorder")
    filmed_s = time.monotonic() - began_s
    forget_memory(house)
    house.start("recorder")
    house.wait_for_recorder()
    assert row(house, recording)["interrupted"]
    return recording, filmed_s


def forget_memory(house: House) -> None:
    """Lose what lies in memory only, as with the power: else the lesson would be gone on with."""
    for path in (house.folder / "run").iterdir():
        path.unlink()


@pytest.mark.timeout(300)
def test_a_lesson_whose_recorder_is_killed_again_and_again_goes_on_to_its_end(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with make_house(tmp_path / "house") as house:
        recording = house.client.ask("start")["recording"]
        for _ in range(3):
            time.sleep(chance.uniform(2.2, 4.0))
            house.kill("recorder")
            house.start("recorder")
            house.wait_for_recorder()
            assert house.client.ask("status")["recording"] == recording
        time.sleep(3)
        house.client.ask("stop")
        wait_for(house, recording, "purged")
        report = analyse(film_of(house, recording))
        assert report.corrupt == 0, f"seed {SEED}"
        assert report.video_duration_s > 3 * 2.2 + 3, f"seed {SEED}"
        assert row(house, recording)["interrupted"]


def _kill_and_restart(house: House, name: str, after_s: float) -> None:
    time.sleep(after_s)
    house.kill(name)
    house.start(name)


def _check_film(film: Path, filmed_s: float, what: str) -> None:
    report = analyse(film)
    assert filmed_s - report.video_duration_s <= MOST_LOST_S, f"{what}: too much was lost"
    assert report.counters is not None, what
    assert (report.counters.first, report.counters.missing) == (0, 0), what
    assert not report.faults(), what
    assert report.offset is None or abs(report.offset.max_ms) <= 80, what
    assert ffprobe_complaints(film) == "", what


def _check_untouched(films: dict[str, str], what: str) -> None:
    for film, sha256 in films.items():
        assert _hash(Path(film)) == sha256, f"{what}: {film} was finished and has changed"


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _recorded_s(house: House) -> float:
    return float(house.client.ask("status")["recorded_s"])


@pytest.mark.parametrize("silent_after_s", [0.1, 3.0])
def test_a_lesson_whose_microphone_fell_silent_loses_no_more_than_any_other(
    tmp_path: Path, silent_after_s: float
) -> None:
    chance = random.Random(SEED)
    silent = {"microphone.synthetic": {"speed": "real", "length_s": silent_after_s}}
    with make_house(tmp_path / "house", silent | {"recorder": {"segment_s": 30.0}}) as house:
        recording, filmed_s = _record_until_killed(house, chance)
        wait_for(house, recording, "purged")
        report = analyse(film_of(house, recording))
        assert filmed_s - report.video_duration_s <= MOST_LOST_S, f"seed {SEED}: too much was lost"
        assert report.counters is not None
        assert (report.counters.first, report.counters.missing) == (0, 0)
