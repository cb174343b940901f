"""Draws the JPEG files that libcamera's virtual pipeline plays: a lesson that moves, with its own numbers.

    python -m virtualcam.pictures FOLDER

The pipeline shows every picture four times and decodes all of them, once for each of its three streams,
when it looks for cameras: a few small ones are enough, it scales them.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from device.drivers.camera._scene import Scene

SIZE = (640, 480)
COUNT = 8
# How long the pipeline shows each: four frames at 30 per second.
RATE = Fraction(30, 4)


def main(folder: Path) -> None:
    """Write 0.jpg, 1.jpg and so on; the pipeline plays them in the order of their names."""
    scene = Scene(*SIZE, RATE)
    for number in range(COUNT):
        frame = av.VideoFrame.from_ndarray(scene.draw(number), format="yuv420p")
        pixels = frame.reformat(format="rgb24").to_ndarray()
        Image.fromarray(pixels).save(folder / f"{number}.jpg", quality=90)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
