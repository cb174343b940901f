"""Objects over SFTP to any server; made for an OpenSSH drop box (``deploy/sshd``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import paramiko

from device.domain.errors import LeerblikError, Permanent, Refused, Temporary
from server_sync.push.transport.contract import Progress
from server_sync.push.transport.names import check_name
from server_sync.push.transport.reasons import reason_of
from server_sync.push.transport.sftp_upload import Upload
from server_sync.push.transport.sftp_wire import NO_SUCH_FILE, PERMISSION_DENIED, BadStatus, SftpWire
from server_sync.push.transport.ssh_connection import HostKey, Server, connect
from server_sync.push.transport.watchdog import Watchdog

_READ_BYTES = 32 * 1024


class SftpTransport:
    """One connection, opened when needed and kept; any error drops it and the next call opens a new one.

    ``host_key`` is the server's public key as text (``ssh-ed25519 AAAA…``), compared before we log in
    with the Ed25519 private key in ``key_file``. Folders are paths on the server, relative to where the
    account starts. ``connect_timeout_s`` holds for each step of connecting (looking up a name has the
    resolver's own limit); ``operation_timeout_s`` is how long the server may be silent, that is, neither
    answer a request nor confirm a byte, however long the whole object takes.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        host_key: str,
        key_file: Path,
        inbox_dir: str = "inbox",
        receipts_dir: str = "receipts",
        connect_timeout_s: float = 15,
        operation_timeout_s: float = 30,
    ) -> None:
        self._server = Server(host, port, user, HostKey.parse(host_key), key_file, connect_timeout_s)
        self._inbox_dir = inbox_dir.rstrip("/")
        self._receipts_dir = receipts_dir.rstrip("/")
        self._operation_timeout_s = operation_timeout_s
        self._transport: paramiko.Transport | None = None
        self._wire: SftpWire | None = None

    def put(self, name: str, source: BinaryIO, size_bytes: int, progress: Progress) -> None:
        """Create the object; see the contract."""
        check_name(name)
        path = f"{self._inbox_dir}/{name}"
        with self._session(f"sending {name}") as wire:
            handle = self._create(wire, path)
            Upload(wire, handle, progress).write(source, size_bytes)
            wire.flush(handle)
            open_bytes = _size_if_told(lambda: wire.size_of_open(handle))
            wire.close(handle)
            _check_size(size_bytes, open_bytes, _size_if_told(lambda: wire.size_of(path)))

    def read_receipt(self, name: str, limit_bytes: int) -> bytes | None:
        """Return a receipt, or None; see the contract."""
        check_name(name)
        with self._session(f"reading receipt {name}") as wire:
            try:
                handle = wire.open(f"{self._receipts_dir}/{name}")
            except BadStatus as status:
                if status.code == NO_SUCH_FILE:
                    return None
                if status.code == PERMISSION_DENIED:
                    raise Refused(
                        f"{status}: give {self._server.user!r} read permission on its receipts"
                    ) from status
                raise
            content = _read_up_to(wire, handle, limit_bytes + 1)
            if len(content) > limit_bytes:
                raise Permanent(f"receipt {name} is larger than {limit_bytes} bytes: it is not one of ours")
            wire.close(handle)
            return content

    def close(self) -> None:
        """Let the connection go without a farewell: one could wait for a server that is gone."""
        transport, self._transport, self._wire = self._transport, None, None
        if transport is not None:
            transport.close()

    @contextmanager
    def _session(self, doing: str) -> Iterator[SftpWire]:
        """Lend the session, watched. Any error drops the connection: answers may still be on their way."""
        address = self._server.address
        try:
            transport = self._connected()
            # The channel's own limit comes first; the watchdog covers what it does not reach.
            with Watchdog(self._operation_timeout_s * 1.25, transport.close) as watchdog:
                try:
                    yield self._opened(transport, watchdog)
                except Temporary as error:
                    silence = f"nothing was confirmed for {self._operation_timeout_s:g} s"
                    reason = silence if watchdog.fired else error
                    raise Temporary(f"{address}: {reason}, while {doing}") from error
        except BaseException:
            self.close()
            raise

    def _connected(self) -> paramiko.Transport:
        if self._transport is None or not self._transport.is_active():
            self.close()
            self._transport = connect(self._server, self._operation_timeout_s)
        return self._transport

    def _opened(self, transport: paramiko.Transport, watchdog: Watchdog) -> SftpWire:
        if self._wire is None:
            wire = SftpWire(self._channel(transport), watchdog.feed)
            wire.start()
            self._wire = wire
        self._wire.alive = watchdog.feed
        return self._wire

    def _channel(self, transport: paramiko.Transport) -> paramiko.Channel:
        try:
            channel = transport.open_session(timeout=self._server.timeout_s)
            channel.settimeout(self._operation_timeout_s)
            channel.invoke_subsystem("sftp")
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Temporary(
                f"no SFTP session ({reason_of(error)}): check that the server offers sftp"
            ) from error
        return channel

    def _create(self, wire: SftpWire, path: str) -> bytes:
        try:
            return wire.create(path)
        except BadStatus as status:
            raise self._why_not_created(wire, path, status) from status

    def _why_not_created(self, wire: SftpWire, path: str, status: BadStatus) -> LeerblikError:
        """Version 3 has no status for "exists": servers say "Failure", or what they like. So look."""
        if status.code == NO_SUCH_FILE:
            return Temporary(f"there is no folder {self._inbox_dir!r}: the server's disk may not be mounted")
        if _size_if_told(lambda: wire.size_of(path)) is not None:
            return Permanent(f"object {path} exists already on {self._server.address}: choose a new name")
        if status.code == PERMISSION_DENIED:
            return Refused(f"{status}: give {self._server.user!r} write permission on {self._inbox_dir!r}")
        return Temporary(f"{status}: its disk may be full, or the name is taken and it will not say so")


def _size_if_told(ask: Callable[[], int | None]) -> int | None:
    """Return the size, or None when the server will not tell (or has no such object)."""
    try:
        return ask()
    except BadStatus:
        return None


def _check_size(size_bytes: int, open_bytes: int | None, closed_bytes: int | None) -> None:
    """Compare the sizes before and after closing; one is enough.

    After closing the inbox may have taken the object away already; before closing some servers know
    nothing yet.
    """
    found = [size for size in (open_bytes, closed_bytes) if size is not None]
    if not found:
        raise Refused("the server does not tell the size of what it wrote: allow 'fstat' or 'stat' there")
    if found != [size_bytes] * len(found):
        raise Temporary(f"the server holds {found[-1]} of {size_bytes} bytes: send it again, newly named")


def _read_up_to(wire: SftpWire, handle: bytes, size_bytes: int) -> bytes:
    content = bytearray()
    while len(content) < size_bytes:
        data = wire.read(handle, len(content), min(_READ_BYTES, size_bytes - len(content)))
        if not data:
            break
        content += data
    return bytes(content)
