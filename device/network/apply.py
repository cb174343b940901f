"""Changes the network; what was there before is put back when the new does not come up.

A wrong fixed address comes up, too: then somebody at the device itself asks for ``{"forget": true}``.

The file as it was lies beside the new one until that is up. So a power cut in between is no harm either: at the next
boot the unit finds it, and puts it back.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from device.domain.errors import LeerblikError, Permanent, Temporary
from device.domain.network import Wish, read_wish
from device.domain.network_outcome import Outcome, Result
from device.domain.strict import parse_object
from device.footage.durable import replace_file, sync_folder
from device.network.keyfile import FILE_NAME, UUID, keyfile
from device.network.nmcli import Nmcli

# A dot in front: NetworkManager reads no such file.
BEFORE_NAME = ".leerblik.before"
_MODE = 0o600
_CUT = "the power went before it was up"
_log = logging.getLogger(__name__)


class Applying:
    """``folder`` is where NetworkManager looks for keyfiles, ``now`` says what time it is, for the result."""

    def __init__(self, folder: Path, manager: Nmcli, now: Callable[[], str]) -> None:
        self._file = folder / FILE_NAME
        self._before = folder / BEFORE_NAME
        self._manager = manager
        self._now = now

    def carry_out(self, request: bytes | None) -> Result | None:
        """Put back what a power cut left, then do what was asked; None when there was nothing to do."""
        result = self._recover()
        if request is None:
            return result
        try:
            asked = parse_object(request, "the request")
            wish = None if asked == {"forget": True} else read_wish(asked)
        except Permanent as error:
            # Not the error itself: it is about what was typed.
            _log.error("the request for the network is wrong (%s)", type(error).__name__)
            return self._result(Outcome.REFUSED)
        if wish is None:
            return self._forget()
        return self._change(wish) if self._manager.is_running() else self._result(Outcome.ABSENT)

    def _recover(self) -> Result | None:
        if not self._before.exists():
            return None
        self._put_back([UUID] if self._before.stat().st_size else [])
        return self._result(Outcome.PUT_BACK, _CUT)

    def _change(self, wish: Wish) -> Result:
        try:
            active = self._manager.active()
            self._remember()
        except (LeerblikError, OSError) as error:
            _log.warning("the network is not changed: %s", error)
            return self._result(Outcome.PUT_BACK, str(error))
        try:
            replace_file(self._file, keyfile(wish).encode(), _MODE)
            self._take_up()
        except (LeerblikError, OSError) as error:
            _log.warning("the new network does not come up, the one before is put back: %s", error)
            self._put_back(active)
            return self._result(Outcome.PUT_BACK, str(error))
        self._remove(self._before)
        return self._result(Outcome.UP, shown=wish.shown())

    def _take_up(self) -> None:
        self._manager.load(self._file)
        # nmcli may say of a file that it cannot read that all is well.
        if not self._manager.knows(UUID):
            raise Temporary("NetworkManager did not accept the settings")
        self._manager.up(UUID)

    def _forget(self) -> Result:
        self._remove(self._file)
        with contextlib.suppress(Temporary):  # what does not run reads no file that is gone
            self._manager.reload()
        return self._result(Outcome.REMOVED)

    def _remember(self) -> None:
        """Keep the file as it is now; an empty one says that there was none."""
        try:
            held = self._file.read_bytes()
        except FileNotFoundError:
            held = b""
        replace_file(self._before, held, _MODE)

    def _put_back(self, active: list[str]) -> None:
        held = self._before.read_bytes()
        if held:
            replace_file(self._file, held, _MODE)
        else:
            self._remove(self._file)
        self._remove(self._before)
        if not self._manager.is_running():
            return  # it reads the file when it starts
        with contextlib.suppress(Temporary):
            self._manager.reload()
        for uuid in active:
            with contextlib.suppress(Temporary):
                self._manager.begin(uuid)

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)

    def _result(self, outcome: Outcome, why: str = "", shown: dict[str, Any] | None = None) -> Result:
        return Result(outcome, self._now(), why, shown or {})
