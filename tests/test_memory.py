"""What a process at rest gives back, and that it works on as before."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: what the test's own one holds depends on the tests before it.
_ENCODES = """
import hashlib, sys, threading, importlib
from pathlib import Path
from device.memory import give_back
import av

def resident_kib():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))

def encoded():
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = 320, 240, "yuv420p", 30
    encoder.options = {"threads": "1"}
    frame = av.VideoFrame(320, 240, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    packets = [packet for n in range(5) for packet in encoder.encode(frame)]
    return hashlib.sha256(b"".join(bytes(p) for p in packets + encoder.encode(None))).hexdigest()
"""

_SHRINKS = """
before, first_kib = encoded(), resident_kib()
give_back()
print(first_kib - resident_kib(), before == encoded())
"""

_WHILE_IT_LOADS = """
names = ["sqlite3", "ssl", "decimal", "lzma", "bz2", "ctypes", "curses", "readline", "numpy", "cryptography.x509"]
def load():
    for name in names:
        importlib.import_module(name)
loading = threading.Thread(target=load)
loading.start()
times = 0
while loading.is_alive() or times < 20:
    give_back()
    times += 1
print(times, encoded() == encoded())
"""


def _printed(program: str) -> list[str]:
    command = [sys.executable, "-c", _ENCODES + program]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_process_at_rest_holds_less_and_works_as_before() -> None:
    freed_kib, same = _printed(_SHRINKS)
    assert int(freed_kib) > 8 * 1024
    assert same == "True"


def test_memory_can_be_given_back_while_another_thread_loads_libraries() -> None:
    times, same = _printed(_WHILE_IT_LOADS)
    assert int(times) >= 20
    assert same == "True"
