"""Pushes files in one of the ways that are compared, and prints what it cost.

python -m tests.bench.push_child leerblik|sftp|sftp-gcm|paramiko FOLDER HOST PORT USER HOSTKEY FILE...
"""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import paramiko

from server_sync.push.transport.sftp import SftpTransport
from tests.bench.child import Meter, report


@dataclass(frozen=True, slots=True)
class Target:
    """The server, and the folder with ``client_key`` and ``known_hosts``."""

    folder: Path
    host: str
    port: int
    user: str
    host_key: str


def leerblik(target: Target, sources: list[Path]) -> None:
    """Push with the transport of the sync."""
    key_file = target.folder / "client_key"
    transport = SftpTransport(target.host, target.port, target.user, target.host_key, key_file)
    for source in sources:
        with source.open("rb") as file:
            transport.put(source.name, file, source.stat().st_size, lambda _: None)
    transport.close()


def sftp(target: Target, sources: list[Path], *options: str) -> None:
    """Push with OpenSSH's program, told only who and where."""
    batch = "".join(f"put {source} inbox/{source.name}\n" for source in sources)
    folder = target.folder
    words = [
        "sftp", "-q", "-b", "-", "-F", "none", "-P", str(target.port), "-i", str(folder / "client_key"),
        "-o", f"UserKnownHostsFile={folder / 'known_hosts'}", "-o", "IdentitiesOnly=yes", *options,
        f"{target.user}@{target.host}",
    ]  # fmt: skip
    subprocess.run(words, input=batch, text=True, stdout=subprocess.DEVNULL, check=True)


def sftp_gcm(target: Target, sources: list[Path]) -> None:
    """The same with the cipher that suits processors with AES instructions."""
    sftp(target, sources, "-c", "aes128-gcm@openssh.com")


def with_paramiko(target: Target, sources: list[Path]) -> None:
    """Push as paramiko's documentation shows."""
    kind, data = target.host_key.split()[:2]
    with paramiko.SSHClient() as client:
        known = client.get_host_keys()
        known.add(f"[{target.host}]:{target.port}", kind, paramiko.Ed25519Key(data=base64.b64decode(data)))
        client.connect(
            target.host, target.port, target.user, key_filename=str(target.folder / "client_key"),
            allow_agent=False, look_for_keys=False,
        )  # fmt: skip
        with client.open_sftp() as session:
            for source in sources:
                session.put(str(source), f"inbox/{source.name}")


_WAYS: dict[str, Callable[[Target, list[Path]], None]] = {
    "leerblik": leerblik,
    "sftp": sftp,
    "sftp-gcm": sftp_gcm,
    "paramiko": with_paramiko,
}


def main() -> None:
    """Do it in the way that was asked for."""
    way, folder, host, port, user, host_key, *sources = sys.argv[1:]
    target = Target(Path(folder), host, int(port), user, host_key)
    with Meter() as meter:
        _WAYS[way](target, [Path(source) for source in sources])
    report({"cpu_s": meter.cpu_s, "wall_s": meter.wall_s})


if __name__ == "__main__":
    main()
