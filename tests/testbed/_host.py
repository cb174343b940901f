"""What the machine under the test bed offers: a place for caches, control groups, locks, processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent


class NotRunning(Exception):
    """There is no such instance, or it did not come up; the message says what to do."""


def cache() -> Path:
    """Return where root file systems and instances lie."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "leerblik" / "testbed"


def cgroup_root() -> Path:
    """Return where the unified hierarchy is mounted: beside the old ones on some machines."""
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise NotRunning("this kernel offers no cgroup2, which systemd in the container needs.")


def built_root() -> Path:
    """Return the folder of the cached root file system, after building it if need be."""
    built = subprocess.run(["bash", HERE / "root.sh"], stdout=subprocess.PIPE, text=True, check=False)
    if built.returncode:
        raise NotRunning("the root file system could not be built; the lines above say why.")
    return Path(built.stdout.strip())


@contextlib.contextmanager
def locked(path: Path, kind: int = fcntl.LOCK_EX) -> Iterator[int]:
    """Hold a lock; a process that inherits the descriptor goes on holding it. NotRunning if another has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotRunning(f"{path.parent.name} runs already.") from None
        yield descriptor
    finally:
        os.close(descriptor)


def only_child(process: int) -> int:
    """Return the number of a process's first child; ValueError or OSError when there is none."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    return int((children or [""])[0])
