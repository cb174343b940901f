"""Sound that libav makes up: in time, and with a sentence where it cannot."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from device.domain.errors import Permanent
from device.drivers.microphone._meter import as_samples
from tests.support.permits import permit
from tests.support.sinks import CollectingSink
from tests.support.synthetic_films import build


def test_the_pitch_that_was_asked_for_is_heard_in_every_channel() -> None:
    sink = CollectingSink()
    graph = "sine=frequency=600:sample_rate=44100:duration=1"
    microphone = build("microphone", "lavfi", {"graph": graph, "channels": 2, "speed": "max"})
    microphone.start(permit(), sink, 0)
    sink.wait(lambda: sum(len(block.data) for block in sink.blocks) == 48_000 * 4, "all of the second")
    microphone.stop()
    heard = as_samples(b"".join(block.data for block in sink.blocks), 2)
    for channel in (0, 1):
        assert np.abs(np.fft.rfft(heard[:, channel].astype(float))).argmax() == 600


def test_it_follows_the_clock() -> None:
    sink = CollectingSink()
    microphone = build("microphone", "lavfi")
    origin_ns = time.monotonic_ns()
    microphone.start(permit(), sink, origin_ns)
    sink.wait_for_blocks(10)
    microphone.stop()
    assert time.monotonic_ns() - origin_ns >= 10 * 20_000_000
    assert sink.blocks[0].pts_ns == origin_ns


@pytest.mark.parametrize("graph", ["", "no such source", "sine=frequency=loud", "testsrc=size=32x32"])
def test_a_graph_that_makes_no_sound_is_named(graph: str) -> None:
    microphone = build("microphone", "lavfi", {"graph": graph})
    sink = CollectingSink()
    with pytest.raises(Permanent, match="sound"):
        microphone.start(permit(), sink, 0)
    assert sink.blocks == []


def test_until_the_lesson_libav_is_not_loaded() -> None:
    program = "import sys; import device.drivers.microphone.lavfi; print('av' in sys.modules or 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
