"""An SSH connection to one server whose host key is known beforehand, with one key of ours.

No agent, no search for keys, no password, no known_hosts: what is not given here does not exist.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

import paramiko

from device.domain.errors import LeerblikError, Permanent, Refused, Temporary
from server_sync.push.transport.reasons import reason_of

# What paramiko logs is said again by the error raised here; without a handler it would go to stderr.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

# AES-GCM first: it is what both ends do fastest; paramiko itself prefers CTR with a separate MAC.
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr")


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key as the server's ``/etc/ssh/ssh_host_*_key.pub`` shows it."""

    kind: str
    blob: bytes

    @classmethod
    def parse(cls, text: str) -> HostKey:
        """Read ``ssh-ed25519 AAAA… [comment]``; Permanent that says what would be right."""
        words = text.split()
        try:
            kind, blob = words[0], base64.b64decode(words[1], validate=True)
        except (IndexError, binascii.Error):
            kind, blob = "", b""
        if not kind or not blob.startswith(len(kind).to_bytes(4, "big") + kind.encode()):
            raise Permanent(
                "the host key must be a line such as 'ssh-ed25519 AAAA…':"
                " copy ssh_host_ed25519_key.pub of the server"
            )
        return cls(kind, blob)

    def fingerprint(self) -> str:
        """Return ``SHA256:…`` as ssh and ssh-keygen print it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"


@dataclass(frozen=True, slots=True)
class Server:
    """Whom to call, and as whom. ``timeout_s`` holds for each step: connect, greeting, keys, login."""

    host: str
    port: int
    user: str
    host_key: HostKey
    key_file: Path
    timeout_s: float

    @property
    def address(self) -> str:
        """Return how sentences name it."""
        return f"{self.host}:{self.port}"


def connect(server: Server, silence_s: float) -> paramiko.Transport:
    """Return a connection that is logged in; the server was recognised before we said who we are.

    ``silence_s`` bounds how long the kernel keeps trying when nothing is acknowledged any more.
    """
    key = _read_key(server.key_file)
    transport = _over(_dial(server, silence_s), server)
    try:
        _negotiate(transport, server)
        _recognise(transport, server)
        _log_in(transport, server, key)
    except BaseException:
        transport.close()
        raise
    return transport


def _read_key(path: Path) -> paramiko.PKey:
    try:
        return paramiko.Ed25519Key.from_private_key_file(str(path))
    except OSError as error:
        raise Refused(f"the device's key {path} cannot be read ({error.strerror})") from error
    except (paramiko.SSHException, ValueError) as error:
        raise Refused(
            f"{path} is not an Ed25519 private key without passphrase:"
            " make one with ssh-keygen -t ed25519 -N ''"
        ) from error


def _dial(server: Server, silence_s: float) -> socket.socket:
    try:
        sock = socket.create_connection((server.host, server.port), server.timeout_s)
    except OSError as error:
        raise Temporary(f"{server.address} cannot be reached: {error.strerror or error}") from error
    except ValueError as error:  # UnicodeError from a label of more than 63 letters, for one
        raise Permanent(
            f"{server.host!r} cannot be a host: write a name or an address of the server"
        ) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # A dead line is noticed when idle (keep-alive: 15 + 3 x 5 s) and when sending (user timeout).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(silence_s * 1000))
    return sock


def _over(sock: socket.socket, server: Server) -> paramiko.Transport:
    transport = paramiko.Transport(sock)
    transport.banner_timeout = server.timeout_s
    transport.handshake_timeout = server.timeout_s
    transport.auth_timeout = server.timeout_s
    transport.channel_timeout = server.timeout_s
    options = transport.get_security_options()
    options.ciphers = _CIPHERS
    # Ask for the kind of key we know; another kind is still shown, so that the refusal can name it.
    known = server.host_key.kind
    wanted = ("rsa-sha2-512", "rsa-sha2-256") if known == "ssh-rsa" else (known,)
    offered = options.key_types
    options.key_types = [*(k for k in wanted if k in offered), *(k for k in offered if k not in wanted)]
    return transport


def _negotiate(transport: paramiko.Transport, server: Server) -> None:
    """Agree on encryption. The event form leaves every error in the transport instead of raising any type."""
    done = threading.Event()
    transport.start_client(done)
    if not done.wait(server.timeout_s):
        raise Temporary(f"{server.address} did not finish its SSH greeting within {server.timeout_s:g} s")
    if not transport.is_active():
        error = transport.get_exception()
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            raise Refused(
                f"{server.address} shares no encryption with us ({error}): update its SSH server"
            ) from error
        raise Temporary(f"{server.address} does not answer as an SSH server ({reason_of(error)})") from error


def _recognise(transport: paramiko.Transport, server: Server) -> None:
    try:
        shown = transport.get_remote_server_key()
    except paramiko.SSHException as error:
        raise Temporary(f"{server.address} ended the connection during the greeting") from error
    found = HostKey(shown.get_name(), shown.asbytes())
    if found != server.host_key:
        raise Refused(
            f"{server.address} is not the server we know: its host key is {found.kind} {found.fingerprint()},"
            f" expected {server.host_key.kind} {server.host_key.fingerprint()}; nothing was sent;"
            " ask whoever manages it whether the key was changed"
        )


def _log_in(transport: paramiko.Transport, server: Server, key: paramiko.PKey) -> None:
    done = threading.Event()
    try:
        transport.auth_publickey(server.user, key, done)
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise Temporary(
            f"{server.address} ended the connection before the login ({reason_of(error)})"
        ) from error
    if not done.wait(server.timeout_s):
        raise Temporary(f"{server.address} did not answer the login within {server.timeout_s:g} s")
    if not transport.is_authenticated():
        raise _login_failure(transport, server)


def _login_failure(transport: paramiko.Transport, server: Server) -> LeerblikError:
    alive = transport.is_active()
    error = transport.get_exception()
    if alive or isinstance(error, paramiko.AuthenticationException):
        return Refused(
            f"{server.address} does not let {server.user!r} in with our key:"
            " add the device's public key to the account"
        )
    return Temporary(f"{server.address} ended the connection during the login ({reason_of(error)})")
