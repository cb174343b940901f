"""A segment that somebody crafted, sealed and delivered by the rules, harms nobody but itself."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from server_sync.inbox.outcome import Result
from tests.server_sync.inbox.conftest import Coach
from tests.support.footage import cut, encode, seal_recording

FIRST = "0" * 26  # sorts before every other manifest


def _mangled(plain: bytes, seed: int) -> bytes:
    """Change a few bytes: in the boxes before the footage, or anywhere."""
    chance = random.Random(seed)
    data = bytearray(plain)
    end = data.find(b"mdat") if seed % 3 else len(data)
    for _ in range(chance.choice([1, 2, 4, 8])):
        data[chance.randrange(end)] = chance.choice([0, 255, 128, chance.randrange(256)])
    return bytes(data)


@pytest.mark.parametrize("seed", range(60))
def test_a_mangled_segment_is_kept_or_refused_and_never_stops_the_lesson_behind_it(
    coach: Coach, seed: int
) -> None:
    segments = cut(encode(2), [0, 1], 2)
    crafted = replace(segments[0], plain=_mangled(segments[0].plain, seed))
    coach.deliver(seal_recording([crafted, segments[1]], [coach.recipient], number=1), manifest=FIRST)
    good = seal_recording(segments, [coach.recipient], number=2)
    coach.deliver(good)
    outcomes = {outcome.recording: outcome for outcome in coach.work()}
    assert outcomes[good.manifest.recording].result is Result.ACCEPTED
    answers = [o for o in outcomes.values() if o.recording != good.manifest.recording]
    assert [o.result for o in answers] in ([Result.ACCEPTED], [Result.REFUSED])


def test_what_escapes_libav_as_any_python_error_is_a_refusal_with_a_sentence(coach: Coach) -> None:
    """Found by mangling: a sound track without a codec makes PyAV raise a plain ValueError."""
    segments = cut(encode(2), [0, 1], 2)
    plain = segments[0].plain.replace(b"mp4a", b"\x00\x00\x00\x00")
    crafted = [
        replace(segments[0], plain=plain),
        replace(segments[1], plain=segments[1].plain.replace(b"mp4a", bytes(4))),
    ]
    coach.deliver(seal_recording(crafted, [coach.recipient]))
    (outcome,) = coach.work()
    assert outcome.result in (Result.REFUSED, Result.ACCEPTED)
