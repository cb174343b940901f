"""Boots a device in a container, runs its suite inside, and always stops it: ``make test-device``.

    python -m tests.testbed [ARGUMENTS FOR PYTEST]

Without arguments it runs the device suite, one test after another, and then, with a worker for each core, the suites
that need nothing of a checkout: the same code under the device's Python, the system's PyAV and numpy, as it is
installed. Rules whose examples are made up get a few here (the profile ``brief``): ``make check`` tries the very same
rules with many.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.testbed._host import NotRunning, cache
from tests.testbed.container import Container

_SUITE = "/opt/suite/project"
# What runs on a device: the inbox is the coach's, and needs a newer PyAV (14 crashes on segments that somebody
# crafted).
_PORTABLE = (
    *("domain", "footage", "review", "drivers", "contracts", "recorder", "storage", "timetable"),
    *("server_sync/push", "web", "wipe", "network"),
)
# These look at every file of the project, which is not here.
_OF_A_CHECKOUT = (
    "tests/domain/test_consent.py::test_no_other_module_even_tries_to_make_a_permit",
    "tests/web/test_catalogue.py",
    "tests/web/timetables/test_timetable.py::test_every_sentence_about_a_feed_is_known_in_dutch",
)
# Processes that a test starts find the suite too, and picamera2 its camera.
_ENVIRONMENT = (
    f"PYTHONPATH=/opt/suite:{_SUITE}",
    "PYTHONDONTWRITEBYTECODE=1",
    "LEERBLIK_TESTBED=1",
    "VIRTUALCAM=1",
    "LD_PRELOAD=/usr/local/lib/virtualcam/dmaheap.so",
    "LIBCAMERA_LOG_LEVELS=*:ERROR",
    "HYPOTHESIS_PROFILE=brief",
)
# All that the suite inside learns of this machine's environment.
_HANDED_ON = ("LEERBLIK_LESSON_S", "HYPOTHESIS_PROFILE")
# Who names an instance after its own process: this program and the benchmark.
_USERS = ("suite", "bench")
_DEVICE = "tests/testbed/device"
_AT_ONCE = ("-n", "auto", "--dist", "worksteal")


def main(arguments: Sequence[str]) -> int:
    """Return pytest's exit code, of two runs the worse one, or 1 when the container did not come up."""
    _forget_the_dead()
    try:
        with Container(f"suite-{os.getpid()}") as device:
            if arguments:
                return _pytest(device, arguments)
            portable = [f"tests/{name}" for name in _PORTABLE]
            elsewhere = [f"--deselect={test}" for test in _OF_A_CHECKOUT]
            # The device suite stops and starts what runs there: nothing beside it.
            return max(_pytest(device, [_DEVICE]), _pytest(device, [*_AT_ONCE, *portable, *elsewhere]))
    except NotRunning as problem:
        sys.stderr.write(f"Test bed stopped: {problem}\n")
        return 1


def _forget_the_dead() -> None:
    """Remove what runs left that were killed: a folder, and empty control groups."""
    for folder in (cache() / "instances").glob("*-[0-9]*"):
        user, _, process = folder.name.partition("-")
        if user in _USERS and not Path("/proc", process).exists():
            dead = Container(folder.name)
            dead.cut()
            dead.remove()


def _pytest(device: Container, arguments: Sequence[str]) -> int:
    handed_on = [f"{name}={os.environ[name]}" for name in _HANDED_ON if name in os.environ]
    command = device.entering(
        "--pipe",
        *("/opt/leerblik/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments),
        environment=(*_ENVIRONMENT, *handed_on),
        folder=_SUITE,
    )
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
