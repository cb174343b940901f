"""Packets as a camera and a microphone deliver them, and what became of them on the card."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pyrage
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from device.domain.manifest import (
    AudioDescription,
    Manifest,
    PermitDescription,
    SegmentEntry,
    VideoDescription,
    read_manifest,
    read_permit,
)
from device.footage.assemble import MANIFEST_NAME, assemble, write_opening
from device.footage.journal import Journal, read_journal
from device.footage.seal import SUFFIX, read_recipient
from device.ports import AudioBlock, AudioFormat, VideoFormat, VideoPacket
from tests.support.footage import FPS, HEIGHT, WIDTH, encode
from tests.support.permits import permit

VIDEO = VideoFormat(WIDTH, HEIGHT, FPS)
AUDIO = AudioFormat(48_000, 1)
RECORDING = "01J00000000000000000000000"
ORIGIN_NS = 7_000_000_000
S = 1_000_000_000
COACH = pyrage.x25519.Identity.generate()
RECOVERY = pyrage.x25519.Identity.generate()
STRANGER = pyrage.x25519.Identity.generate()


def recipients() -> list[X25519PublicKey]:
    """Return those for whom tests seal: a coach and the school's recovery key."""
    return [read_recipient(str(identity.to_public())) for identity in (COACH, RECOVERY)]


@functools.cache
def pictures(seconds: int, *, gop: int = FPS) -> tuple[VideoPacket, ...]:
    """Return encoded pictures from :data:`ORIGIN_NS` on, a key frame every ``gop`` pictures."""
    return tuple(
        VideoPacket(data, ORIGIN_NS + round(ticks * S / 90_000), key)
        for data, ticks, key in encode(seconds, gop=gop).video
    )


def sound(seconds: float, *, block_samples: int = 960, from_s: float = 0.0) -> list[AudioBlock]:
    """Return silence in blocks, stamped by counting samples."""
    starts = range(round(from_s * 48_000), round(seconds * 48_000), block_samples)
    return [AudioBlock(bytes(2 * block_samples), ORIGIN_NS + first * S // 48_000) for first in starts]


@functools.cache
def sealed_permit(*, sound: bool = True) -> str:
    """Return a permit as it stands in a journal and in a manifest: an age object in base64."""
    keys = [identity.to_public() for identity in (COACH, RECOVERY)]
    return base64.b64encode(pyrage.encrypt(permit(sound=sound).description().to_bytes(), keys)).decode()


def permit_of(manifest: Manifest, identity: Any = COACH) -> PermitDescription:
    """Return the permit that travels with a recording, as the coach reads it."""
    return read_permit(pyrage.decrypt(base64.b64decode(manifest.permit_sealed), [identity]))


def open_journal(
    folder: Path, *, recording: str = RECORDING, sound: bool = True, audio: AudioFormat | None = None
) -> Journal:
    """Return a journal with its first line."""
    heard = AudioDescription(audio.rate_hz, audio.channels, audio.tracks) if audio else None
    journal = Journal(folder)
    write_opening(
        journal, recording=recording, device="device-1", started_at="2030-03-04T10:00:00.000000Z",
        clock_trusted=True, boot_id="boot-1", permit_sealed=sealed_permit(sound=sound),
        video=VideoDescription(WIDTH, HEIGHT, FPS * 1000), audio=heard,
    )  # fmt: skip
    return journal


@dataclass(frozen=True)
class Film:
    """What a player finds: stamps of pictures and of frames of sound, in nanoseconds of the recording."""

    video_ns: list[int]
    audio_samples: list[int]


def manifest_of(folder: Path) -> Manifest:
    """Return the manifest that belongs to a folder, after a trip through its own bytes."""
    manifest = assemble(folder, read_journal(folder))
    assert manifest is not None
    return read_manifest(manifest.to_bytes())


def unseal(data: bytes, identity: Any = COACH) -> bytes:
    """Decrypt an object; of one that was cut off, every chunk that is whole."""
    out = io.BytesIO()
    with contextlib.suppress(OSError):
        pyrage.decrypt_io(io.BytesIO(data), out, [identity])
    return out.getvalue()


def watch(plain: bytes, entry: SegmentEntry) -> Film:
    """Demux one segment and put its stamps in their place in the recording."""
    video_ns: list[int] = []
    audio: list[int] = []
    # The last fragment of a film that was cut off may be half there.
    with contextlib.suppress(av.error.InvalidDataError), av.open(io.BytesIO(plain), "r", "mp4") as container:
        for packet in container.demux():
            if packet.pts is None or packet.time_base is None:
                continue
            if packet.stream.type == "video":
                video_ns.append(round(packet.pts * packet.time_base * S) + entry.offset_us * 1000)
            else:
                audio.append(packet.pts - (-entry.offset_us * 48_000 // 1_000_000))
    return Film(video_ns, audio)


def watch_all(folder: Path, identity: Any = COACH) -> Film:
    """Decrypt and demux a whole recording."""
    film = Film([], [])
    for entry in manifest_of(folder).segments:
        part = watch(unseal((folder / f"{entry.object}{SUFFIX}").read_bytes(), identity), entry)
        film.video_ns.extend(part.video_ns)
        film.audio_samples.extend(part.audio_samples)
    return film


def sealed_files(folder: Path) -> list[Path]:
    """Return the sealed segments of a folder."""
    return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and path.name != MANIFEST_NAME)


def open_descriptors() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
