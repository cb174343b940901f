"""What a device that has recorded holds in memory, once it has come to rest."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.testbed.device.appliance import SERVICES, Appliance, until
from tests.testbed.device.test_gap import SOUND

# All services together. At its peak it was more: the libraries that film stay loaded.
MAXIMUM_MB = 150.0
_RESTS_AFTER_S = 60.0
# A server that nobody is behind: the sync tries, and waits.
_HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def resident_mb() -> float:
    """Return what all our services hold in memory; what two of them share counts twice."""
    processes = Path("/sys/fs/cgroup/leerblik.slice").rglob("cgroup.procs")
    pids = [pid for file in processes for pid in file.read_text().split()]
    found = [re.search(r"Rss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text()) for pid in pids]
    return sum(int(each[1]) for each in found if each) / 1024


def test_a_device_that_has_recorded_is_as_small_as_one_that_has_not(device: Appliance) -> None:
    receipt_key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    device.configure({
        **SOUND,
        "coach": {"receipt_key": base64.b64encode(receipt_key).decode()},
        "sync": {"host": "127.0.0.1", "host_key": _HOST_KEY},
    })  # fmt: skip
    device.start(*SERVICES)
    device.record_for(5)
    assert resident_mb() > MAXIMUM_MB  # or there is nothing to give back, and this test shows nothing
    until("it has come to rest", lambda: resident_mb() < MAXIMUM_MB, _RESTS_AFTER_S)
    # And it still can do all of it.
    assert device.film(device.record_for(5)).faults() == ()
