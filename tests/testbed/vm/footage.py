"""What lies in a spool that was copied out of the machine: does it open, and does the catalogue agree?"""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path
from typing import Any

import pyrage

from deploy.demo.analysis import FilmReport, analyse
from device.domain.manifest import Manifest, SegmentEntry, read_manifest
from device.footage.assemble import MANIFEST_NAME
from device.footage.durable import hash_file
from device.footage.journal import NAME as JOURNAL_NAME
from device.footage.seal import CHUNK_BYTES, SUFFIX
from server_sync.inbox.join import join
from server_sync.inbox.unseal import Unsealed, unseal_bytes

_OPEN = ("recording",)
# Emulated, camera and microphone need more than a second to start, and drop what they are late for.
START_S = 3.0
_MOST_APART_MS = 80


def read_sealed_manifest(folder: Path, identity: pyrage.x25519.Identity) -> Manifest:
    """Open the manifest of a recording with the coach's key."""
    return read_manifest(unseal_bytes((folder / MANIFEST_NAME).read_bytes(), identity, "the manifest"))


def make_film(folder: Path, identity: pyrage.x25519.Identity, target: Path) -> FilmReport:
    """Join the segments of a recording, as the coach's machine does, and measure the film."""

    def open_segment(segment: SegmentEntry) -> Unsealed:
        file = (folder / f"{segment.object}{SUFFIX}").open("rb", buffering=0)
        return Unsealed(file, identity, segment.object, tolerant=not segment.complete)

    target.touch()
    joined = join(read_sealed_manifest(folder, identity), open_segment, target, "en")
    assert joined.video_packets, f"there is no picture in {folder.name}"
    return analyse(target)


def flaws(film: FilmReport, *, starved: bool = False) -> list[str]:
    """Return a sentence for everything that is wrong with a film of the synthetic lesson.

    ``starved``: the emulator had so little time that the camera, as a sensor would, let pictures go by.
    """
    counters, offset = film.counters, film.offset
    if counters is None or film.fps is None:
        return ["no picture carries a number"]
    found = [f"it begins with picture {counters.first}"] if counters.first else []
    late_until = math.inf if starved else START_S * film.fps
    found += [f"{gap} is missing" for gap in counters.gaps if gap.last > late_until]
    found += [f"{film.corrupt} pictures are corrupt"] if film.corrupt else []
    odd = [*counters.duplicated, *counters.out_of_order] + ["?"] * counters.unreadable
    found += [f"pictures {odd} are twice, out of order or unreadable"] if odd else []
    found += [f"{gap} in the sound" for gap in film.audio_gaps if gap.from_s > START_S]
    # At 16 kHz the encoder's start takes most of the very first beep.
    if offset is not None and (abs(offset.max_ms) > _MOST_APART_MS or offset.seconds_without_beep > 1):
        found.append(f"picture and sound are apart: {offset}")
    return found


def disagreements(catalogue: Path, spool: Path, identity: pyrage.x25519.Identity) -> list[str]:
    """Return a sentence for everything in which catalogue, manifests and files differ; nothing is recorded now."""
    with sqlite3.connect(catalogue) as database:
        database.row_factory = sqlite3.Row
        recordings = {row["id"]: dict(row) for row in database.execute("SELECT * FROM recordings")}
        objects = [
            dict(row) for row in database.execute("SELECT * FROM objects ORDER BY recording, position")
        ]
    found = [f"{i} is {r['status']}" for i, r in recordings.items() if r["status"] in _OPEN]
    folders = {path.name for path in spool.iterdir()}
    kept = {i for i, r in recordings.items() if r["status"] in ("held", "released")}
    found += [f"{name} has a folder and is not kept" for name in folders - kept]
    found += [f"{name} is kept and has no folder" for name in kept - folders]
    for name in sorted(kept & folders):
        ours = [each for each in objects if each["recording"] == name]
        found += [f"{name}: {what}" for what in _compare(recordings[name], ours, spool / name, identity)]
    return found


def _compare(
    recording: dict[str, Any],
    objects: list[dict[str, Any]],
    folder: Path,
    identity: pyrage.x25519.Identity,
) -> list[str]:
    found = []
    on_disk = {path.name: hash_file(path) for path in folder.iterdir() if path.name != JOURNAL_NAME}
    listed = {each["file"]: (each["size_bytes"], each["sha256"]) for each in objects}
    # What a cut left of a segment that had just begun may be too short to be opened; then it is nobody's.
    for file in on_disk.keys() - listed.keys():
        if on_disk[file][0] <= CHUNK_BYTES and recording["interrupted"]:
            del on_disk[file]
    found += [
        f"{file}: the card holds {on_disk.get(file)}, the catalogue says {listed.get(file)}"
        for file in sorted(on_disk.keys() | listed.keys())
        if on_disk.get(file) != listed.get(file)
    ]
    if recording["size_bytes"] != sum(size for size, _ in listed.values()):
        found.append(f"the sizes do not add up to {recording['size_bytes']}")
    manifest = read_sealed_manifest(folder, identity)
    sealed = {f"{s.object}{SUFFIX}": (s.size_bytes, s.sha256) for s in manifest.segments}
    if {**sealed, MANIFEST_NAME: listed.get(MANIFEST_NAME)} != listed:
        found.append(f"the manifest says {sealed}, the catalogue {listed}")
    said = (bool(recording["interrupted"]), recording["duration_us"])
    if said != (manifest.interrupted, manifest.duration_us):
        found.append(f"the catalogue says {said}, the manifest differs")
    return found
