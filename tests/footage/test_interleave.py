"""One order of time, without a silent microphone holding up the picture."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from device.footage.interleave import Interleaver
from device.footage.packets import AudioPacket
from device.ports import VideoPacket

MS = 1_000_000


def picture(at_ms: int) -> VideoPacket:
    return VideoPacket(b"", at_ms * MS, key=True)


def tone(at_ms: int, track: int = 0) -> AudioPacket:
    return AudioPacket(b"", at_ms * 48, 1024, at_ms * MS, track)


def test_a_picture_waits_for_sound_that_reaches_it() -> None:
    both = Interleaver(tracks=1)
    both.add_video(picture(40), 0)
    both.add_audio(tone(20))
    assert both.ready(0) == []
    both.add_audio(tone(40))
    assert both.ready(0) == [tone(20), picture(40)]


def test_a_picture_waits_no_longer_than_the_patience() -> None:
    both = Interleaver(tracks=1, patience_ns=1000 * MS)
    both.add_video(picture(40), 5 * MS)
    assert both.ready(1004 * MS) == []
    assert both.ready(1005 * MS) == [picture(40)]


def test_without_a_microphone_nothing_waits() -> None:
    both = Interleaver(tracks=1)
    both.add_video(picture(0), 0)
    both.add_video(picture(40), 0)
    both.expect_no_audio()
    assert both.ready(0) == [picture(0), picture(40)]
    silent = Interleaver(tracks=0)
    silent.add_video(picture(9), 0)
    assert silent.ready(0) == [picture(9)]


def test_sound_alone_is_kept_and_its_lead_is_told() -> None:
    both = Interleaver(tracks=1)
    for number in range(257):
        assert not both.audio_is_far_ahead
        both.add_audio(tone(number))
    assert both.audio_is_far_ahead
    assert both.ready(10**12) == []
    assert len(both.ready(0, flush=True)) == 257


def test_while_no_picture_is_expected_sound_goes_at_once_until_one_comes() -> None:
    both = Interleaver(tracks=1)
    both.add_audio(tone(20))
    assert both.ready(0) == []
    both.expect_no_pictures()
    assert both.ready(0) == [tone(20)]
    both.add_audio(tone(40))
    assert both.ready(0) == [tone(40)]
    both.add_video(picture(60), 0)
    both.add_audio(tone(60))
    assert both.ready(0) == [picture(60)]
    both.add_audio(tone(80))
    assert both.ready(0) == []


def test_a_picture_waits_for_both_tracks_but_in_vain_only_once_for_each() -> None:
    both = Interleaver(tracks=2, patience_ns=1000 * MS)
    both.add_video(picture(40), 0)
    both.add_audio(tone(40, 0))
    assert both.ready(999 * MS) == []
    assert both.ready(1000 * MS) == [picture(40)]
    both.add_video(picture(80), 1000 * MS)
    assert both.ready(1000 * MS) == []  # the other track is still worth waiting for
    both.add_audio(tone(80, 0))
    assert both.ready(1000 * MS) == [tone(40, 0), picture(80)]
    both.add_audio(tone(80, 1))
    both.add_video(picture(120), 1100 * MS)
    both.add_audio(tone(120, 0))
    assert both.ready(1100 * MS) == []  # it is back
    both.add_audio(tone(120, 1))
    assert both.ready(1100 * MS) == [tone(80, 0), tone(80, 1), picture(120)]


times = st.lists(st.integers(0, 2000), max_size=40).map(sorted)


@given(times, times, times, st.lists(st.booleans(), max_size=80))
def test_nothing_is_lost_or_doubled_and_in_patience_the_order_is_that_of_time(
    video: list[int], audio: list[int], other: list[int], turns: list[bool]
) -> None:
    both = Interleaver(tracks=2)
    out: list[VideoPacket | AudioPacket] = []
    pictures, tones = [picture(each) for each in video], [tone(each) for each in audio]
    others = [tone(each, 1) for each in other]
    waiting_video = list(pictures)
    waiting_audio = sorted([*tones, *others], key=lambda each: each.pts_ns)
    for video_next in (*turns, *([True] * len(video)), *([False] * len(waiting_audio))):
        if video_next and waiting_video:
            both.add_video(waiting_video.pop(0), 0)
        elif waiting_audio:
            both.add_audio(waiting_audio.pop(0))
        out += both.ready(0)
    out += both.ready(0, flush=True)
    assert [each for each in out if isinstance(each, VideoPacket)] == pictures
    assert [each for each in out if isinstance(each, AudioPacket) and each.track == 0] == tones
    assert [each for each in out if isinstance(each, AudioPacket) and each.track == 1] == others
    stamps = [each.pts_ns for each in out]
    assert stamps == sorted(stamps)
