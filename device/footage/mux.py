"""Packets into fragmented MP4: every fragment is whole by itself, so a cut costs the last one only."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any, cast

import av
import av.container
import av.video.stream

from device.footage.aac import AAC_CODEC, AAC_FRAME_SAMPLES, layout_name, silent_frame
from device.footage.boxes import BoxWriter
from device.footage.packets import NS_PER_S, AudioPacket
from device.ports import AudioFormat, VideoPacket

_SILENCE_AFTER_NS = 300_000_000
# Where the frames of silence go that push out what libav holds.
_PUSH_MS = (0, 510, 620)
_VIDEO_TIME_BASE = Fraction(1, 90_000)
# delay_moov writes the header with the first fragment, when it is known where each track begins:
# with empty_moov alone, sound that begins 10 ms after the picture is shifted onto its start.
_OPTIONS = {
    "movflags": "empty_moov+delay_moov+default_base_moof",
    "frag_duration": "500000",
    "flush_packets": "1",
    # The packets come in order of time already; libav must not hold the picture back for a silent track.
    "max_interleave_delta": "100000",
    "video_track_timescale": "90000",
    # Where a track begins is written in these units; with the usual milliseconds the sound would move.
    "movie_timescale": "90000",
}


class Unreadable(ValueError):
    """What the camera delivered is no picture; the card has nothing to do with it."""


class VideoTemplate:
    """What the muxer must know about the picture, read from the first key frame; Unreadable when that is none."""

    def __init__(self, key_frame: VideoPacket) -> None:
        # The container must stay open for as long as its stream serves as a template.
        try:
            self._container = av.open(io.BytesIO(key_frame.data), format="h264")
        except (av.FFmpegError, IndexError) as error:
            raise Unreadable(str(error)) from None
        self.stream: av.video.stream.VideoStream = self._container.streams.video[0]
        if not self.stream.width or not self.stream.height:
            self._container.close()
            raise Unreadable("it has no size")

    def close(self) -> None:
        """Let the decoder's memory go."""
        self._container.close()


class _SoundTrack:
    """One track of sound in the segment: where it is, and whether it began."""

    def __init__(self, stream: av.AudioStream, rate_hz: int) -> None:
        self._stream = stream
        self._time_base = Fraction(1, rate_hz)
        self.next_samples = 0
        self.sounded = False

    def packet(self, data: bytes, offset_samples: int) -> av.Packet[Any] | None:
        """Return a frame in its place, or None when something later is in this segment already."""
        if offset_samples < self.next_samples:
            return None
        self.next_samples = offset_samples + AAC_FRAME_SAMPLES
        self.sounded = True
        muxed = av.Packet(data)
        muxed.stream = self._stream
        muxed.time_base = self._time_base
        muxed.pts = muxed.dts = offset_samples
        muxed.duration = AAC_FRAME_SAMPLES
        muxed.is_keyframe = True
        return muxed


class SegmentMuxer:
    """One segment: starts at its own time zero and ends whole."""

    def __init__(
        self, target: BoxWriter, video: VideoTemplate, audio: AudioFormat | None, fps: float
    ) -> None:
        self._container = av.open(target, "w", format="mp4", options=_OPTIONS)
        # Opaque: PyAV 14 would otherwise start an encoder of its own for every segment, and write its parameters.
        self._video = self._container.add_stream_from_template(video.stream, opaque=True)
        self._frame_ticks = round(90_000 / fps)
        self._held: tuple[VideoPacket, int] | None = None
        self._newest_ns = 0
        self._audio_format = audio
        self._tracks = [self._add_track(audio) for _ in range(audio.tracks)] if audio else []

    def video(self, packet: VideoPacket, offset_ns: int) -> None:
        """Add a picture that lies ``offset_ns`` after the start of this segment.

        It is written when the next one comes: libav places the first picture of a fragment by the length
        of the one before it, not by its own stamp, so after a gap that length must be right.
        """
        ticks = round(Fraction(offset_ns * _VIDEO_TIME_BASE.denominator, NS_PER_S))
        self._mux_held(until_ticks=ticks)
        self._held = (packet, ticks)
        self._reach(offset_ns)

    def audio(self, packet: AudioPacket, offset_samples: int) -> bool:
        """Add a frame of sound that lies ``offset_samples`` after the start of this segment.

        False when it came too late: something later is in its track already.
        """
        if self._audio_format is None:
            raise ValueError("this segment has no sound")
        muxed = self._tracks[packet.track].packet(packet.data, offset_samples)
        if muxed is None:
            return False
        self._container.mux_one(muxed)
        self._reach(offset_samples * NS_PER_S // self._audio_format.rate_hz)
        return True

    def stand_still(self) -> None:
        """Write the picture that waits for the next one: none will come to this segment."""
        self._mux_held()

    def push_out(self) -> None:
        """Make libav write what it holds although nothing comes any more, neither pictures nor sound.

        It keeps a packet until a later one is 0.1 s away, and a fragment until a packet 0.5 s behind its
        beginning is there: frames of silence do both.
        """
        if self._audio_format is None:
            return
        rate_hz = self._audio_format.rate_hz
        begin = max(track.next_samples for track in self._tracks)
        begin = max(begin, self._newest_ns * rate_hz // NS_PER_S)
        for after_ms in _PUSH_MS:
            for track in self._tracks:
                self._mux_silence(track, begin + after_ms * rate_hz // 1000)

    def close(self) -> None:
        """Write what is still held here and in libav."""
        self._mux_held()
        self._container.close()

    def _add_track(self, audio: AudioFormat) -> _SoundTrack:
        stream = self._container.add_stream(AAC_CODEC, rate=audio.rate_hz, layout=layout_name(audio))
        return _SoundTrack(cast(av.AudioStream, stream), audio.rate_hz)

    def _reach(self, offset_ns: int) -> None:
        """Stand in for microphones that say nothing: libav writes nothing at all before every track began."""
        self._newest_ns = max(self._newest_ns, offset_ns)
        if self._audio_format is None or offset_ns < _SILENCE_AFTER_NS:
            return
        for track in self._tracks:
            if not track.sounded:
                self._mux_silence(track, offset_ns * self._audio_format.rate_hz // NS_PER_S)

    def _mux_silence(self, track: _SoundTrack, offset_samples: int) -> None:
        assert self._audio_format is not None  # without sound there are no tracks
        muxed = track.packet(silent_frame(self._audio_format), offset_samples)
        if muxed is not None:
            self._container.mux_one(muxed)

    def _mux_held(self, *, until_ticks: int | None = None) -> None:
        if self._held is None:
            return
        (packet, ticks), self._held = self._held, None
        muxed = av.Packet(packet.data)
        muxed.stream = self._video
        muxed.time_base = _VIDEO_TIME_BASE
        muxed.pts = muxed.dts = ticks
        muxed.duration = self._frame_ticks if until_ticks is None else until_ticks - ticks
        muxed.is_keyframe = packet.key
        try:
            self._container.mux_one(muxed)
        except (av.error.ArgumentError, av.error.InvalidDataError) as error:
            raise Unreadable(str(error)) from None
