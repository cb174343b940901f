"""Packets into fragmented MP4: every fragment is whole by itself, so a cut costs the last one only."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import av.container
import av.video.stream

from device.footage.aac import AAC_CODEC, AAC_FRAME_SAMPLES, layout_name, silent_frame
from device.footage.boxes import BoxWriter
from device.footage.packets import NS_PER_S, AudioPacket
from device.ports import AudioFormat, VideoPacket

_SILENCE_AFTER_NS = 300_000_000
_VIDEO_TIME_BASE = Fraction(1, 90_000)
# delay_moov writes the header with the first fragment, when it is known where each track begins:
# with empty_moov alone, sound that begins 10 ms after the picture is shifted onto its start.
_OPTIONS = {
    "movflags": "empty_moov+delay_moov+default_base_moof",
    "frag_duration": "500000",
    "flush_packets": "1",
    # The packets come in order of time already; libav must not hold the picture back for a silent track.
    "max_interleave_delta": "100000",
    # Where a track begins is written in these units; with the usual milliseconds the sound would move.
    "movie_timescale": "90000",
}


class VideoTemplate:
    """What the muxer must know about the picture, read from the first key frame."""

    def __init__(self, key_frame: VideoPacket) -> None:
        # The container must stay open for as long as its stream serves as a template.
        self._container = av.open(io.BytesIO(key_frame.data), format="h264")
        self.stream: av.video.stream.VideoStream = self._container.streams.video[0]

    def close(self) -> None:
        """Let the decoder's memory go."""
        self._container.close()


class SegmentMuxer:
    """One segment: starts at its own time zero and ends whole."""

    def __init__(
        self, target: BoxWriter, video: VideoTemplate, audio: AudioFormat | None, fps: float
    ) -> None:
        self._container = av.open(target, "w", format="mp4", options=_OPTIONS)
        self._video = self._container.add_stream_from_template(video.stream)
        self._video.time_base = _VIDEO_TIME_BASE
        self._frame_ticks = round(90_000 / fps)
        self._held: tuple[VideoPacket, int] | None = None
        self._audio = None
        self._audio_format = audio
        if audio is not None:
            self._audio = self._container.add_stream(AAC_CODEC, rate=audio.rate_hz, layout=layout_name(audio))
            self._audio_time_base = Fraction(1, audio.rate_hz)
        self._sounded = audio is None
        self._next_samples = 0

    def video(self, packet: VideoPacket, offset_ns: int) -> None:
        """Add a picture that lies ``offset_ns`` after the start of this segment.

        It is written when the next one comes: libav places the first picture of a fragment by the length
        of the one before it, not by its own stamp, so after a gap that length must be right.
        """
        ticks = round(Fraction(offset_ns * _VIDEO_TIME_BASE.denominator, NS_PER_S))
        self._mux_held(until_ticks=ticks)
        self._held = (packet, ticks)
        if not self._sounded and offset_ns >= _SILENCE_AFTER_NS:
            self._mux_silence(offset_ns)

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
        self._container.mux_one(muxed)

    def audio(self, packet: AudioPacket, offset_samples: int) -> bool:
        """Add a frame of sound that lies ``offset_samples`` after the start of this segment.

        False when it came too late: something later is in this segment already.
        """
        if self._audio is None:
            raise ValueError("this segment has no sound")
        if offset_samples < self._next_samples:
            return False
        self._next_samples = offset_samples + packet.duration
        self._sounded = True
        muxed = av.Packet(packet.data)
        muxed.stream = self._audio
        muxed.time_base = self._audio_time_base
        muxed.pts = muxed.dts = offset_samples
        muxed.duration = packet.duration
        muxed.is_keyframe = True
        self._container.mux_one(muxed)
        return True

    def _mux_silence(self, offset_ns: int) -> None:
        """Stand in for a microphone that says nothing: libav writes nothing at all before every track began."""
        assert self._audio_format is not None  # without sound there is nothing to stand in for
        pts = offset_ns * self._audio_format.rate_hz // NS_PER_S
        self.audio(AudioPacket(silent_frame(self._audio_format), pts, AAC_FRAME_SAMPLES, offset_ns), pts)

    def close(self) -> None:
        """Write what is still held here and in libav."""
        self._mux_held()
        self._container.close()
