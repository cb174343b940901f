"""Sound into AAC: samples are counted, so a step of the wall clock never moves the lips."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Any, cast

import av

from device.footage.packets import NS_PER_S, AudioPacket
from device.ports import AudioBlock, AudioFormat

AAC_CODEC = "aac"
AAC_FRAME_SAMPLES = 1024


def layout_name(audio: AudioFormat) -> str:
    """Return libav's name for one or two channels."""
    return "mono" if audio.channels == 1 else "stereo"


@lru_cache
def silent_frame(audio: AudioFormat) -> bytes:
    """Return one AAC frame of silence."""
    encoder = AacEncoder(audio, 32_000, 0)
    samples = bytes(2 * audio.channels * 4 * AAC_FRAME_SAMPLES)
    return encoder.encode(AudioBlock(samples, 0))[-1].data


def _open_encoder(audio: AudioFormat, bitrate_bps: int) -> av.AudioCodecContext:
    codec = cast(av.AudioCodecContext, av.CodecContext.create(AAC_CODEC, "w"))
    codec.sample_rate = audio.rate_hz
    codec.layout = layout_name(audio)
    codec.format = "fltp"
    codec.bit_rate = bitrate_bps
    codec.time_base = Fraction(1, audio.rate_hz)
    codec.open()
    return codec


class AacEncoder:
    """Turns the blocks of one track into AAC frames on the film's time line.

    ``origin_ns`` is the film's time zero, ``first_ns`` (if it is later) where this part of the film begins.
    Samples before that are cut; a microphone that starts late leaves the track starting late. Where blocks
    were lost a hole in time stays a hole, so that what follows is still in step with the picture.
    """

    # Stamps come from counting samples, so within a run they agree to a rounding; more is a real hole.
    _TOLERANCE_SAMPLES = 240

    def __init__(
        self,
        audio: AudioFormat,
        bitrate_bps: int,
        origin_ns: int,
        *,
        first_ns: int | None = None,
        track: int = 0,
    ) -> None:
        self._track = track
        self._rate_hz = audio.rate_hz
        self._sample_bytes = 2 * audio.channels
        self._layout = layout_name(audio)
        self._origin_ns = origin_ns
        begin_ns = origin_ns if first_ns is None else first_ns
        self._first = -(-(begin_ns - origin_ns) * audio.rate_hz // NS_PER_S)
        self._pending = bytearray()
        self._position: int | None = None
        self._codec = _open_encoder(audio, bitrate_bps)
        self._resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=audio.rate_hz)

    def encode(self, block: AudioBlock) -> list[AudioPacket]:
        """Take one block; return the frames that are complete by now."""
        first = round((block.pts_ns - self._origin_ns) * self._rate_hz / NS_PER_S)
        data = self._continue_from(first, block.data)
        self._pending += data
        packets: list[AudioPacket] = []
        frame_bytes = AAC_FRAME_SAMPLES * self._sample_bytes
        while len(self._pending) >= frame_bytes:
            packets += self._encode_frame(bytes(self._pending[:frame_bytes]))
            del self._pending[:frame_bytes]
        return packets

    def flush(self) -> list[AudioPacket]:
        """Return what is still in here at the end, filled up with silence to whole frames."""
        if self._position is None:
            return []
        missing = -len(self._pending) % (AAC_FRAME_SAMPLES * self._sample_bytes)
        packets: list[AudioPacket] = []
        if self._pending:
            packets += self._encode_frame(bytes(self._pending) + bytes(missing))
            self._pending.clear()
        return packets + self._packets(self._codec.encode(None))

    def _continue_from(self, first: int, data: bytes) -> bytes:
        """Return the part of the block that lies after what there is already."""
        waiting = len(self._pending) // self._sample_bytes
        expected = self._first if self._position is None else self._position + waiting
        if self._position is not None and abs(first - expected) <= self._TOLERANCE_SAMPLES:
            return data
        surplus = max(0, expected - first)
        data = data[surplus * self._sample_bytes :]
        if data and (self._position is None or first > expected):
            self._pending.clear()
            self._position = max(first, expected)
        return data

    def _encode_frame(self, samples: bytes) -> list[AudioPacket]:
        assert self._position is not None  # there are pending samples, so their place is known
        frame = av.AudioFrame(format="s16", layout=self._layout, samples=AAC_FRAME_SAMPLES)
        frame.planes[0].update(samples)
        frame.sample_rate = self._rate_hz
        frame.time_base = Fraction(1, self._rate_hz)
        (planar,) = self._resampler.resample(frame)
        planar.pts, planar.time_base = self._position, frame.time_base
        self._position += AAC_FRAME_SAMPLES
        return self._packets(self._codec.encode(planar))

    def _packets(self, encoded: Iterable[av.Packet[Any]]) -> list[AudioPacket]:
        """Place frames on the film's time line.

        The first one out of an AAC encoder is its run-up. It lies before the first sample, and is left out
        where that is the first of this part of the film.
        """
        packets = []
        for packet in encoded:
            if packet.pts is not None and packet.pts >= self._first:
                pts_ns = self._origin_ns + packet.pts * NS_PER_S // self._rate_hz
                packets.append(AudioPacket(bytes(packet), packet.pts, AAC_FRAME_SAMPLES, pts_ns, self._track))
        return packets
