"""A device with a finished recording, a drop box in a folder, and a coach who signs receipts by hand."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device.domain.lifecycle import Status, Writer
from device.domain.receipt import Receipt, sign_receipt
from device.storage.catalogue import FILE_NAME, Catalogue, Recording, StoredObject, fresh_ulid, utc_now
from server_sync.push.caller import Caller
from server_sync.push.loop import PROCESS, SyncLoop
from server_sync.push.names import manifest_ulid, receipt_name
from server_sync.push.transport.contract import Progress, Transport
from server_sync.push.transport.local import LocalTransport
from server_sync.push.transport.retry import Backoff
from server_sync.push.uploader import Uploader
from server_sync.stopping import Stopping

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
MANIFEST = "manifest.age"


class PlugPulled(BaseException):
    """The process dies here: nothing of ours may catch it."""


class Mortal:
    """A transport under which the process dies at the n-th moment; None: never."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.left: int | None = None
        self.puts: list[str] = []

    def _tick(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise PlugPulled

    def put(self, name: str, source: BinaryIO, size_bytes: int, progress: Progress) -> None:
        def noting(sent_bytes: int) -> None:
            self._tick()
            progress(sent_bytes)

        self.puts.append(name)
        self._tick()
        self._inner.put(name, source, size_bytes, noting)
        self._tick()

    def read_receipt(self, name: str, limit_bytes: int) -> bytes | None:
        self._tick()
        data = self._inner.read_receipt(name, limit_bytes)
        self._tick()
        return data

    def close(self) -> None:
        self._inner.close()


class PushHouse:
    """One device and its drop box. ``deliver_to`` stands between them."""

    def __init__(self, root: Path, *, segments: int = 3) -> None:
        self.root = root
        self.spool, self.box = root / "spool", root / "box"
        for folder in (self.spool, self.box / "inbox", self.box / "receipts"):
            folder.mkdir(parents=True)
        self.recorder = Catalogue(root / FILE_NAME, Writer.RECORDER)
        self.transport = Mortal(LocalTransport(self.box))
        self.stopping = Stopping()
        self.sync = Catalogue(root / FILE_NAME, Writer.SYNC)
        self.restart()
        self.recordings = [self.add(segments)]

    def add(self, segments: int) -> str:
        """Put a released recording into the spool."""
        recording = fresh_ulid()
        (self.spool / recording).mkdir()
        names = [f"{fresh_ulid()}.age" for _ in range(segments)] + [MANIFEST]
        objects = []
        for name in names:
            data = os.urandom(1000)
            (self.spool / recording / name).write_bytes(data)
            objects.append(StoredObject(name, len(data), hashlib.sha256(data).hexdigest()))
        self.recorder.recordings.add(recording, utc_now(), "T-1", untrusted_clock=False)
        self.recorder.recordings.hold(
            recording,
            boot_id="b",
            at_ns=1,
            duration_us=1,
            dropped_frames=0,
            interrupted=False,
            objects=objects,
        )
        self.recorder.recordings.move(recording, Status.RELEASED)
        return recording

    def restart(self) -> None:
        """Start the sync as a new process would: all it knows is in the catalogue."""
        self.sync.close()
        self.sync = Catalogue(self.root / FILE_NAME, Writer.SYNC)
        backoff = Backoff(first_s=1e-6, limit_s=1e-6)
        self.uploader = Uploader(
            self.sync, self.spool, self.transport, KEY.public_key(), fresh_ulid, self._check_may_go_on
        )
        self.caller = Caller(self.sync, self.transport, KEY.public_key(), fresh_ulid, self._check_may_go_on)
        self.loop = SyncLoop(
            self.sync, self.uploader, self.caller, self.transport, backoff, 5.0, self.stopping,
            pause_while_recording=True,
        )  # fmt: skip

    def _check_may_go_on(self) -> None:
        self.loop.check_may_go_on()

    def close(self) -> None:
        """Let everything go."""
        self.sync.close()
        self.recorder.close()
        for descriptor in (self.stopping._reader, self.stopping._writer):
            os.close(descriptor)

    def film(self, recording: str | None) -> None:
        """Let the recorder say that it records a lesson, or that it is idle."""
        if recording is not None:
            self.recorder.recordings.add(recording, utc_now(), "T-1", untrusted_clock=False)
        self.recorder.processes.write("recorder", "recording" if recording else "idle", "")

    @property
    def recording(self) -> Recording:
        return self.recorder.recordings.get(self.recordings[0])

    def inbox(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.box / "inbox").iterdir())}

    def whole(self) -> dict[str, str]:
        """Return the hash of everything in the drop box that is whole."""
        return {
            name: hashlib.sha256(data).hexdigest() for name, data in self.inbox().items() if len(data) == 1000
        }

    def manifest_names(self) -> list[str]:
        """Return the manifests that were begun, oldest first."""
        return [send.remote_name for send in self.sync.sends.of(self.recordings[0]) if send.is_manifest]

    def manifest_name(self) -> str:
        """Return the newest manifest in the drop box."""
        return self.manifest_names()[-1]

    def receipt(self, *, resend: tuple[str, ...] = (), problem: str = "") -> Receipt:
        """Return what a coach would say of the newest manifest."""
        return Receipt(
            recording=self.recordings[0],
            manifest_object=manifest_ulid(self.manifest_name()),
            manifest_sha256=self.recording.manifest_sha256 or "",
            accepted=not problem,
            resend=resend,
            problem=problem,
            objects=4,
            size_bytes=4000,
            received_at="2030-03-04T10:00:00Z",
        )

    def answer(self, receipt: Receipt, key: Ed25519PrivateKey = KEY) -> None:
        """Leave a receipt where the device looks for it."""
        path = self.box / "receipts" / receipt_name(self.manifest_name())
        path.write_bytes(sign_receipt(receipt, key))

    def state(self) -> tuple[str, str]:
        (state,) = [each for each in self.recorder.processes.all() if each.process == PROCESS]
        return state.state, state.message
