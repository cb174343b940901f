"""One withdrawn recording: its order to the coach's machine, and the certificate that says it is gone there."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.domain.errors import Permanent, Refused
from device.domain.receipt import MAX_RECEIPT_BYTES, read_receipt
from device.domain.withdrawal import MAX_CERTIFICATE_BYTES, Certificate, read_certificate
from device.storage.catalogue import Catalogue, Recording, StoredOrder
from server_sync.push.names import answers_to_order, order_name, order_ulid
from server_sync.push.transport.contract import Transport

_ANEW_AFTER_S = 7 * 86_400.0
_log = logging.getLogger(__name__)


class OrderRefused(Permanent):
    """The coach's machine says no to an order, and signed that: a person must look."""


class Caller:
    """Calls recordings back. Everything it did is in the catalogue, so it can be killed anywhere."""

    def __init__(
        self,
        catalogue: Catalogue,
        transport: Transport,
        receipt_key: Ed25519PublicKey,
        new_ulid: Callable[[], str],
        may_go_on: Callable[[], None],
        *,
        settings_changed_s: float = 0.0,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """``may_go_on`` is called while sending; an error that it raises ends the sending.

        An order from before ``settings_changed_s``, a wall time in seconds, may lie on another machine. ``now_s`` is
        the wall time.
        """
        self._catalogue = catalogue
        self._transport = transport
        self._receipt_key = receipt_key
        self._new_ulid = new_ulid
        self._may_go_on = may_go_on
        self._settings_changed_s = settings_changed_s
        self._now_s = now_s

    def has_work(self, recording: Recording) -> bool:
        """Tell whether its order is still to be sent."""
        return self._catalogue.endings.sent_as(recording.id) is None

    def send(self, recording: Recording) -> bool:
        """Send its order under a name that was never used; False while the recorder has not made one.

        Errors as in the transport's contract. What was sent in half stays under its name: nobody continues it.
        """
        order = self._catalogue.endings.order(recording.id)
        if order is None:
            return False
        name = order_name(self._new_ulid())
        self._catalogue.endings.begin(name, recording.id)
        self._transport.put(name, io.BytesIO(order.data), len(order.data), lambda _bytes: self._may_go_on())
        self._catalogue.endings.confirm(name)
        return True

    def settle(self, recording: Recording) -> bool:
        """Look for the answer; True when a certificate makes the recording destroyed, False while there is none.

        :class:`OrderRefused` when the coach's machine refused; the order goes again under a new name, later.
        Refused or Permanent when it is no answer of the coach's machine to this order; nothing changes then. What
        has no answer for a week, or since the settings changed, goes again as well: a second order does no harm.
        """
        name = self._catalogue.endings.sent_as(recording.id)
        order = self._catalogue.endings.order(recording.id)
        if name is None or order is None:
            return False
        try:
            destroyed = self._hear(recording, name, order)
        except (Refused, Permanent):
            self._give_up_old(recording, name)
            raise
        if not destroyed:
            self._give_up_old(recording, name)
        return destroyed

    def _give_up_old(self, recording: Recording, name: str) -> None:
        """Let an order be sent again that was sent too long ago, or with other settings."""
        sent_s = datetime.fromisoformat(self._catalogue.endings.sent_at(name)).timestamp()
        now_s = self._now_s()
        # By the clock of a machine whose clock may be wrong: at worst an order goes out once more.
        if now_s - sent_s >= _ANEW_AFTER_S or sent_s < self._settings_changed_s <= now_s:
            _log.warning("the order to destroy recording %s was not answered; it is sent again", recording.id)
            self._catalogue.endings.forget(recording.id)

    def _hear(self, recording: Recording, name: str, order: StoredOrder) -> bool:
        certificate, refusal = answers_to_order(name)
        data = self._transport.read_receipt(certificate, MAX_CERTIFICATE_BYTES)
        if data is None:
            self._hear_refusal(recording, name, order, refusal)
            return False
        found = read_certificate(data, self._receipt_key)
        if not _proves(found, recording, name, order):
            raise Refused(
                f"the certificate for recording {recording.id} belongs to something else; it is not counted"
            )
        self._catalogue.endings.destroy(recording.id, data)
        return True

    def _hear_refusal(self, recording: Recording, name: str, order: StoredOrder, refusal: str) -> None:
        data = self._transport.read_receipt(refusal, MAX_RECEIPT_BYTES)
        if data is None:
            return
        found = read_receipt(data, self._receipt_key)
        about = (found.manifest_object, found.manifest_sha256, found.accepted)
        if about != (order_ulid(name), order.sha256, False):
            raise Refused(
                f"the answer to the order for {recording.id} belongs to something else; it is not counted"
            )
        self._catalogue.endings.forget(recording.id)
        raise OrderRefused(
            f"the coach's machine did not destroy recording {recording.id}: {found.problem}; ask the coach to look"
        )


def _proves(found: Certificate, recording: Recording, name: str, order: StoredOrder) -> bool:
    """Tell whether a certificate is about this recording, as it was delivered, and answers this very order."""
    return (found.recording, found.manifest_sha256, found.order_object, found.order_sha256) == (
        recording.id,
        recording.manifest_sha256,
        order_ulid(name),
        order.sha256,
    )
