"""The plug is pulled at every step; the next pass ends as if it never had been."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_sync.inbox.library import Library
from tests.server_sync.inbox.conftest import Coach
from tests.server_sync.inbox.plug import Plug, died
from tests.support.footage import Sealed, cut, encode, seal_recording, ulid

pytestmark = pytest.mark.slow


def a_day(coach: Coach) -> list[Sealed]:
    """Deliver a whole recording, the same once more, and one that lacks an object."""
    material = cut(encode(2), [0, 1], 2)
    whole = seal_recording(material, [coach.recipient], number=1)
    lacking = seal_recording(material, [coach.recipient], number=2)
    coach.deliver(whole)
    coach.put(f"{ulid(77)}.manifest.age", whole.manifest_bytes)
    coach.deliver(lacking, leave_out=(lacking.manifest.segments[0].object,))
    return [whole, lacking]


def nothing_was_lost(coach: Coach, whole: Sealed) -> bool:
    """Every object is in the drop box or, published, in the library."""
    published = coach.library / whole.manifest.recording
    kept = sorted(path.stat().st_size for path in published.glob("0*.age"))
    wanted = sorted(map(len, whole.objects.values()))
    if published.exists():
        return kept == wanted
    left = [(coach.inbox / name).stat().st_size for name in coach.left() if ".manifest" not in name]
    return all(size in left for size in wanted)


def as_it_should_be(coach: Coach, whole: Sealed, lacking: Sealed) -> None:
    library = Library(coach.library)
    assert library.recordings() == [whole.manifest.recording]
    assert library.problems(whole.manifest.recording, coach.keys) == []
    assert [film.name for film in coach.film_files()] == [f"2026-09-01_{whole.manifest.recording}.mp4"]
    names = sorted(path.name for path in coach.receipts.iterdir())
    answered = (whole.manifest_object, ulid(77), lacking.manifest_object)
    assert names == sorted(f"{each}.receipt.json" for each in answered)
    assert [coach.receipt(each).accepted for each in answered] == [True, True, False]
    assert coach.left() == [f"{lacking.manifest.segments[1].object}.age"]
    names = sorted(path.name for path in coach.library.iterdir())
    assert names == [".lock", ".taken-in", whole.manifest.recording]


def steps_of_a_day(coach: Coach) -> int:
    whole, lacking = a_day(coach)
    plug = Plug()
    coach.work(plug)
    as_it_should_be(coach, whole, lacking)
    return len(plug.steps)


def test_killed_at_any_step_the_next_pass_ends_the_same(coach: Coach, tmp_path: Path) -> None:
    count = steps_of_a_day(coach)
    assert count > 30
    for at in range(count):
        other = _another(coach, tmp_path / f"at-{at}")
        whole, lacking = a_day(other)
        assert died(other, at)
        assert nothing_was_lost(other, whole)
        other.work()
        as_it_should_be(other, whole, lacking)


def test_killed_again_and_again_it_still_ends_the_same(coach: Coach) -> None:
    whole, lacking = a_day(coach)
    for at in range(0, 200, 3):
        if not died(coach, at):
            break
        assert nothing_was_lost(coach, whole)
    else:
        pytest.fail("it never came to an end")
    coach.work()
    as_it_should_be(coach, whole, lacking)


def _another(coach: Coach, root: Path) -> Coach:
    made = Coach(root, coach.keys)
    made.inbox.mkdir(parents=True)
    made.receipts.mkdir()
    return made
