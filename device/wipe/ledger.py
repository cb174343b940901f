"""What was ordered and how far it is, on the card before anything goes: after a power cut the wipe goes on from it."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from device.domain.errors import Permanent, Temporary
from device.domain.strict import Fields, parse_object
from device.domain.wiping import ORDER_NAME, UNFINISHED_NAME
from device.footage.durable import replace_file, sync_folder

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """Who asked for it and when; ``confirmed`` is "button" or "terminal"."""

    device: str
    by: str
    confirmed: str
    at: str
    clock_trusted: bool


@dataclass(slots=True)
class Ledger:
    """``found`` is what was here before the first file went; ``proof`` is the name of a proof that is signed."""

    order: Order
    begun_at: str
    times: int = 1
    found: dict[str, Any] | None = None
    overwritten: int = 0
    proof: str = ""


def read_order(path: Path, what: str = "the order") -> Order:
    """Read what the recorder left; FileNotFoundError when there is none, Permanent when it cannot be understood."""
    fields = Fields(parse_object(path.read_bytes(), what), what)
    order = _order(fields)
    fields.done()
    return order


def write_order(path: Path, order: Order) -> None:
    """Leave an order; Temporary when it cannot be left."""
    try:
        replace_file(path, json.dumps(asdict(order)).encode())
    except OSError as error:
        raise Temporary(f"{path} cannot be written: {error.strerror or error}") from None


class Ledgers:
    """The ledger in the folder of the proofs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / ORDER_NAME
        self._unfinished = folder / UNFINISHED_NAME

    def read(self) -> Ledger | None:
        """Return the ledger of a wipe that was begun, also of one that could not be finished."""
        for path in (self._path, self._unfinished):
            try:
                return _read(path)
            except FileNotFoundError:
                continue
            except Permanent as error:
                # Rotten or not: it was only ever written when somebody had ordered a wipe.
                _log.error("%s; the wipe goes on all the same", error)
                return Ledger(Order(device="", by="it", confirmed="unknown", at="", clock_trusted=False), "")
            except OSError as error:
                raise Temporary(f"{path} cannot be read: {error.strerror or error}") from None
        return None

    def write(self, ledger: Ledger) -> None:
        """Keep it; it is on the card when this returns. Temporary when the card refuses."""
        try:
            self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            replace_file(self._path, json.dumps(asdict(ledger)).encode(), 0o600)
        except OSError as error:
            raise Temporary(
                f"{self._path} cannot be written ({error.strerror or error}): nothing is wiped before it is"
            ) from None

    def close(self, *, complete: bool) -> None:
        """The wipe is over; what could not be finished stays written down, and the recorder does not start."""
        if complete:
            self._unfinished.unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)
        else:
            self._path.rename(self._unfinished)
        sync_folder(self._folder)


def _read(path: Path) -> Ledger:
    fields = Fields(parse_object(path.read_bytes(), str(path)), str(path))
    inner = Fields(fields.take("order", dict), str(path))
    order = _order(inner)
    inner.done()
    ledger = Ledger(
        order, fields.take("begun_at", str), fields.take("times", int), fields.take_optional("found", dict),
        fields.take("overwritten", int), fields.take("proof", str),
    )  # fmt: skip
    fields.done()
    return ledger


def _order(fields: Fields) -> Order:
    return Order(
        fields.take("device", str), fields.take("by", str), fields.take("confirmed", str), fields.take("at", str),
        fields.take("clock_trusted", bool),
    )  # fmt: skip
