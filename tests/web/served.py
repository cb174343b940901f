"""A web process as it runs on a device: real gunicorn, and what is around it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """A web process and what is around it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.systemd.bind(str(folder / "notify"))
        self.systemd.settimeout(20)
        self.process: subprocess.Popen[bytes] | None = None
        self.tls: ssl.SSLContext | None = None

    def use_tls(self) -> None:
        """Hand it a key and a certificate as systemd does; ``tls`` then trusts that certificate."""
        folder = self.folder / "credentials"
        folder.mkdir()
        key = Ed25519PrivateKey.generate()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(key, None)
        ).public_bytes(Encoding.PEM)
        (folder / "tls_cert").write_bytes(certificate)
        (folder / "tls_key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.environment["CREDENTIALS_DIRECTORY"] = str(folder)
        self.tls = ssl.create_default_context(cadata=certificate.decode())
        self.tls.check_hostname = False

    def start(self) -> None:
        """Start it, and wait until it told systemd that it is ready and alive."""
        tables: dict[str, dict[str, object]] = {
            "device": {
                "name": "d",
                "language": "en",
                "runtime_dir": str(self.folder),
                "register_dir": str(self.folder / "register"),
            },
            "recorder": {"camera": "synthetic"},
            "web": {"address": "127.0.0.1", "port": self.port, "dir": str(self.folder / "web")},
        }
        config = self.folder / "leerblik.toml"
        config.write_text(
            "".join(
                f"[{table}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
                for table, values in tables.items()
            )
        )
        command = [sys.executable, "-m", "device.cli", "web", "--config", str(config)]
        # As on a device: the web page imports what is installed, not what lies where it was started.
        environment = {**self.environment, "PYTHONPATH": os.pathsep.join(["", *sys.path])[1:]}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        heard = ""
        while not ("READY=1" in heard and "WATCHDOG=1" in heard and "STATUS=serving" in heard):
            heard += self.systemd.recv(1000).decode() + "\n"

    def greeting(self) -> str:
        """Return the first line that it prints."""
        assert self.process is not None
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], 20)[0], "it printed nothing"
        return self.process.stdout.readline().decode()

    def get(self, path: str, context: ssl.SSLContext | None = None, timeout_s: float = 20) -> tuple[int, str]:
        address = ("127.0.0.1", self.port)
        if context is None:
            connection = http.client.HTTPConnection(*address, timeout=timeout_s)
        else:
            connection = http.client.HTTPSConnection(*address, timeout=timeout_s, context=context)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
        self.systemd.close()
