"""The queue between camera and card: bounded, never waiting, and every loss is counted."""

from __future__ import annotations

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from device.footage.queue import Bounds, Drop, FootageQueue, Lost
from device.ports import AudioBlock, VideoPacket

Notices = list[tuple[str, str]]


def queue(notices: Notices | None = None, **bounds: int) -> FootageQueue:
    told: Notices = [] if notices is None else notices
    return FootageQueue(Bounds(**bounds), lambda kind, sentence: told.append((kind, sentence)))


def picture(number: int, *, key: bool = False, size: int = 10) -> VideoPacket:
    return VideoPacket(bytes(size), number, key)


def test_a_full_queue_drops_up_to_the_next_key_frame_says_so_once_and_counts() -> None:
    notices: Notices = []
    full = queue(notices, video_packets=2)
    taken = [full.put_video(picture(n, key=n == 0)) for n in range(5)]
    assert taken == [True, True, False, False, False]
    for _ in range(2):
        item = full.get(0)
        assert item is not None
        full.written(item)
    assert not full.put_video(picture(5))  # there is room, but nothing could decode it
    assert full.put_video(picture(6, key=True))
    assert full.take_drops() == [Drop(2, 6, 4)]
    assert full.take_drops() == []
    assert [kind for kind, _ in notices] == ["dropping"]


def test_room_is_free_again_when_a_picture_is_written_not_when_it_is_fetched() -> None:
    full = queue(video_packets=1)
    assert full.put_video(picture(0, key=True))
    item = full.get(0)
    assert not full.put_video(picture(1, key=True))
    assert item is not None
    full.written(item)
    assert full.put_video(picture(2, key=True))


def test_a_drop_that_lasts_until_the_end_is_told_as_well() -> None:
    full = queue(video_packets=1)
    full.put_video(picture(0, key=True))
    full.put_video(picture(1))
    full.close()
    full.end(7)
    assert full.take_drops() == [Drop(1, 7, 1)]


def test_pictures_after_the_end_are_nobodys_loss() -> None:
    closed = queue()
    closed.close()
    assert not closed.put_video(picture(0, key=True))
    closed.end(5)
    assert closed.take_drops() == []


def test_sound_has_bounds_of_its_own_so_neither_starves_the_other() -> None:
    full = queue(audio_bytes=100, video_bytes=100)
    while full.put_audio(AudioBlock(bytes(50), 0)):
        pass
    assert full.audio_blocks_dropped == 1
    assert full.put_video(picture(0, key=True))
    assert full.wait_for_video_room(0)
    assert not full.wait_for_audio_room(0)


def test_a_source_that_can_wait_is_woken_by_room_and_by_the_end() -> None:
    for wake in ("written", "closed"):
        full = queue(video_packets=1)
        full.put_video(picture(0, key=True))
        item = full.get(0)
        assert item is not None
        woken: list[bool] = []
        waiting = threading.Thread(target=lambda q=full, out=woken: out.append(q.wait_for_video_room(20)))
        waiting.start()
        if wake == "written":
            full.written(item)
        else:
            full.close()
        waiting.join(20)
        assert woken == [True]


def test_sound_stays_where_it_is_while_the_writer_has_enough_of_it() -> None:
    both = queue()
    both.put_audio(AudioBlock(bytes(2), 0))
    assert both.get(0, audio=False) is None
    both.put_video(picture(1, key=True))
    assert isinstance(both.get(0, audio=False), VideoPacket)
    assert isinstance(both.get(0), AudioBlock)


def test_a_lost_camera_stands_between_its_pictures_and_needs_a_key_frame_to_be_back() -> None:
    notices: Notices = []
    pipe = queue(notices)
    pipe.put_video(picture(0, key=True))
    pipe.lose_camera()
    pipe.lose_camera()
    assert not pipe.put_video(picture(1))
    assert pipe.put_video(picture(2, key=True))
    assert pipe.put_video(picture(3))
    assert [pipe.get(0) for _ in range(5)] == [
        picture(0, key=True), Lost.CAMERA, picture(2, key=True), picture(3), None,
    ]  # fmt: skip
    assert pipe.take_drops() == [Drop(1, 2, 1)]
    assert notices == [("dropping", "the camera came back without a key frame; it is waited for")]


def test_pictures_of_a_camera_that_was_replaced_are_neither_taken_nor_counted() -> None:
    pipe = queue()
    pipe.put_video(picture(0, key=True), 0)
    second, third = pipe.next_camera(), pipe.next_camera()
    assert not pipe.put_video(picture(1, key=True), 0)
    assert not pipe.put_video(picture(1, key=True), second)
    assert pipe.newest_ns == 0
    assert pipe.put_video(picture(2, key=True), third)
    assert [pipe.get(0) for _ in range(4)] == [picture(0, key=True), Lost.CAMERA, picture(2, key=True), None]
    assert pipe.take_drops() == []


def test_pictures_and_sound_come_in_order_of_time_the_sound_a_little_earlier() -> None:
    pipe = queue()
    ms = 1_000_000
    blocks = [AudioBlock(bytes(2), at_ms * ms) for at_ms in (0, 90, 180, 270)]
    film = [VideoPacket(b"x", at_ms * ms, key=True) for at_ms in (0, 150)]
    for block in blocks:
        pipe.put_audio(block)
    for packet in film:
        pipe.put_video(packet)
    pipe.lose_sound()
    order = [blocks[0], blocks[1], film[0], blocks[2], film[1], blocks[3], Lost.SOUND, None]
    assert [pipe.get(0) for _ in order] == order


operations = st.lists(st.sampled_from(("key", "delta", "get", "write", "collect")), max_size=80)


@settings(max_examples=300, deadline=None)
@given(operations, st.integers(1, 5), st.integers(1, 60))
def test_every_picture_is_fetched_or_counted_exactly_once_and_the_bounds_hold(
    steps: list[str], packets: int, size: int
) -> None:
    pipe = queue(video_packets=packets, video_bytes=size)
    fetched: list[VideoPacket] = []
    unwritten: list[VideoPacket] = []
    drops: list[Drop] = []
    offered = 0
    for number, do in enumerate(steps):
        if do in ("key", "delta"):
            pipe.put_video(picture(number, key=do == "key", size=10))
            offered += 1
        elif do == "get":
            item = pipe.get(0)
            if isinstance(item, VideoPacket):
                fetched.append(item)
                unwritten.append(item)
        elif do == "write" and unwritten:
            pipe.written(unwritten.pop(0))
        else:
            drops += pipe.take_drops()
    pipe.close()
    while (item := pipe.get(0)) is not None:
        assert isinstance(item, VideoPacket)
        fetched.append(item)
        unwritten.append(item)
    pipe.end(len(steps))
    drops += pipe.take_drops()
    assert len(fetched) + sum(drop.frames for drop in drops) == offered
    assert len(unwritten) <= packets
    assert (len(unwritten) - 1) * 10 < size  # the one that reaches the bound is still taken
    for drop in drops:
        assert not any(drop.from_ns <= item.pts_ns < drop.to_ns for item in fetched)
        after = [item for item in fetched if item.pts_ns >= drop.to_ns]
        assert not after or after[0].key
