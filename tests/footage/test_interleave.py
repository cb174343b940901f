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


def tone(at_ms: int) -> AudioPacket:
    return AudioPacket(b"", at_ms * 48, 1024, at_ms * MS)


def test_a_picture_waits_for_sound_that_reaches_it() -> None:
    both = Interleaver(expects_audio=True)
    both.add_video(picture(40), 0)
    both.add_audio(tone(20))
    assert both.ready(0) == []
    both.add_audio(tone(40))
    assert both.ready(0) == [tone(20), picture(40)]


def test_a_picture_waits_no_longer_than_the_patience() -> None:
    both = Interleaver(expects_audio=True, patience_ns=1000 * MS)
    both.add_video(picture(40), 5 * MS)
    assert both.ready(1004 * MS) == []
    assert both.ready(1005 * MS) == [picture(40)]


def test_without_a_microphone_nothing_waits() -> None:
    both = Interleaver(expects_audio=True)
    both.add_video(picture(0), 0)
    both.add_video(picture(40), 0)
    both.expect_no_audio()
    assert both.ready(0) == [picture(0), picture(40)]
    silent = Interleaver(expects_audio=False)
    silent.add_video(picture(9), 0)
    assert silent.ready(0) == [picture(9)]


def test_sound_alone_is_kept_and_its_lead_is_told() -> None:
    both = Interleaver(expects_audio=True)
    for number in range(257):
        assert not both.audio_is_far_ahead
        both.add_audio(tone(number))
    assert both.audio_is_far_ahead
    assert both.ready(10**12) == []
    assert len(both.ready(0, flush=True)) == 257


times = st.lists(st.integers(0, 2000), max_size=40).map(sorted)


@given(times, times, st.lists(st.booleans(), max_size=80))
def test_nothing_is_lost_or_doubled_and_in_patience_the_order_is_that_of_time(
    video: list[int], audio: list[int], turns: list[bool]
) -> None:
    both = Interleaver(expects_audio=True)
    out: list[VideoPacket | AudioPacket] = []
    pictures, tones = [picture(each) for each in video], [tone(each) for each in audio]
    waiting_video, waiting_audio = list(pictures), list(tones)
    for video_next in (*turns, *([True] * len(video)), *([False] * len(audio))):
        if video_next and waiting_video:
            both.add_video(waiting_video.pop(0), 0)
        elif waiting_audio:
            both.add_audio(waiting_audio.pop(0))
        out += both.ready(0)
    out += both.ready(0, flush=True)
    assert [each for each in out if isinstance(each, VideoPacket)] == pictures
    assert [each for each in out if isinstance(each, AudioPacket)] == tones
    stamps = [each.pts_ns for each in out]
    assert stamps == sorted(stamps)
