"""A recorder that waits for a press stays small: what only a lesson needs is loaded when one begins."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("av", "numpy", "pyrage", "paramiko", "picamera2")


@pytest.mark.parametrize(
    "module",
    [
        "device.footage.assemble",
        "device.footage.journal",
        "device.footage.queue",
        "device.footage.seal",
        "device.footage.writer",
    ],
)
def test_what_the_idle_recorder_imports_brings_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print(sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
