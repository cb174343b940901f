"""A wipe from its order to its proof. Every step can be done again: the power may go at any moment."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device.domain.errors import Temporary
from device.domain.wiping import DESTROYED
from device.footage.durable import replace_file
from device.systemd import Happening, happened
from device.wipe import proof
from device.wipe.erase import Count, Left, count, empty, look_again, remove_file
from device.wipe.inventory import take_inventory
from device.wipe.ledger import Ledger, Ledgers, Order
from device.wipe.places import Keeping, Place
from device.wipe.signing import Signer, read_signer

_MOST_NAMED = 200
_FORGOTTEN = "destroyed; leerblik-network.service has the running system forget it, too"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class World:
    """What a wipe asks of the machine. ``trim`` says in a line what came of it.

    ``forget_network`` has the running system forget a network that was set on the page; its file is gone by then.
    """

    now: Callable[[], datetime]
    clock_trusted: Callable[[], bool]
    trim: Callable[[Path], str]
    forget_network: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Result:
    """Whether nothing is left, and where the proof is."""

    complete: bool
    proof: Path


class Wiper:
    """Works on the folders of ``keeping``; nobody else may be at work in them."""

    def __init__(self, keeping: Keeping, device: str, software: str, world: World) -> None:
        self._keeping = keeping
        self._device = device
        self._software = software
        self._world = world
        self._ledgers = Ledgers(keeping.wiped)

    def begun(self) -> Ledger | None:
        """Return the ledger of a wipe that was begun and did not come to its end."""
        return self._ledgers.read()

    def wipe(self, order: Order) -> Result:
        """Wipe, or go on with a wipe that was begun; Temporary when the card takes no order: then nothing is lost."""
        self._keeping.check()
        ledger = self._begin(order)
        memory = self._forget(ledger)
        if ledger.proof:  # only of a complete one it is noted
            return self._end(ledger, ledger.proof, complete=True)
        found = self._take_stock(ledger, memory)
        left = self._empty_all(ledger)
        name = self._prove(ledger, found, left)
        return self._end(ledger, name, complete=not left)

    def _begin(self, order: Order) -> Ledger:
        known = self._ledgers.read()
        ledger = known or Ledger(order, self._time())
        if known is not None:
            ledger.times += 1
        self._ledgers.write(ledger)
        return ledger

    def _forget(self, ledger: Ledger) -> Count:
        """Empty the memory at once: from here on nobody can open what still lies here, whenever the power goes."""
        memory = self._keeping.places()[0]
        found = count(memory.folder)
        ledger.overwritten += empty(memory.folder, secret=memory.secret).overwritten
        return found

    def _take_stock(self, ledger: Ledger, memory: Count) -> dict[str, Any]:
        """Write down what is here, once, before any of it goes."""
        if ledger.found is None:
            ledger.found = take_inventory(self._keeping)
            ledger.found["found"][self._keeping.places()[0].name] = asdict(memory)
            self._ledgers.write(ledger)
        return ledger.found

    def _empty_all(self, ledger: Ledger) -> list[Left]:
        """Empty every folder; returns what a second look finds in them."""
        named: dict[str, Left] = {}
        for place in self._keeping.places():
            done = empty(place.folder, secret=place.secret, only=place.only)
            ledger.overwritten += done.overwritten
            named.update({each.path: each for each in done.left})
        again = [each for place in self._keeping.places() for each in look_again(place.folder, place.only)]
        seen = {each.path for each in again}
        # What could not be removed is named with its reason, also when it cannot be seen any more.
        return [named.get(each.path, each) for each in again] + [
            each for path, each in named.items() if path not in seen
        ]

    def _prove(self, ledger: Ledger, found: dict[str, Any], left: list[Left]) -> str:
        signer, why = read_signer(self._keeping.ssh_key)
        facts = self._facts(ledger, found, left, signer, why)
        name = f"wiped-{self._world.now().astimezone(UTC):%Y%m%dT%H%M%SZ}.json"
        data = proof.write_json(facts)
        self._write(name, data)
        if signer is not None:
            self._write(f"{name}.sig", signer.sign(data))
        self._write(f"{Path(name).stem}.txt", proof.write_text(facts, name))
        if not left:
            # From now on the key may go: the proof is signed.
            ledger.proof = name
            self._ledgers.write(ledger)
        return name

    def _facts(
        self, ledger: Ledger, found: dict[str, Any], left: list[Left], signer: Signer | None, why: str
    ) -> dict[str, Any]:
        trims = {str(self._keeping.wiped): self._world.trim(self._keeping.wiped)}
        if self._is_elsewhere(self._keeping.spool):
            trims[str(self._keeping.spool)] = self._world.trim(self._keeping.spool)
        return {
            "format": proof.FORMAT,
            "version": proof.VERSION,
            "device": self._device,
            "software": self._software,
            "asked": asdict(ledger.order),
            "begun_at": ledger.begun_at,
            "ended_at": self._time(),
            "clock_trusted": self._world.clock_trusted(),
            "begun_times": ledger.times,
            "complete": not left,
            "places": [self._place(each, found) for each in self._keeping.places()],
            "files_overwritten": ledger.overwritten,
            "recordings": found["recordings"],
            "recorded_s": found["recorded_s"],
            "not_with_the_coach": found["not_with_the_coach"],
            "withdrawals_unheard": found["withdrawals_unheard"],
            "catalogue_read": found["catalogue_read"],
            "gone_before": found["earlier"],
            "register": found["register"],
            "left": [{"path": _plain(each.path), "reason": each.reason} for each in left[:_MOST_NAMED]],
            "left_count": len(left),
            "trim": trims,
            "stays": [english for english, _dutch in proof.STAYS],
            "signed_with": signer.public_line if signer else "",
            "unsigned_because": why,
        }

    def _place(self, place: Place, found: dict[str, Any]) -> dict[str, Any]:
        before = found["found"].get(place.name, {"files": 0, "size_bytes": 0})
        after = count(place.folder, place.only)
        return {
            "name": place.name,
            "folder": str(place.folder),
            "files_removed": max(0, before["files"] - after.files),
            "bytes_removed": max(0, before["size_bytes"] - after.size_bytes),
            "files_left": after.files,
        }

    def _end(self, ledger: Ledger, name: str, *, complete: bool) -> Result:
        path = self._keeping.wiped / name
        # While something is left the key stays: it signs that nothing is, in the end.
        complete = complete and self._destroy_key(ledger, path)
        self._ledgers.close(complete=complete)
        if complete:
            happened(_log, Happening.WIPED, "the device was wiped", level=logging.WARNING, proof=path)
        else:
            sentence = f"the device could not be wiped completely; {path} says what is left"
            happened(_log, Happening.WIPE_UNFINISHED, sentence, level=logging.ERROR, proof=path)
        return Result(complete, path)

    def _destroy_key(self, ledger: Ledger, path: Path) -> bool:
        """Destroy the key that signed; a key cannot sign its own end, so that stands in a file of its own."""
        left: list[Left] = []
        for file in self._keeping.key_files():
            left += remove_file(file).left
        found = ledger.found or {"found": {}}
        had_network = any(found["found"].get(name, {}).get("files", 0) for name in ("wifi", "network"))
        if had_network:
            self._world.forget_network()
        facts = {
            "proof": path.name,
            "network_of_the_page": _FORGOTTEN if had_network else "none",
            "ssh_key": DESTROYED if not left else "; ".join(f"{each.path}: {each.reason}" for each in left),
            "trim": self._world.trim(self._keeping.wiped),
            "at": self._time(),
        }
        self._write(f"{path.stem}.key.json", proof.write_json(facts))
        return not left

    def _write(self, name: str, data: bytes) -> None:
        path = self._keeping.wiped / name
        try:
            replace_file(path, data)
            path.chmod(0o644)  # for everybody on this device, whatever the umask
        except OSError as error:
            raise Temporary(f"the proof {path} cannot be written: {error.strerror or error}") from None

    def _is_elsewhere(self, folder: Path) -> bool:
        try:
            return folder.stat().st_dev != self._keeping.wiped.stat().st_dev
        except OSError:
            return False

    def _time(self) -> str:
        return self._world.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(path: str) -> str:
    """Return a path as text, whatever bytes somebody gave it for a name."""
    return path.encode("utf-8", "backslashreplace").decode()
