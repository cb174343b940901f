"""A footage writer at work in a folder, as a lesson drives it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from device.footage.journal import Journal, read_journal
from device.footage.writer import FootagePlan, FootageSummary, FootageWriter
from device.ports import AudioBlock, AudioFormat, VideoPacket
from device.storage.catalogue import fresh_ulid
from tests.support.material import VIDEO, open_journal, recipients
from tests.support.waiting import Collector, wait_for


class Writing:
    """A writer at work; with ``zero_ns`` it goes on with what a killed one left in the folder."""

    running: ClassVar[list[Writing]] = []

    def __init__(
        self, folder: Path, *, audio: AudioFormat | None = None, zero_ns: int | None = None, **plan: Any
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.notices: Collector[tuple[str, str]] = Collector()
        self.journal = open_journal(folder, audio=audio) if zero_ns is None else Journal(folder)
        self.writer = FootageWriter(
            FootagePlan(folder, recipients(), VIDEO, audio, boot_id="boot-1", **plan),
            self.journal,
            fresh_ulid,
            lambda kind, sentence: self.notices((kind, sentence)),
            zero_ns=zero_ns,
        )
        self.writer.start()
        self.running.append(self)

    def film(self, packets: Sequence[VideoPacket]) -> list[bool]:
        """Deliver pictures as a film that is played as fast as there is room."""
        inlet = self.writer.camera_inlet
        taken = []
        for packet in packets:
            assert inlet.wait_for_room(20)
            taken.append(inlet.video(packet))
        return taken

    def hear(self, blocks: list[AudioBlock], until_ns: int) -> None:
        """Deliver sound up to a moment, and take it from the list."""
        inlet = self.writer.microphone_inlet
        while blocks and blocks[0].pts_ns <= until_ns:
            assert inlet.wait_for_room(20)
            assert inlet.audio(blocks.pop(0))

    def deliver(self, film: Sequence[VideoPacket], blocks: list[AudioBlock], lead_ms: int = 50) -> None:
        """Deliver pictures and what is heard meanwhile; the sound is so much ahead."""
        for packet in film:
            self.hear(blocks, packet.pts_ns + lead_ms * 1_000_000)
            assert self.film([packet]) == [True]

    def wait_for(self, event: str) -> None:
        """Wait until an event is in the journal."""
        wait_for(lambda: event in [each["event"] for each in read_journal(self.folder)])

    def stop(self) -> FootageSummary:
        """End it as a press does."""
        self.running.remove(self)
        summary = self.writer.stop()
        self.journal.write("stopped", reason="press", duration_us=summary.duration_us)
        self.journal.close()
        return summary

    def kinds(self) -> list[str]:
        """Return what the recorder was told of, in order."""
        return [kind for kind, _ in self.notices.seen]


def resident_kib() -> int:
    """Return how much memory this process holds."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0])
