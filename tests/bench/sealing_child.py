"""Stores the packets of a file in one of the ways that are compared, and prints what it cost.

python -m tests.bench.sealing_child leerblik|plain|pyrage|age PACKETS FOLDER
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyrage

from device.footage.journal import Journal
from device.footage.queue import Bounds
from device.footage.seal import read_recipient
from device.footage.writer import FootagePlan, FootageWriter
from device.ports import AudioBlock, VideoPacket
from device.storage.catalogue import fresh_ulid
from tests.bench.child import Meter, peak_mib, report, written_bytes
from tests.bench.packet_file import AUDIO, VIDEO, read

_RECIPIENTS = 3
_SEGMENT_S = 30.0
_AUDIO_BPS = 96_000
_OPTIONS = {
    "movflags": "empty_moov+delay_moov+default_base_moof",
    "frag_duration": "500000",
    "flush_packets": "1",
    "max_interleave_delta": "1000000",
    "movie_timescale": "90000",
}


def leerblik(packets: Path, folder: Path, recipients: list[str]) -> list[Path]:
    """Store with the recorder's writer: every packet counts as accepted only when it was."""
    problems: list[str] = []
    journal = Journal(folder)
    plan = FootagePlan(
        folder, [read_recipient(each) for each in recipients], VIDEO, AUDIO, _SEGMENT_S, _AUDIO_BPS, Bounds()
    )
    writer = FootageWriter(plan, journal, fresh_ulid, lambda kind, words: problems.append(f"{kind}: {words}"))
    writer.start()
    pictures = 0
    for item in read(packets):
        inlet = writer.camera_inlet if isinstance(item, VideoPacket) else writer.microphone_inlet
        while not inlet.wait_for_room(1.0):
            pass
        pictures += inlet.video(item) if isinstance(item, VideoPacket) else 0
        if isinstance(item, AudioBlock):
            inlet.audio(item)
    summary = writer.stop()
    journal.close()
    if problems or summary.frames != pictures or summary.dropped_frames:
        raise RuntimeError(f"{summary} of {pictures} pictures; {problems}")
    return sorted(folder.glob("*.age"))


def plain(packets: Path, folder: Path, recipients: list[str]) -> list[Path]:
    """Store as a script of a few lines would, in one file that anybody can read."""
    path = folder / "plain.mp4"
    first = next(item for item in read(packets) if isinstance(item, VideoPacket))
    with (
        av.open(io.BytesIO(first.data), format="h264") as raw,
        av.open(str(path), "w", options=_OPTIONS) as film,
    ):
        picture: Any = film.add_stream_from_template(raw.streams.video[0])
        sound: Any = film.add_stream("aac", rate=AUDIO.rate_hz, layout="mono")
        sound.bit_rate = _AUDIO_BPS
        for item in read(packets):
            if isinstance(item, VideoPacket):
                film.mux(_packet(item, picture))
            else:
                film.mux(sound.encode(_frame(item)))
        film.mux(sound.encode(None))
    return [path]


def with_pyrage(packets: Path, folder: Path, recipients: list[str]) -> list[Path]:
    """Store plainly, then seal the file."""
    (path,) = plain(packets, folder, recipients)
    sealed = path.with_suffix(".age")
    pyrage.encrypt_file(
        str(path), str(sealed), [pyrage.x25519.Recipient.from_str(each) for each in recipients]
    )
    return [path, sealed]


def with_age(packets: Path, folder: Path, recipients: list[str]) -> list[Path]:
    """Store plainly, then seal the file with the program."""
    (path,) = plain(packets, folder, recipients)
    sealed = path.with_suffix(".age")
    words = [word for each in recipients for word in ("-r", each)]
    subprocess.run(["age", *words, "-o", str(sealed), str(path)], check=True)
    return [path, sealed]


_WAYS: dict[str, Callable[[Path, Path, list[str]], list[Path]]] = {
    "leerblik": leerblik,
    "plain": plain,
    "pyrage": with_pyrage,
    "age": with_age,
}


def _packet(item: VideoPacket, stream: Any) -> av.Packet[Any]:
    packet = av.Packet(item.data)
    packet.stream, packet.time_base = stream, Fraction(1, 90_000)
    packet.pts = packet.dts = item.pts_ns * 9 // 100_000
    packet.is_keyframe = item.key
    return packet


def _frame(block: AudioBlock) -> av.AudioFrame:
    samples = np.frombuffer(block.data, dtype="<i2").reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate, frame.time_base = AUDIO.rate_hz, Fraction(1, AUDIO.rate_hz)
    frame.pts = block.pts_ns * AUDIO.rate_hz // 1_000_000_000
    return frame


def main() -> None:
    """Do it in the way that was asked for."""
    way, packets, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    recipients = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(_RECIPIENTS)]
    before_mib = peak_mib()
    with Meter() as meter:
        paths = _WAYS[way](packets, folder, recipients)
    report(
        {
            "cpu_s": meter.cpu_s,
            "wall_s": meter.wall_s,
            "peak_mib": peak_mib(),
            "grown_mib": peak_mib() - before_mib,
            "written_mib": written_bytes(paths) / (1 << 20),
        }
    )


if __name__ == "__main__":
    main()
