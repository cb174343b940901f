"""A picture that moves like a lesson and can be read by eye (a clock) and by a program (the test card).

The still part is painted once; every frame copies it and adds a few small things, so that drawing
costs a fraction of encoding.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from device.drivers import _test_card
from device.drivers.camera._h264 import Planes, black, plane_views

_GLYPH_ROWS = {
    "0": "01110 10001 10011 10101 11001 10001 01110",
    "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111",
    "3": "11111 00010 00100 00010 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010",
    "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110",
    "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110",
    "9": "01110 10001 10001 01111 00001 00010 01100",
    ":": "00000 00100 00100 00000 00100 00100 00000",
}
_WALL, _BOARD, _FLOOR = (150, 124, 132), (70, 122, 118), (105, 116, 140)
_FIGURES = ((200, 110, 160, 0.06, 0.5), (60, 150, 110, 0.045, 1.9), (180, 150, 120, 0.03, 3.1))


class Scene:
    """Pictures of one size and rate. The array that :meth:`draw` returns is used again by the next call."""

    def __init__(self, width: int, height: int, rate: Fraction) -> None:
        self._size = (width, height)
        self._rate = rate
        self._still = _background(width, height)
        self._planes = self._still.copy()
        self._luma, *self._chroma = plane_views(self._planes)
        scale = max(1, height // 70)
        self._glyphs = {sign: _glyph(rows, scale) for sign, rows in _GLYPH_ROWS.items()}

    def draw(self, counter: int) -> Planes:
        """Return picture number ``counter`` as planar YUV 4:2:0."""
        np.copyto(self._planes, self._still)
        seconds = counter / self._rate
        for index, figure in enumerate(_FIGURES):
            self._figure(figure, float(seconds), index)
        self._clock(counter, int(seconds))
        since_full_ns = (seconds - int(seconds)) * 1_000_000_000
        lit = since_full_ns < _test_card.FLASH_NS
        _test_card.flash_area(self._luma)[:] = _test_card.WHITE if lit else _test_card.BLACK
        _test_card.draw_counter(self._luma, counter)
        return self._planes

    def _figure(self, figure: tuple[int, int, int, float, float], seconds: float, index: int) -> None:
        """Paint a block that walks to and fro in front of the board, at a pace of its own."""
        width, height = self._size
        luma, u, v, pace, phase = figure
        wide, tall = width // 16 * 2, height // 8 * 2
        x = round((width - wide) * (0.5 + 0.5 * math.sin(phase + seconds * pace * 2 * math.pi))) // 2 * 2
        y = round(height * (0.36 + 0.08 * index)) // 2 * 2
        self._luma[y : y + tall, x : x + wide] = luma
        for plane, value in zip(self._chroma, (u, v), strict=True):
            plane[y // 2 : (y + tall) // 2, x // 2 : (x + wide) // 2] = value

    def _clock(self, counter: int, seconds: int) -> None:
        """Paint mm:ss:ff, the last pair being the frame within its second."""
        first = math.ceil(seconds * self._rate)
        text = f"{seconds // 60 % 100:02d}:{seconds % 60:02d}:{counter - first:02d}"
        x, y = self._size[0] // 40, self._size[1] // 20
        for sign in text:
            glyph = self._glyphs[sign]
            tall, wide = glyph.shape
            self._luma[y : y + tall, x : x + wide] = glyph
            x += wide


def _glyph(rows: str, scale: int) -> npt.NDArray[np.uint8]:
    bits = np.array([[int(bit) for bit in row] for row in rows.split()], dtype=np.uint8)
    framed = np.pad(bits, 1)
    levels = np.where(framed == 1, _test_card.WHITE, _test_card.BLACK).astype(np.uint8)
    return np.kron(levels, np.ones((scale, scale), dtype=np.uint8))


def _background(width: int, height: int) -> Planes:
    planes = black(width, height)
    _fill(planes, (0.0, 0.0, 1.0, 1.0), _WALL)
    _fill(planes, (0.2, 0.28, 0.6, 0.3), _BOARD)
    _fill(planes, (0.0, 0.7, 1.0, 0.3), _FLOOR)
    luma = plane_views(planes)[0]
    shade = np.linspace(0, 30, width, dtype=np.uint8)
    luma[:] = luma - shade
    return planes


def _fill(planes: Planes, area: tuple[float, float, float, float], colour: tuple[int, int, int]) -> None:
    luma, *chroma = plane_views(planes)
    for plane, value in zip((luma, *chroma), colour, strict=True):
        height, width = plane.shape
        left, top = int(area[0] * width), int(area[1] * height)
        plane[top : top + int(area[3] * height), left : left + int(area[2] * width)] = value
