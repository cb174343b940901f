"""The real profile of deploy/sshd under a real sshd with its chroot: for root, on file systems of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.demo.sshd import DropBoxServer

PROFILE = Path(__file__).parents[2] / "deploy" / "sshd" / "leerblik-dropbox.conf"

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
UsePAM no
Subsystem sftp /usr/lib/openssh/sftp-server
Include {folder}/profile.conf
"""
# /srv is ours alone here: the chroot must lie below folders of root, which a folder for tests does not.
_SETUP = """\
set -e
mount -t tmpfs -o mode=0755 tmpfs /srv
install -d -m 0755 /srv/keys /srv/leerblik /srv/leerblik/nobody
install -d -m 0300 -o nobody /srv/leerblik/nobody/inbox
install -d -m 0555 /srv/leerblik/nobody/receipts
install -m 0644 "$1/authorized_keys" /srv/keys/nobody
shift
exec "$@"
"""


def may_mount() -> bool:
    """Tell whether private mounts are possible here."""
    if os.geteuid() != 0 or shutil.which("unshare") is None or not Path("/srv").is_dir():
        return False
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/srv"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


class ProfileServer(DropBoxServer):
    """The account is ``nobody``, since no group is made for a test; all else is as the file says."""

    def start(self) -> None:
        super().start()
        self.root = Path(f"/proc/{self.pids()[0]}/root/srv/leerblik/nobody")

    def command(self) -> list[str]:
        return ["unshare", "--mount", "sh", "-c", _SETUP, "sh", str(self.folder), *super().command()]

    def _write_configuration(self, authorized_keys: Sequence[str]) -> None:
        super()._write_configuration(authorized_keys)
        self.user = "nobody"
        # Without their own restrictions: the profile alone must hold.
        (self.folder / "authorized_keys").write_text("\n".join(authorized_keys) + "\n", encoding="utf-8")
        text = PROFILE.read_text(encoding="utf-8")
        for there, here in {
            "Match Group leerblik-dropbox": "Match User nobody",
            "/etc/ssh/leerblik-dropbox/%u": "/srv/keys/%u",
        }.items():
            assert there in text
            text = text.replace(there, here)
        (self.folder / "profile.conf").write_text(text, encoding="utf-8")
        config = _CONFIG.format(port=self.port, folder=self.folder)
        (self.folder / "sshd_config").write_text(config, encoding="utf-8")
