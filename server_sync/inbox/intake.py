"""Takes recordings in: verify, copy, publish, join, answer with a receipt, and only then tidy up.

Orders to destroy come first (:mod:`server_sync.inbox.orders`): what was destroyed is not taken in again.

Every step can be the last one before a power cut. The next pass finds out from what is on disk how far
this one came: a published folder is accepted, a receipt is final, and objects are removed last.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from device.domain.errors import LeerblikError, Permanent, Refused, Temporary
from device.domain.manifest import Manifest, read_manifest, read_permit
from device.domain.receipt import Receipt
from server_sync.inbox.disk import Disk, require_room
from server_sync.inbox.drop_box import BoxObject, DropBox, Listing
from server_sync.inbox.film_folder import FilmFolder
from server_sync.inbox.films import Films
from server_sync.inbox.keys import UnlockedKeys
from server_sync.inbox.library import (
    MAX_SEALED_MANIFEST_BYTES,
    Incoming,
    Library,
    card_of,
    open_sealed,
    same_segments,
)
from server_sync.inbox.orders import Orders
from server_sync.inbox.outcome import MAX_PROBLEM_CHARACTERS, STILL_ARRIVING, Outcome, Result
from server_sync.inbox.receipts import Receipts
from server_sync.inbox.taken_in import TakenIn
from server_sync.inbox.tombs import Tomb, Tombs
from server_sync.inbox.unseal import unseal_bytes

_LOG = logging.getLogger(__name__)
_DAY_S = 86_400.0
_MAX_RESEND = 10_000  # so that a receipt stays below the size that a device reads


class _Refusal(Exception):
    """The answer to a manifest is no."""

    def __init__(self, problem: str, resend: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.resend = resend


class Intake:
    """The drop box on one side, the library and the films on the other.

    ``films`` is where films are, and ``publish`` whether they are made of what arrives. A manifest that does not
    open is refused once it has not changed for ``quiet_s`` seconds: until then it may still be arriving. ``now_s``
    is the wall time that files are stamped with.
    """

    def __init__(
        self,
        drop_box: Path,
        library: Path,
        films: Path,
        keys: UnlockedKeys,
        *,
        publish: bool = True,
        language: str = "nl",
        abandoned_after_days: float = 7.0,
        quiet_s: float = 60.0,
        now_s: Callable[[], float] = time.time,
        disk: Disk | None = None,
    ) -> None:
        disk = disk or Disk()
        self._box = DropBox(drop_box / "inbox", disk)
        self._receipts = Receipts(drop_box / "receipts", keys, disk)
        self._library = Library(library, disk)
        self._tombs = Tombs(library, disk)
        self._films = Films(films, keys, language, disk) if publish else None
        self._taken_in = TakenIn(library, disk)
        self._film_folder = FilmFolder(films, published=publish, disk=disk)
        self._orders = Orders(
            self._box, self._receipts, self._library, self._taken_in, self._tombs, self._film_folder,
            keys, quiet_s=quiet_s, now_s=now_s,
        )  # fmt: skip
        self._keys = keys
        self._abandoned_after_s = abandoned_after_days * _DAY_S
        self._quiet_s = quiet_s
        self._now_s = now_s

    def pass_once(self) -> list[Outcome]:
        """Look once at everything in the drop box. Busy: another inbox is at work.

        Temporary: no drop box, or no library though something was taken in before.
        """
        return list(self.outcomes())

    def outcomes(self) -> Iterator[Outcome]:
        """Like :meth:`pass_once`, one by one; stopping in between loses nothing."""
        with self._library.lock(make=self._library.folder.is_dir() or not self._receipts.any_accepted()):
            self._sweep()
            listing = self._box.look()
            for name in listing.ignored:
                yield Outcome(name, Result.IGNORED, problem="it is not the name of an object, or not a file")
            waiting = False
            todo = [(self._orders.handle, item) for item in listing.orders]
            todo += [(self._handle, item) for item in listing.manifests]
            for handle, item in todo:
                outcome = _safely(handle, item, listing)
                if outcome is not None:
                    waiting |= outcome.result is Result.WAITING
                    yield outcome
            if not waiting:
                yield from self._remove_abandoned()

    def _sweep(self) -> None:
        self._receipts.sweep()
        self._library.sweep()
        if self._films is not None:
            self._films.sweep()

    def _handle(self, item: BoxObject, listing: Listing) -> Outcome | None:
        sealed = self._box.read(item, MAX_SEALED_MANIFEST_BYTES)
        sha256 = hashlib.sha256(sealed).hexdigest()
        receipt = self._receipts.find(item.ulid)
        if receipt is not None:
            return self._tidy(item, listing, receipt, sealed, sha256)
        try:
            manifest = self._read_manifest(item, sealed)
        except LeerblikError as error:
            if abs(self._now_s() - item.modified_s) < self._quiet_s:
                return Outcome(item.name, Result.WAITING, problem=STILL_ARRIVING)
            return self._refuse(item, sha256, item.ulid, _Refusal(str(error)))
        try:
            return self._accept(item, listing, manifest, sealed, sha256)
        except _Refusal as refusal:
            return self._refuse(item, sha256, manifest.recording, refusal)

    def _read_manifest(self, item: BoxObject, sealed: bytes) -> Manifest:
        if len(sealed) > MAX_SEALED_MANIFEST_BYTES:
            raise Permanent(f"the manifest {item.ulid} is larger than {MAX_SEALED_MANIFEST_BYTES} bytes")
        manifest = read_manifest(unseal_bytes(sealed, self._keys.identity, f"the manifest {item.ulid}"))
        permit = base64.b64decode(manifest.permit_sealed)
        read_permit(unseal_bytes(permit, self._keys.identity, f"the permit in the manifest {item.ulid}"))
        return manifest

    def _accept(
        self, item: BoxObject, listing: Listing, manifest: Manifest, sealed: bytes, sha256: str
    ) -> Outcome:
        found = self._box.find(manifest.segments, listing.objects)
        tomb = self._tombs.find(manifest.recording)
        if tomb is not None:
            # Whatever was sent again of it goes at once: it is not asked for any more.
            self._box.remove(found)
            raise _Refusal(_destroyed(tomb))
        if self._library.holds(manifest.recording):
            film = self._complete(manifest)
        else:
            film = self._take_in(manifest, sealed, found)
        self._answer(item, sha256, manifest.recording, manifest=manifest)
        self._box.remove(found)
        self._box.remove_items([item])
        return Outcome(item.name, Result.ACCEPTED, manifest.recording, film=film)

    def _take_in(self, manifest: Manifest, sealed: bytes, found: dict[str, list[BoxObject]]) -> Path | None:
        """Copy, check and publish a recording that is new."""
        missing = tuple(s.sha256 for s in manifest.segments if s.sha256 not in found)
        if missing:
            raise _Refusal(
                f"{len(missing)} of {len(manifest.segments)} objects are missing or damaged", missing
            )
        require_room(self._library.folder, card_of(manifest).size_bytes)
        try:
            staging = self._library.stage(manifest, sealed, self._opened(manifest, found))
        except Refused as error:
            # It changed between the hash and the copy: the next pass hashes it again.
            self._box.forget_hashes()
            raise Temporary(f"{error}; it is looked at again") from None
        try:
            with self._prepared(manifest, staging) as film:
                self._note(manifest, film)
                self._library.publish(staging, manifest.recording)
                return self._publish_film(manifest, film)
        except Permanent as error:
            raise _Refusal(str(error)) from None
        finally:
            self._library.discard(staging)

    def _complete(self, manifest: Manifest) -> Path | None:
        """Finish what an earlier pass began: the recording is in the library, its film may be missing."""
        folder = self._library.path(manifest.recording)
        try:
            ours = self._library.manifest(manifest.recording, self._keys)
        except Permanent as error:
            raise Temporary(f"the library is damaged: {error}") from None
        if not same_segments(ours, manifest):
            raise _Refusal(f"the library holds other footage under the name {manifest.recording}")
        if self._films is None or self._films.path(ours).exists():
            return None if self._films is None else self._films.path(ours)
        try:
            with self._prepared(ours, folder) as film:
                self._note(ours, film)
                return self._publish_film(ours, film)
        except Permanent as error:
            raise Temporary(f"the library is damaged: {error}") from None

    @contextmanager
    def _prepared(self, manifest: Manifest, folder: Path) -> Iterator[Path | None]:
        """Prove that everything opens: by joining the film, or by reading to the end."""
        if self._films is not None:
            with self._films.joined(manifest, folder, self._films.hidden_path(manifest)) as part:
                yield part
            return
        for segment in manifest.segments:
            with open_sealed(folder, segment, self._keys) as plain:
                plain.finish()
        yield None

    def _note(self, manifest: Manifest, film: Path | None) -> None:
        """Note where a recording and its film are going to be, before they are."""
        self._taken_in.note(manifest.recording, () if film is None else (self._film_folder.mark(),))

    def _publish_film(self, manifest: Manifest, part: Path | None) -> Path | None:
        if part is None or self._films is None:
            return None
        final = self._films.path(manifest)
        self._films.publish(part, final)
        return final

    def _opened(self, manifest: Manifest, found: dict[str, list[BoxObject]]) -> Iterator[Incoming]:
        for segment in manifest.segments:
            with self._box.open(found[segment.sha256][0]) as file:
                yield Incoming(segment, file)

    def _refuse(self, item: BoxObject, sha256: str, recording: str, refusal: _Refusal) -> Outcome:
        """Answer no. Objects that did arrive stay: what is sent again may need them."""
        self._answer(item, sha256, recording, refusal=refusal)
        self._box.remove_items([item])
        return Outcome(item.name, Result.REFUSED, recording, refusal.problem)

    def _answer(
        self,
        item: BoxObject,
        sha256: str,
        recording: str,
        *,
        manifest: Manifest | None = None,
        refusal: _Refusal | None = None,
    ) -> None:
        received_at = datetime.fromtimestamp(self._now_s(), UTC)
        self._receipts.write(
            Receipt(
                recording=recording,
                manifest_object=item.ulid,
                manifest_sha256=sha256,
                accepted=refusal is None,
                resend=refusal.resend[:_MAX_RESEND] if refusal else (),
                problem=refusal.problem[:MAX_PROBLEM_CHARACTERS] if refusal else "",
                objects=len(manifest.segments) if manifest else 0,
                size_bytes=card_of(manifest).size_bytes if manifest else 0,
                received_at=received_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            )
        )

    def _tidy(
        self, item: BoxObject, listing: Listing, receipt: Receipt, sealed: bytes, sha256: str
    ) -> Outcome | None:
        """Remove what belongs to a manifest that was answered, as far as it is safe in the library."""
        if receipt.manifest_sha256 != sha256:
            return Outcome(
                item.name, Result.IGNORED, problem="its name was used before, for another manifest"
            )
        if receipt.accepted:
            manifest = self._read_manifest(item, sealed)
            if self._tombs.find(manifest.recording) is not None:
                self._box.remove(self._box.find(manifest.segments, listing.objects))
                self._box.remove_items([item])
                return None
            if not self._library.holds(manifest.recording):
                problem = "it was accepted, but the library no longer holds it; the objects are left alone"
                return Outcome(item.name, Result.IGNORED, manifest.recording, problem)
            ours = self._library.manifest(manifest.recording, self._keys)
            self._box.remove(self._box.find(ours.segments, listing.objects))
        self._box.remove_items([item])
        return None

    def _remove_abandoned(self) -> Iterator[Outcome]:
        """Remove halves that nobody will ask for.

        An object is abandoned when it is old, and since it came either a recording was completed or
        nothing came at all: a large recording on a slow line may take more days than that.
        """
        objects = self._box.look().objects
        before_s = self._now_s() - self._abandoned_after_s
        completed_s = self._library.newest_s()
        quiet = all(item.modified_s < before_s for item in objects)
        old = [o for o in objects if o.modified_s < before_s and (quiet or o.modified_s < completed_s)]
        if old:
            self._box.remove_items(old)
        for item in old:
            yield Outcome(item.name, Result.REMOVED, problem="it was abandoned and belongs to no recording")


def _safely(
    handle: Callable[[BoxObject, Listing], Outcome | None], item: BoxObject, listing: Listing
) -> Outcome | None:
    """Keep the trouble with one recording away from the others."""
    try:
        return handle(item, listing)
    except LeerblikError as error:
        return Outcome(item.name, Result.WAITING, problem=str(error))
    except Exception as error:  # noqa: BLE001  # one crafted object must not stop every other delivery
        return Outcome(item.name, Result.WAITING, problem=f"{type(error).__name__}: {error}")


def _destroyed(tomb: Tomb) -> str:
    return f"it was destroyed here by order of the device ({tomb.destroyed_at or 'just now'}); it is not taken in again"
