"""A device's folders with everything in them that a wipe must destroy, and marks by which it would be known again."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from device.commands.keys import make_device_key
from device.domain.lifecycle import Status, Writer
from device.domain.register.decisions import HolidaySet
from device.footage.assemble import MANIFEST_NAME
from device.storage.catalogue import FILE_NAME, Catalogue, StoredObject
from device.storage.register import RegisterBook
from device.wipe.ledger import Order
from device.wipe.places import Keeping
from device.wipe.wiper import Result, Wiper, World

MARK = b"a mark by which it would be known again"
HELD, SENT, GONE, STRAY = (f"01J0000000000000000000000{each}" for each in "ABCD")
DEVICE = "voorbeeld-1"
KEYFILES = (
    "leerblik.nmconnection",
    ".leerblik.before",
    ".leerblik.nmconnection.new",
    "..leerblik.before.new",
)
ORDER = Order(DEVICE, "it", "button", "2026-09-01T08:00:00Z", clock_trusted=True)


@dataclass
class Furnished:
    """One device. ``public_line`` is the SSH key that the coach's machine knows."""

    root: Path
    public_line: str = ""
    trims: list[Path] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    before: dict[Path, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        var = self.root / "var"
        self.keeping = Keeping(
            runtime=self.root / "run" / "leerblik", own=var / "recorder", settings=var / "settings",
            network=var / "network", web=var / "web", register=var / "register", state=var / "state",
            spool=var / "spool", ssh_key=self.root / "etc" / "ssh_key", wiped=var / "wiped",
            keyfiles=self.root / "nm", keyfiles_begin="leerblik.",
            spared=(self.root / "etc" / "leerblik.toml",),
        )  # fmt: skip

    def fill(self) -> Furnished:
        keeping = self.keeping
        for place in keeping.places():
            place.folder.mkdir(parents=True)
            if place.only:
                (place.folder / "theirs.nmconnection").write_bytes(b"psk=theirs")
                for name in KEYFILES:
                    (place.folder / name).write_bytes(MARK)
                continue
            (place.folder / "deep" / "deeper").mkdir(parents=True)
            (place.folder / "deep" / "deeper" / "file").write_bytes(MARK)
        (self.root / "etc").mkdir()
        (self.root / "etc" / "leerblik.toml").write_text("# IT's own\n")
        self.public_line = make_device_key(keeping.ssh_key)
        (self.root / "etc" / "ssh_key.pub").write_text(self.public_line)
        (keeping.runtime / "review.key").write_bytes(MARK)
        (keeping.web / "accounts.json").write_bytes(MARK * 3000)
        book = RegisterBook(keeping.register)
        for number in range(3):
            day = datetime(2026, 10, 1 + number, tzinfo=UTC)
            decision = HolidaySet(f"vrij {number}", day.date(), day.date())
            book.decide(day, "coach", decision, clock_trusted=True)
        self.head = book.read().head
        with Catalogue(keeping.state / FILE_NAME, Writer.RECORDER) as catalogue:
            for name in (HELD, SENT, GONE):
                catalogue.recordings.add(name, "2026-09-01T08:00:00Z", "t", untrusted_clock=False)
                manifest = StoredObject(MANIFEST_NAME, 5, f"{name[-1]}" * 64)
                catalogue.recordings.hold(
                    name, boot_id="b", at_ns=1, duration_us=3_600_000_000, dropped_frames=0, interrupted=False,
                    objects=[manifest],
                )  # fmt: skip
            for status in (Status.DISCARDED, Status.PURGED):
                catalogue.recordings.move(GONE, status)
            catalogue.recordings.move(SENT, Status.RELEASED)
        with Catalogue(keeping.state / FILE_NAME, Writer.SYNC) as catalogue:
            for status in (Status.UPLOADING, Status.DELIVERED):
                catalogue.recordings.move(SENT, status)
        for name in (HELD, SENT, STRAY):
            (keeping.spool / name).mkdir()
            (keeping.spool / name / MANIFEST_NAME).write_bytes(name.encode())
            (keeping.spool / name / "01.age").write_bytes(MARK * 100)
        return self

    def wiper(self) -> Wiper:
        world = World(
            lambda: datetime(2026, 9, 1, 8, 5, tzinfo=UTC),
            lambda: True,
            self._trim,
            lambda: self.asked.append("forget"),
        )
        return Wiper(self.keeping, DEVICE, "0.1.0", world)

    def wipe(self) -> Result:
        return self.wiper().wipe(ORDER)

    def _trim(self, folder: Path) -> str:
        self.trims.append(folder)
        return "done: 0 bytes"

    def files(self) -> list[Path]:
        """Return every file and link that is left, proofs and IT's own aside."""
        spared = {
            self.keeping.wiped, self.root / "etc" / "leerblik.toml", self.keeping.keyfiles / "theirs.nmconnection",
        }  # fmt: skip
        return [
            path
            for path in sorted(self.root.rglob("*"))
            if (path.is_symlink() or not path.is_dir()) and not spared & {path, path.parent}
        ]


def walk_into(folder: Path) -> bytes:
    """Return all bytes of all files below a folder, links not followed."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return b"".join(path.read_bytes() for path in paths)


def is_root() -> bool:
    return os.geteuid() == 0
