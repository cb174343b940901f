"""The emulated machine from outside: its plug, its disk, and a line to the agent inside."""

from __future__ import annotations

import base64
import io
import json
import socket
import subprocess
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

_BOOT_LIMIT_S = 240.0
_STOP_LIMIT_S = 60.0
_ANSWER_LIMIT_S = 120.0
# A kernel that changes its own code while another emulated processor runs it falls over now and then, in its
# second second and before it has seen the disk; that says nothing about what is tested here.
_KERNEL_ATTEMPTS = 3
_FIRST_PROCESS = "leerblik: reaching the disk"
# The recorder waits for none of these, and each costs a second under emulation.
_NO_NEED = (
    "systemd-networkd", "systemd-resolved", "systemd-timesyncd", "systemd-logind", "ssh", "e2scrub_reap",
    "systemd-update-utmp", "systemd-binfmt", "systemd-random-seed", "systemd-pstore", "apt-daily.timer",
    "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "getty.target",
    "systemd-firstboot", "systemd-hwdb-update", "systemd-journal-catalog-update", "ldconfig",
)  # fmt: skip
# A crash of the kernel ends the emulator (panic=-1 with -no-reboot).
_KERNEL_LINE = "root=/dev/vda rw console=ttyS0 quiet loglevel=4 mitigations=off panic=-1 nokaslr"


@dataclass(frozen=True)
class Image:
    """What run.sh built: kernel, early system, disk."""

    kernel: Path
    initrd: Path
    disk: Path


class Machine:
    """One machine with a disk of its own, a copy of the image; ``folder`` holds the disk and the console's log."""

    def __init__(self, image: Image, folder: Path) -> None:
        self._image = image
        self._disk = folder / "disk.img"
        self._console = folder / "console.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._answers: BinaryIO | None = None
        _copy_sparse(image.disk, self._disk)

    @property
    def running(self) -> bool:
        """Tell whether it is switched on."""
        return self._process is not None

    def start(self, install: Path | None = None) -> None:
        """Switch on, and wait until the agent answers; ``install`` is a tar that is unpacked on the disk first."""
        for _ in range(_KERNEL_ATTEMPTS):
            begins = len(self.console()) if self._console.exists() else 0
            if self._starts(install):
                return
            said = self.console()[begins:]
            self._end(graceful=False)
            # Once our own first process runs, a machine that does not start is a finding.
            if "Kernel panic" not in said or _FIRST_PROCESS in said:
                break
        raise AssertionError(f"the machine did not start:\n{said[-4000:]}")

    def _starts(self, install: Path | None) -> bool:
        """Switch on; tell whether the agent answers."""
        assert self._process is None, "the machine is running"
        self._line, theirs = socket.socketpair()
        with theirs, self._console.open("ab") as console:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._command(theirs.fileno(), install)],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, pass_fds=[theirs.fileno()],
            )  # fmt: skip
        self._line.settimeout(_BOOT_LIMIT_S)
        self._answers = self._line.makefile("rb")
        if "hello" not in json.loads(self._answers.readline() or b"{}"):
            return False
        self._line.settimeout(_ANSWER_LIMIT_S)
        return True

    def call(self, name: str, **arguments: Any) -> Any:
        """Have the agent do something, and return what came of it; see guest/agent.py."""
        assert self._line is not None, "the machine is off"
        assert self._answers is not None
        self._line.sendall(json.dumps({"call": name, "with": arguments}).encode() + b"\n")
        answer = json.loads(self._answers.readline())
        if "error" in answer:
            raise AssertionError(f"{name}({arguments}) failed inside: {answer['error']}")
        return answer["value"]

    def run(self, *command: str) -> str:
        """Run a command inside, which must succeed; return what it said."""
        done = self.call("run", command=command)
        assert done["code"] == 0, f"{command} failed inside: {done['text']}"
        return str(done["text"])

    def fetch(self, paths: Sequence[str], folder: Path) -> None:
        """Copy files and folders out of the machine, below ``folder``."""
        data = base64.b64decode(self.call("fetch", paths=list(paths)))
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            tar.extractall(folder, filter="data")

    def cut_power(self) -> None:
        """Pull the plug: what the machine had not put on its disk is gone."""
        self._end(graceful=False)

    def stop(self) -> None:
        """Shut down as a person would; harmless when it is off."""
        self._end(graceful=True)

    def console(self) -> str:
        """Return what the machine wrote on its console."""
        return self._console.read_text("utf-8", errors="replace")

    def _end(self, *, graceful: bool) -> None:
        process, self._process = self._process, None
        if process is None or self._line is None:
            return
        try:
            if graceful:
                self.call("run", command=["systemctl", "--no-block", "poweroff"])
                process.wait(_STOP_LIMIT_S)
        except (subprocess.TimeoutExpired, OSError, ValueError):
            pass
        finally:
            process.kill()
            process.wait()
            self._line.close()
            self._line = self._answers = None

    def _command(self, agent: int, install: Path | None) -> list[str]:
        masked = " ".join(f"systemd.mask={unit}" for unit in _NO_NEED)
        # cache=unsafe: what the machine put on its disk is in a file of this one's, which is not crashed;
        # what it did not is lost all the same. Waiting for this machine's own disk would only cost time.
        drives = [f"file={self._disk},if=virtio,format=raw,cache=unsafe"]
        if install is not None:
            drives.append(f"file={install},if=virtio,format=raw,read-only=on")
        return [
            "qemu-system-x86_64", "-M", "q35,usb=off,vmport=off", "-accel", "tcg,thread=multi,tb-size=256",
            "-cpu", "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt", "-smp", "2", "-m", "768",
            "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio",
            "-kernel", str(self._image.kernel), "-initrd", str(self._image.initrd),
            "-append", f"{_KERNEL_LINE} {masked}",
            *(word for drive in drives for word in ("-drive", drive)),
            "-device", "virtio-serial", "-chardev", f"socket,id=agent,fd={agent}",
            "-device", "virtserialport,chardev=agent,name=leerblik", "-device", "virtio-rng-pci",
        ]  # fmt: skip


def _copy_sparse(image: Path, copy: Path) -> None:
    """Give the machine a disk of its own; where the file system can, it shares what is not written."""
    subprocess.run(["cp", "--reflink=auto", "--sparse=always", str(image), str(copy)], check=True)


def until(what: str, look: Any, limit_s: float = 60.0) -> Any:
    """Return what ``look`` gives as soon as it gives something; ``what`` is waited for."""
    deadline_s = time.monotonic() + limit_s
    while not (found := look()):
        assert time.monotonic() < deadline_s, f"waited {limit_s:g} s for {what}"
        time.sleep(0.1)
    return found
