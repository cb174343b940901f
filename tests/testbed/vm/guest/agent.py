"""The hand of the tests inside the emulated machine: one JSON line asks, one JSON line answers.

It talks over a virtio port, so that the machine needs no network. Only the standard library.
"""

from __future__ import annotations

import base64
import io
import json
import socket
import sqlite3
import subprocess
import tarfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PORT = "/dev/vport0p1"
CONTROL_SOCKET = "/run/leerblik/recorder.sock"
Level = tuple[int, str]


def run(command: Sequence[str], timeout_s: float = 60.0) -> dict[str, Any]:
    """Run a command; ``code`` is its exit code, ``text`` all that it said."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout_s,
        check=False,
    )
    return {"code": done.returncode, "text": done.stdout.decode(errors="replace")}


def put(path: str, text: str) -> None:
    """Write a small file."""
    Path(path).write_text(text, encoding="utf-8")


def put_bytes(path: str, data: str) -> None:
    """Write a file from base64."""
    Path(path).write_bytes(base64.b64decode(data))


def play(path: str, card: str) -> None:
    """Begin to play a sound, which goes on by itself."""
    subprocess.Popen(["aplay", "-q", "-D", card, path], stdin=subprocess.DEVNULL)


def clock() -> int:
    """Return this machine's monotonic clock in nanoseconds."""
    return time.monotonic_ns()


def ask(request: dict[str, Any]) -> dict[str, Any]:
    """Ask the recorder; ``clock_ns`` is when it was asked."""
    clock_ns = time.monotonic_ns()
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(20)
        door.connect(CONTROL_SOCKET)
        door.sendall(json.dumps(request).encode() + b"\n")
        answer: dict[str, Any] = json.loads(door.makefile("rb").readline())
    return {**answer, "clock_ns": clock_ns}


def answers() -> bool:
    """Tell whether the recorder is up."""
    try:
        return bool(ask({"do": "status"})["ok"])
    except (OSError, ValueError):
        return False


def levels(path: str, values: Sequence[str], pause_s: float) -> list[int]:
    """Put a line on these levels, one after the other; return when each was reached, in nanoseconds."""
    reached = []
    for value in values:
        Path(path).write_text(value, encoding="ascii")
        reached.append(time.monotonic_ns())
        time.sleep(pause_s)
    return reached


def watch(path: str, seconds: float) -> list[Level]:
    """Return every level that a line took, and since when, in nanoseconds."""
    until_ns = time.monotonic_ns() + round(seconds * 1e9)
    seen: list[Level] = []
    while (now_ns := time.monotonic_ns()) < until_ns:
        level = Path(path).read_text(encoding="ascii").strip()
        if not seen or seen[-1][1] != level:
            seen.append((now_ns, level))
        time.sleep(0.01)
    return seen


def fetch(paths: Sequence[str]) -> str:
    """Return files and folders as a tar in base64."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for path in paths:
            tar.add(path)
    return base64.b64encode(whole.getvalue()).decode()


def copy_database(path: str, target: str) -> None:
    """Copy an SQLite database that others are using."""
    Path(target).unlink(missing_ok=True)
    with sqlite3.connect(path) as source, sqlite3.connect(target) as copy:
        source.backup(copy)


CALLS: dict[str, Callable[..., Any]] = {
    call.__name__: call
    for call in (run, put, put_bytes, play, clock, ask, answers, levels, watch, fetch, copy_database)
}


def answer(line: bytes) -> dict[str, Any]:
    """Carry out a request; an error is an answer, too."""
    request = json.loads(line)
    try:
        return {"value": CALLS[request["call"]](**request["with"])}
    except Exception as error:  # noqa: BLE001  # whatever it was, the test on the other side must know
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Say hello, then answer until the machine ends."""
    with open(PORT, "r+b", buffering=0) as port:  # noqa: PTH123  # a device, not a file
        reader = io.BufferedReader(port)
        port.write(b'{"hello": true}\n')
        while line := reader.readline():
            rest = memoryview(json.dumps(answer(line)).encode() + b"\n")
            while rest:
                rest = rest[port.write(rest) :]


if __name__ == "__main__":
    main()
