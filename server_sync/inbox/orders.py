"""Orders to destroy: checked, carried out, answered with a certificate, and only then removed from the drop box.

Every step can be the last one before a power cut; the next pass does it again. First a tomb says that the recording is
being destroyed and what there is of it, then its objects in the drop box go, its films, its folder in the library; the
tomb gets its date, and the certificate is signed.

An order counts when it names the manifest that was delivered: the one in the library, the one of an earlier
destruction, or one that a receipt of ours accepted. Somebody may have removed the folder by hand: when the library
has a note that it took the recording in (:mod:`server_sync.inbox.taken_in`), the certificate says that nothing was
left; without one its disk may not be mounted, and the order waits. So it does while the folder of films is not the
one with its film. For a recording that was never accepted here there is no certificate: it may lie in a library that
this process does not know, and a proof that it is gone would be false.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from device.domain.errors import LeerblikError, Permanent, Temporary
from device.domain.manifest import SegmentEntry
from device.domain.receipt import Receipt
from device.domain.withdrawal import MAX_ORDER_BYTES, Certificate, Order, read_order
from server_sync.inbox.disk import is_full
from server_sync.inbox.drop_box import BoxObject, DropBox, Listing
from server_sync.inbox.film_folder import FilmFolder
from server_sync.inbox.keys import UnlockedKeys
from server_sync.inbox.library import Library
from server_sync.inbox.outcome import MAX_PROBLEM_CHARACTERS, STILL_ARRIVING, Outcome, Result
from server_sync.inbox.receipts import Receipts
from server_sync.inbox.taken_in import TakenIn
from server_sync.inbox.tombs import Tomb, Tombs
from server_sync.inbox.unseal import unseal_bytes

_MAX_SEALED_BYTES = MAX_ORDER_BYTES + (1 << 16)
_LOG = logging.getLogger(__name__)


class Orders:
    """Works under the library's lock. ``quiet_s`` and ``now_s`` as for the intake."""

    def __init__(
        self,
        box: DropBox,
        receipts: Receipts,
        library: Library,
        taken_in: TakenIn,
        tombs: Tombs,
        films: FilmFolder,
        keys: UnlockedKeys,
        *,
        quiet_s: float,
        now_s: Callable[[], float],
    ) -> None:
        self._box = box
        self._receipts = receipts
        self._library = library
        self._taken_in = taken_in
        self._tombs = tombs
        self._films = films
        self._keys = keys
        self._quiet_s = quiet_s
        self._now_s = now_s

    def handle(self, item: BoxObject, listing: Listing) -> Outcome | None:
        """Carry out one order, or say no to it; None when it was answered before."""
        sealed = self._box.read(item, _MAX_SEALED_BYTES)
        sha256 = hashlib.sha256(sealed).hexdigest()
        answered = self._answered(item)
        if answered is not None:
            if answered != sha256:
                return Outcome(
                    item.name, Result.IGNORED, problem="its name was used before, for another order"
                )
            self._box.remove_items([item])
            return None
        try:
            order = self._read(item, sealed)
        except LeerblikError as error:
            if abs(self._now_s() - item.modified_s) < self._quiet_s:
                return Outcome(item.name, Result.WAITING, problem=STILL_ARRIVING)
            return self._refuse(item, sha256, item.ulid, str(error))
        if objection := self._objection(order):
            return self._refuse(item, sha256, order.recording, objection)
        self._certify(item, sha256, order, self._destroy(order, listing))
        self._box.remove_items([item])
        return Outcome(item.name, Result.DESTROYED, order.recording)

    def _answered(self, item: BoxObject) -> str | None:
        """Return the hash of the order that was answered under this name."""
        certificate = self._receipts.find_certificate(item.ulid)
        if certificate is not None:
            return certificate.order_sha256
        refusal = self._receipts.find(item.ulid)
        return None if refusal is None else refusal.manifest_sha256

    def _read(self, item: BoxObject, sealed: bytes) -> Order:
        if len(sealed) > _MAX_SEALED_BYTES:
            raise Permanent(f"the order {item.ulid} is larger than {_MAX_SEALED_BYTES} bytes")
        return read_order(unseal_bytes(sealed, self._keys.identity, f"the order {item.ulid}"))

    def _objection(self, order: Order) -> str:
        """Return why an order does not count; "" when it does. Temporary: what it is about may be on another disk."""
        tomb = self._tombs.find(order.recording)
        known = [tomb.manifest_sha256] if tomb else []
        if self._library.holds(order.recording):
            known.append(self._library.manifest_sha256(order.recording))
        if order.manifest_sha256 in known:
            return ""
        if self._receipts.accepted(order.recording, order.manifest_sha256):
            if not known:
                self._taken_in.check(order.recording)
            return ""
        if known:
            return "the order names another manifest than the one that was delivered; nothing was destroyed"
        return (
            "this inbox never took it in, so it cannot prove that it is gone; "
            "if it lies in another library or on an earlier disk, destroy it there"
        )

    def _destroy(self, order: Order, listing: Listing) -> Tomb:
        tomb = self._tombs.find(order.recording)
        if tomb is None or not tomb.destroyed_at or self._library.holds(order.recording):
            self._films.check_is_there(self._taken_in.films(order.recording))
        segments = self._segments(order.recording)
        found = self._box.find(segments, listing.objects)
        if tomb is None:
            in_box = [item.size_bytes for items in found.values() for item in items]
            tomb = self._counted(order, in_box)
            self._dig(tomb)
        # Also when it was destroyed before: a back-up that was put back goes again.
        self._box.remove(found)
        self._films.destroy(order.recording)
        self._library.destroy(order.recording)
        self._taken_in.forget(order.recording)
        if not tomb.destroyed_at:
            tomb = replace(tomb, destroyed_at=self._now())
            self._tombs.write(tomb)
        return tomb

    def _dig(self, tomb: Tomb) -> None:
        """Write a tomb before anything goes; on a full disk the film, which only frees room, goes first."""
        try:
            self._tombs.write(tomb)
        except Temporary as error:
            if not is_full(error):
                raise
            self._films.destroy(tomb.recording)
            self._tombs.write(tomb)

    def _segments(self, recording: str) -> tuple[SegmentEntry, ...]:
        if not self._library.holds(recording):
            return ()
        try:
            return tuple(self._library.manifest(recording, self._keys).segments)
        except LeerblikError as error:
            # It goes all the same; what of it is still in the drop box is removed as abandoned.
            _LOG.warning("what is left of %s in the drop box cannot be named: %s", recording, error)
            return ()

    def _counted(self, order: Order, in_box: list[int]) -> Tomb:
        in_library = self._library.object_sizes(order.recording)
        return Tomb(
            recording=order.recording,
            manifest_sha256=order.manifest_sha256,
            reason=order.reason,
            objects=len(in_library) + len(in_box),
            size_bytes=sum(in_library) + sum(in_box),
            film=bool(self._films.of(order.recording)),
        )

    def _certify(self, item: BoxObject, sha256: str, order: Order, tomb: Tomb) -> None:
        self._receipts.certify(
            Certificate(
                recording=order.recording,
                order_object=item.ulid,
                order_sha256=sha256,
                manifest_sha256=order.manifest_sha256,
                reason=tomb.reason,
                objects=tomb.objects,
                size_bytes=tomb.size_bytes,
                film=tomb.film,
                destroyed_at=tomb.destroyed_at,
            )
        )

    def _refuse(self, item: BoxObject, sha256: str, recording: str, problem: str) -> Outcome:
        """Answer no, with a receipt; nothing was touched."""
        self._receipts.write(
            Receipt(
                recording=recording,
                manifest_object=item.ulid,
                manifest_sha256=sha256,
                accepted=False,
                resend=(),
                problem=problem[:MAX_PROBLEM_CHARACTERS],
                objects=0,
                size_bytes=0,
                received_at=self._now(),
            )
        )
        self._box.remove_items([item])
        return Outcome(item.name, Result.REFUSED, recording, problem)

    def _now(self) -> str:
        return datetime.fromtimestamp(self._now_s(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
