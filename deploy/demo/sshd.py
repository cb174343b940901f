"""A real OpenSSH drop box that any user can start: for the demonstration and for the tests.

It comes as near to ``deploy/sshd`` as a server without root's help can. What is missing: there is no
chroot (the account starts in its folder instead), and it runs as the one user there is, so the account
could write into ``receipts`` and read other files of that user by their full path. Uploads arrive with
mode 0000, as in the real one: their owner, the inbox, first gives itself permission with chmod.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.demo import processes
from deploy.demo.privsep import PrivilegeSeparation
from deploy.demo.ssh_keys import make_ssh_key
from device.domain.errors import Permanent, Temporary

_CONFIG = """\
# Made by {module}; changes are lost.
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
LogLevel VERBOSE
UseDNS no
UsePAM {pam}
LoginGraceTime 10

# The folder may lie anywhere, also in /tmp.
StrictModes no
AuthorizedKeysFile {folder}/authorized_keys
AllowUsers {user}
PermitRootLogin prohibit-password
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no

DisableForwarding yes
PermitTTY no
PermitUserRC no
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d {root} -u 0777 -p {requests}
"""
_REQUESTS = "realpath,open,close,read,write,lstat,stat,fstat,fsync,limits"
_ABOVE_PERMISSIONS = "-dac_override,-dac_read_search"
_SHADOW = Path("/etc/shadow")
_START_LIMIT_S = 10.0
_STOP_LIMIT_S = 2.0


class DropBoxServer:
    """An sshd on a free port of 127.0.0.1 that knows the given public keys (``ssh-ed25519 AAAA…``).

    Everything it needs lies in ``folder``. It can be stopped and started again: port and host key stay.
    It ends with the thread that started it, even when that is killed.
    """

    def __init__(self, folder: Path, authorized_keys: Sequence[str], port: int | None = None) -> None:
        """Permanent when there is no OpenSSH server or ``folder`` cannot stand in its configuration."""
        self.folder = folder.resolve()
        if not re.fullmatch(r"[\w./+=,@~-]+", str(self.folder)):
            raise Permanent(
                f"sshd cannot work in {str(self.folder)!r}: use a path without spaces, quotes and %"
            )
        self.host = "127.0.0.1"
        self.port = _free_port() if port is None else port
        self.user = _user_name()
        self.root = self.folder / "dropbox"
        self.log = self.folder / "sshd.log"
        self._sshd = find_sshd()
        self._process: subprocess.Popen[bytes] | None = None
        self._privsep = PrivilegeSeparation()
        for place in (self.root / "inbox", self.root / "receipts"):
            place.mkdir(parents=True, exist_ok=True)
        self.host_key = make_ssh_key(self.folder / "host_key")
        self._write_configuration(authorized_keys)

    def start(self) -> None:
        """Start, and return when it answers; Temporary with the end of its log, or when the port is taken."""
        _check_free(self.host, self.port)
        self._privsep.take()
        with self.log.open("ab") as log:
            # Python has SIGXFSZ ignored; passing that on lets a full quota be an answer, not a death.
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, restore_signals=False
            )
        if not self._answers():
            self.kill()
            raise Temporary(f"sshd did not start on port {self.port}: {self._last_words()}")

    def stop(self) -> None:
        """End it and its sessions. Harmless when it does not run."""
        self._end(_STOP_LIMIT_S)

    def kill(self) -> None:
        """Let it vanish with its sessions, as in a power cut. Harmless when it does not run."""
        self._end(0)

    def pids(self) -> list[int]:
        """Return the process ids of the server (first) and of its sessions."""
        return [] if self._process is None else [self._process.pid, *processes.descendants(self._process.pid)]

    def command(self) -> list[str]:
        """Return what is run: sshd, tied to the life of the thread that starts it."""
        wrapper = ["setpriv", "--pdeathsig", "KILL"]
        if os.geteuid() == 0:
            # Root would read and overwrite a file of mode 0000; without these two it may not either. What
            # is inheritable outlives the bounding set, and root may pick it up again.
            wrapper += [f"--{each}={_ABOVE_PERMISSIONS}" for each in ("inh-caps", "bounding-set")]
        return [*wrapper, self._sshd, "-D", "-e", "-f", str(self.folder / "sshd_config")]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _write_configuration(self, authorized_keys: Sequence[str]) -> None:
        lines = [f"restrict {key}\n" for key in authorized_keys]
        (self.folder / "authorized_keys").write_text("".join(lines), encoding="utf-8")
        config = _CONFIG.format(
            module=__name__,
            port=self.port,
            folder=self.folder,
            user=self.user,
            root=self.root,
            requests=_REQUESTS,
            pam="yes" if _is_locked(self.user) else "no",
        )
        (self.folder / "sshd_config").write_text(config, encoding="utf-8")

    def _answers(self) -> bool:
        deadline_s = time.monotonic() + _START_LIMIT_S
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline_s:
            try:
                with socket.create_connection((self.host, self.port), 1) as probe:
                    if probe.recv(4) == b"SSH-":
                        return True
            except OSError:
                pass  # not yet
            time.sleep(0.02)
        return False

    def _end(self, patience_s: float) -> None:
        process = self._process
        if process is not None:
            pids = self.pids()
            processes.end(pids, patience_s)
            process.wait()
            self._process = None
        self._privsep.release()

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        return " / ".join(line.strip() for line in lines[-4:] if line.strip()) or "it said nothing"


def find_sshd() -> str:
    """Return the path of OpenSSH's server; Permanent when there is none."""
    # /usr/sbin is not on an ordinary user's PATH, and sshd must be started by its full path.
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Permanent(
            "there is no sshd on this machine: install openssh-server, or use the embedded server"
        )
    return str(Path(found).resolve())


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise Permanent(f"user {os.geteuid()} has no name here; sshd needs an entry in /etc/passwd") from None


def _is_locked(user: str) -> bool:
    """Tell whether the account's password is locked, as root's is on Ubuntu: sshd then asks PAM only."""
    try:
        lines = _SHADOW.read_text("utf-8").splitlines()
    except OSError:
        return False  # not root: whoever runs this has logged in, so the account is not locked
    return any(line.startswith(f"{user}:!") for line in lines)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _check_free(host: str, port: int) -> None:
    """Without this, the greeting of whoever has the port would be taken for ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Temporary(f"port {port} cannot be used ({error.strerror}): choose another") from error
