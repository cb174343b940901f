"""A device in a container: systemd as PID 1, the project installed, a virtual camera, no network.

    python -m tests.testbed.container NAME start        boot (installs the present working tree)
    python -m tests.testbed.container NAME sh [COMMAND] a shell, or one command, inside
    python -m tests.testbed.container NAME cut          as if somebody pulled the plug; `start` boots it again
    python -m tests.testbed.container NAME stop         shut down and forget

Several can run at once, under different names. Everything an instance consists of hangs on one process in
namespaces of its own: when that ends, however it ends, no mount and no process is left. As a library::

    with Container("name") as device:
        device.run("systemctl", "status", "leerblik-recorder")
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.testbed._host import HERE, NotRunning, built_root, cache, cgroup_root, locked, only_child

BOOT_TIMEOUT_S = 120
STOP_TIMEOUT_S = 60
_ENVIRONMENT = ("HOME=/root", "TERM=dumb", "LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/sbin:/usr/bin")
# nspawn's PID 1 hands its capabilities on to whatever is run; on a device nobody inherits any.
_BARE = ("/usr/bin/setpriv", "--inh-caps=-all")
_JOIN = ("--mount", "--uts", "--ipc", "--net", "--pid")


class Container:
    """One instance. Its layer lies in ``folder`` until :meth:`remove`, so it can be cut off and booted again."""

    def __init__(self, name: str) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
            raise NotRunning(f"an instance's name is lower case letters, digits and dashes, unlike {name!r}.")
        self.name = name
        self.folder = cache() / "instances" / name
        self.console = self.folder / "console.log"
        self._cgroup = cgroup_root() / f"leerblik-testbed-{name}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start(die_with_caller=True)
        except BaseException:
            self.cut()
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.remove()

    def start(self, *, die_with_caller: bool = False) -> None:
        """Boot, after installing the present working tree if the instance is new; returns when it is up.

        With ``die_with_caller`` it ends when the thread that called ends, even by SIGKILL.
        """
        root = built_root()
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as locks:
            ours = locks.enter_context(locked(self.folder / "lock"))
            lent = locks.enter_context(locked(root.with_name(f"{root.name}.lock"), fcntl.LOCK_SH))
            self._sweep()
            self._cgroup.mkdir()
            leash = ["setpriv", "--pdeathsig", "KILL"] if die_with_caller else []
            apart = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc"]
            boot = ["bash", *map(str, (HERE / "boot.sh", self.name, self.folder, root, self._cgroup))]
            with self.console.open("ab") as console:
                process = subprocess.Popen(
                    [*leash, *apart, "--kill-child=KILL", *boot],
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=console,
                    pass_fds=(ours, lent),
                    start_new_session=True,
                )
        (self.folder / "pid").write_text(str(process.pid))
        self._process = process
        self._wait_until_up(process)

    def stop(self) -> None:
        """Shut down properly; cut off what does not in a minute. Harmless when it does not run."""
        with contextlib.suppress(NotRunning, ProcessLookupError):
            os.kill(self.leader(), signal.SIGRTMIN + 4)
            self._wait_until_down(STOP_TIMEOUT_S)
        self.cut()

    def cut(self) -> None:
        """End everything in it at once, as when the power goes. What it wrote to its disk is still there."""
        with contextlib.suppress(NotRunning, ProcessLookupError):
            os.kill(self._outermost(), signal.SIGKILL)
            self._wait_until_down(STOP_TIMEOUT_S)
        if self._process is not None:
            self._process.wait()
        self._sweep()

    def remove(self) -> None:
        """Forget its disk."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(
        self,
        *command: str,
        user: str = "root",
        stdin: bytes = b"",
        check: bool = True,
        environment: Sequence[str] = (),
        folder: str = "/",
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command inside, as a unit of its own; with ``check``, CalledProcessError carries its output."""
        return subprocess.run(
            self.entering("--pipe", *command, user=user, environment=environment, folder=folder),
            input=stdin,
            capture_output=True,
            check=check,
        )

    def entering(
        self,
        terminal: str,
        *command: str,
        user: str = "root",
        environment: Sequence[str] = (),
        folder: str = "/",
    ) -> list[str]:
        """Return the command line that runs a command inside, for subprocess; ``--pipe`` or ``--pty``.

        systemd runs it, not this process: so it has the container's capabilities, limits and environment.
        """
        enter = ["nsenter", "--target", str(self.leader()), *_JOIN]
        unit = ["systemd-run", "--quiet", "--wait", "--collect", "--service-type=exec", terminal]
        settings = [f"--setenv={each}" for each in (*_ENVIRONMENT, *environment)]
        return [
            *(*enter, "--", "env", "-i", *_ENVIRONMENT, *unit, f"--uid={user}"),
            *(f"--working-directory={folder}", *settings, "--", *_BARE, *command),
        ]

    def put(self, source: Path, folder: str) -> None:
        """Copy a file or folder into a folder inside."""
        packed = subprocess.run(
            ["tar", "-c", "-C", source.parent, source.name], stdout=subprocess.PIPE, check=True
        )
        self.run("mkdir", "-p", folder)
        self.run("tar", "-x", "--no-same-owner", "-C", folder, stdin=packed.stdout)

    def get(self, source: str, folder: Path) -> None:
        """Copy a file or folder from inside into a folder here."""
        path = Path(source)
        packed = self.run("tar", "-c", "-C", str(path.parent), path.name)
        subprocess.run(["tar", "-x", "--no-same-owner", "-C", folder], input=packed.stdout, check=True)

    def state(self) -> str:
        """Return what systemd inside says of itself: running, degraded, starting and so on."""
        ask = ["nsenter", "--target", str(self.leader()), *_JOIN, "systemctl", "is-system-running"]
        return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()

    def leader(self) -> int:
        """Return the process, as it is numbered here, that is PID 1 inside."""
        try:
            return only_child(only_child(self._outermost()))
        except (OSError, ValueError):
            raise NotRunning(f"{self.name} does not run: {self._hint('start')} boots it.") from None

    def _outermost(self) -> int:
        try:
            with locked(self.folder / "lock"):
                pass
        except NotRunning:
            return int((self.folder / "pid").read_text())
        except OSError:
            pass
        raise NotRunning(f"{self.name} does not run: {self._hint('start')} boots it.")

    def _hint(self, verb: str) -> str:
        return f"'python -m tests.testbed.container {self.name} {verb}'"

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + BOOT_TIMEOUT_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            with contextlib.suppress(NotRunning):
                if self.state() in ("running", "degraded"):
                    return
            time.sleep(0.1)
        self.cut()
        lines = self.console.read_text(errors="replace").splitlines()[-15:]
        raise NotRunning("\n".join([*lines, f"{self.name} did not come up; the lines above are its last."]))

    def _wait_until_down(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self._outermost()
            time.sleep(0.02)

    def _sweep(self) -> None:
        """Remove the control groups, which outlive the processes that made them."""
        if not self._cgroup.exists():
            return
        (self._cgroup / "cgroup.kill").write_text("1")
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._cgroup.exists() and time.monotonic() < deadline:
            for group, _, _ in os.walk(self._cgroup, topdown=False):
                with contextlib.suppress(OSError):
                    Path(group).rmdir()
            time.sleep(0.01)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.testbed.container", description="A device to play with."
    )
    parser.add_argument("name", help="of the instance; several can run at once")
    parser.add_argument("verb", choices=("start", "sh", "cut", "stop"))
    parser.add_argument("command", nargs=argparse.REMAINDER, help="for sh; without one, a shell")
    options = parser.parse_args(arguments)
    try:
        return _do(Container(options.name), options.verb, options.command)
    except NotRunning as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


def _do(device: Container, verb: str, command: list[str]) -> int:
    if verb == "sh":
        terminal = "--pipe" if command or not sys.stdin.isatty() else "--pty"
        script = ["-c", " ".join(command)] if command else ["-l"]
        return subprocess.run(device.entering(terminal, "bash", *script), check=False).returncode
    if verb == "start":
        device.start()
    else:
        device.cut() if verb == "cut" else device.stop()
    if verb == "stop":
        device.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
