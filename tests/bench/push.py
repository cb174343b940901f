"""How fast objects are pushed over a local SSH server, beside ``sftp`` and paramiko's own client."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from deploy.demo.ssh_keys import make_ssh_key
from deploy.demo.sshd import DropBoxServer
from device.domain.errors import Permanent
from tests.bench.child import run_child
from tests.bench.rounds import Column, Result, Sample, measure

SFTP = "sftp, as shipped"
_WAYS = {
    "leerblik": "leerblik: SftpTransport",
    "sftp": SFTP,
    "sftp-gcm": "sftp -c aes128-gcm@openssh.com",
    "paramiko": "paramiko SFTPClient.put",
}
_COLUMNS = (
    Column("mb_per_s", "MB/s", 0),
    Column("cpu_s_per_gib", "client CPU s/GiB"),
    Column("wall_s", "wall s"),
)
_OBJECTS, _OBJECT_MIB = 3, 40


def run(folder: Path, *, quick: bool) -> Result | str:
    """Measure 7 rounds, or 2; a sentence where OpenSSH is not to be had."""
    sources = [_source(folder / f"object-{number}") for number in range(_OBJECTS)]
    key = make_ssh_key(folder / "client_key")
    try:
        server = DropBoxServer(folder / "server", [key])
    except Permanent as problem:
        return str(problem)
    with server:
        _write_known_hosts(folder, server)
        ways: dict[str, Callable[[], Sample]] = {
            name: functools.partial(_sample, way, folder, server, sources) for way, name in _WAYS.items()
        }
        samples = measure(ways, 2 if quick else 7, "push")
    return Result(
        f"Pushing {_OBJECTS} objects of {_OBJECT_MIB} MiB over loopback to sshd, logging in included",
        _COLUMNS,
        samples,
        "mb_per_s",
        SFTP,
        (
            "Only leerblik waits for fsync on the server, creates exclusively and checks every answer and size.",
        ),
    )


def _source(path: Path) -> Path:
    path.write_bytes(os.urandom(_OBJECT_MIB << 20))
    return path


def _write_known_hosts(folder: Path, server: DropBoxServer) -> None:
    (folder / "known_hosts").write_text(
        f"[{server.host}]:{server.port} {server.host_key}\n", encoding="utf-8"
    )


def _sample(way: str, folder: Path, server: DropBoxServer, sources: list[Path]) -> dict[str, float]:
    try:
        figures = run_child(
            "push_child", way, folder, server.host, str(server.port), server.user, server.host_key, *sources
        )
    finally:
        arrived_bytes = _empty(server.root / "inbox")
    sent_bytes = sum(source.stat().st_size for source in sources)
    if arrived_bytes != sent_bytes:
        raise RuntimeError(f"{way} left {arrived_bytes} of {sent_bytes} bytes on the server")
    return {
        "mb_per_s": sent_bytes / 1e6 / figures["wall_s"],
        "cpu_s_per_gib": figures["cpu_s"] * (1 << 30) / sent_bytes,
        "wall_s": figures["wall_s"],
    }


def _empty(inbox: Path) -> int:
    """Remove what arrived and return how much it was."""
    size_bytes = sum(path.stat().st_size for path in inbox.iterdir())
    shutil.rmtree(inbox)
    inbox.mkdir()
    return size_bytes
