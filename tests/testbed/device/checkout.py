"""The checkout that lies in the container, and its install script: for a venv that is not the running one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

CHECKOUT = Path("/opt/checkout")
SCRIPT = "deploy/device/install.sh"
# The libraries come from the wheels that the root file system was made with.
WITHOUT_A_NETWORK = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/opt/wheels", "HOME": "/root"}


def with_venv(
    venv: Path, *command: str, checkout: Path = CHECKOUT, settings: Mapping[str, str] = WITHOUT_A_NETWORK
) -> subprocess.CompletedProcess[str]:
    """Run a command in the checkout, where this folder stands in the place of /opt/leerblik."""
    venv.mkdir(exist_ok=True)
    place = 'mount --bind "$1" /opt/leerblik; shift; exec "$@"'
    return subprocess.run(
        ["unshare", "--mount", "sh", "-ec", place, "sh", venv, *command],
        cwd=checkout, check=False, capture_output=True, text=True, env={**os.environ, **settings},
    )  # fmt: skip


def install(*words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the install script on this machine; programs in ``path`` come before the machine's own."""
    search = os.environ["PATH"] if path is None else f"{path}:{os.environ['PATH']}"
    return subprocess.run(
        [CHECKOUT / SCRIPT, *words],
        cwd="/", check=False, capture_output=True, text=True, env={**os.environ, "PATH": search},
    )  # fmt: skip
