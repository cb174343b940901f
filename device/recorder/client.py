"""Talks to a running recorder over its control socket; used by the command line and the web page."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from device.domain.errors import Busy, LeerblikError, Permanent, Refused, Temporary
from device.recorder.control import SOCKET_NAME, short_address

_TIMEOUT_S = 35.0
_ERRORS: dict[str, type[LeerblikError]] = {each.word: each for each in (Refused, Busy, Temporary, Permanent)}


class RecorderClient:
    """One question, one answer; each over a connection of its own."""

    def __init__(self, runtime_dir: Path, timeout_s: float = _TIMEOUT_S) -> None:
        """``timeout_s``: the longest wait for an answer in seconds."""
        self._path = runtime_dir / SOCKET_NAME
        self._timeout_s = timeout_s

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """Send a request and return the answer; raises the error that the recorder answered with."""
        with self._connect() as connection, connection.makefile("rb") as lines:
            try:
                connection.sendall(json.dumps({"do": do, **values}).encode() + b"\n")
                line = lines.readline()
            except OSError:
                raise Temporary("the recorder does not answer; see 'leerblik doctor'") from None
        answer: dict[str, Any] = json.loads(
            line or b'{"ok": false, "error": "temporary", "message": "the recorder hung up"}'
        )
        if not answer.get("ok"):
            raise _ERRORS.get(answer.get("error", ""), Temporary)(answer.get("message", "unknown error"))
        return answer

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield events as they happen, until the recorder goes away."""
        with self._connect() as connection, connection.makefile("rb") as lines:
            connection.sendall(b'{"do": "events"}\n')
            connection.settimeout(None)
            for line in lines:
                yield json.loads(line)

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._timeout_s)
        try:
            with short_address(self._path) as address:
                connection.connect(address)
        except PermissionError:
            connection.close()
            raise Refused(
                f"no access to {self._path}; say 'sudo leerblik ...', or run it as a member of the group leerblik"
            ) from None
        except BlockingIOError:
            connection.close()
            raise Busy("too many others are asking the recorder just now; try again in a moment") from None
        except OSError:
            connection.close()
            raise Temporary(
                f"no recorder is listening at {self._path}; on a device 'sudo systemctl start leerblik-recorder' "
                "starts it, and 'systemctl status leerblik-recorder' says why it stopped; elsewhere it is "
                "'leerblik recorder'"
            ) from None
        return connection
