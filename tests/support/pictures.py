"""Looking at packets: decoded as any player would."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from device.drivers._test_card import read_counter
from device.ports import VideoPacket


def decode(packets: Iterable[VideoPacket]) -> list[npt.NDArray[Any]]:
    """Return the brightness of every picture, in the order the decoder shows them."""
    decoder: Any = av.CodecContext.create("h264", "r")
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    frames += decoder.decode(None)
    return [np.asarray(frame.to_ndarray())[: frame.height] for frame in frames]


def counters(packets: Iterable[VideoPacket]) -> list[int | None]:
    """Return the number in every picture."""
    return [read_counter(luma) for luma in decode(packets)]
