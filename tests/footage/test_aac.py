"""Sound is counted in samples: what the packets say of their place is where the samples were."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from device.footage.aac import AacEncoder
from device.footage.packets import AudioPacket
from device.ports import AudioBlock, AudioFormat
from tests.support.material import AUDIO, ORIGIN_NS, S, sound


def _encode(blocks: list[AudioBlock], audio: AudioFormat = AUDIO) -> list[AudioPacket]:
    encoder = AacEncoder(audio, 64_000, ORIGIN_NS)
    return [packet for block in blocks for packet in encoder.encode(block)]


def _block(first: int, samples: int, *, channels: int = 1, off_ns: int = 0) -> AudioBlock:
    return AudioBlock(bytes(2 * channels * samples), ORIGIN_NS + first * S // 48_000 + off_ns)


def test_frames_follow_each_other_from_the_first_sample_on() -> None:
    packets = _encode(sound(1.0))
    assert [packet.pts for packet in packets] == [1024 * n for n in range(len(packets))]
    # The encoder looks ahead: the last few hundredths of a second stay in it.
    assert len(packets) >= 48_000 // 1024 - 3
    assert all(packet.pts_ns == ORIGIN_NS + packet.pts * S // 48_000 for packet in packets)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=5, max_size=30))
def test_the_size_of_the_blocks_changes_nothing(sizes: list[int]) -> None:
    first, blocks = 0, []
    for size in sizes:
        blocks.append(_block(first, size))
        first += size
    whole = _encode([_block(0, sum(sizes))])
    assert [packet.pts for packet in _encode(blocks)] == [packet.pts for packet in whole]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-4_000_000, 4_000_000), min_size=10, max_size=60))
def test_a_trembling_clock_moves_no_sample(tremble_ns: list[int]) -> None:
    blocks = [_block(n * 960, 960, off_ns=off_ns * (n > 0)) for n, off_ns in enumerate(tremble_ns)]
    packets = _encode(blocks)
    assert [packet.pts for packet in packets] == [1024 * n for n in range(len(packets))]


def test_a_microphone_that_starts_late_leaves_the_track_starting_late() -> None:
    packets = _encode(sound(1.0, from_s=0.5))
    # The first frame out of the encoder is its run-up, which is silence.
    assert packets[0].pts == 24_000 - 1024


def test_what_was_heard_before_the_film_began_is_cut() -> None:
    blocks = [_block(first, 960) for first in range(-9600, 9600, 960)]
    packets = _encode(blocks)
    assert packets[0].pts == 0
    straddling = _encode([_block(-500, 4000)])
    assert straddling[0].pts == 0


def test_after_a_hole_sound_is_in_step_again_and_the_hole_stays_one() -> None:
    packets = _encode([*sound(1.0), *sound(3.0, from_s=2.0)])
    stamps = [packet.pts for packet in packets]
    assert stamps == sorted(set(stamps))
    later = [stamp for stamp in stamps if stamp >= 2 * 48_000 - 1024]
    assert later[0] >= 48_000
    steps = {after - before for before, after in itertools.pairwise(stamps)}
    assert 1024 in steps
    assert any(step > 40_000 for step in steps)


def test_sound_that_comes_twice_is_heard_once() -> None:
    once = _encode(sound(1.0))
    twice = _encode([*sound(1.0), *sound(1.0, from_s=0.5), *sound(2.0, from_s=1.0)])
    stamps = [packet.pts for packet in twice]
    assert stamps == sorted(set(stamps))
    assert stamps[: len(once)] == [packet.pts for packet in once]


def test_two_channels_are_two_channels() -> None:
    stereo = AudioFormat(48_000, 2)
    packets = _encode([_block(n * 960, 960, channels=2) for n in range(50)], stereo)
    assert packets[-1].pts >= 45 * 1024 - 2048
