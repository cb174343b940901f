"""The marks that synthetic footage carries, so that a program can tell what happened to every frame.

Picture: the frame's number as 48 black and white blocks (32 bits and a CRC-16, most significant first,
two rows along the lower edge), and a square that is white for the first 100 ms of every second.
Sound: a beep during the same 100 ms, whose pitch says which second of twelve it is, above a soft hum.
All places are fractions of the picture, so that a film that was scaled is still readable.
"""

from __future__ import annotations

import binascii
from typing import Any

import numpy as np
import numpy.typing as npt

Luma = npt.NDArray[np.uint8]

BLACK = 16
WHITE = 235
FLASH_NS = 100_000_000
BEEP_NS = 100_000_000
BEEP_LEVEL = 0.5
HUM_HZ = 110
HUM_LEVEL = 0.02
PITCHES_HZ = tuple(600 + 100 * index for index in range(12))

_BITS = 48
_ROWS = 2
_COLUMNS = _BITS // _ROWS
_ROW_HEIGHT = 1 / 20
_PROBES = 5
_SMALLEST_BLOCK = 2
_CLEAR_BLACK = 90
_CLEAR_WHITE = 160
_CRC_START = 0x1D0F  # not zero, so that neither a black nor a white picture reads as a number
_FLASH = (0.86, 0.05, 0.11, 0.14)  # left, top, width, height
_BITS_OF = tuple(1 << shift for shift in range(_BITS - 1, -1, -1))


def draw_counter(luma: Luma, counter: int) -> None:
    """Write a number below 2**32 into the lower edge of a picture (height x width, 0-255)."""
    height, width = luma.shape
    top = _top(height)
    word = _word(counter)
    bits = np.array([BLACK if word & bit == 0 else WHITE for bit in _BITS_OF], dtype=np.uint8)
    rows = np.arange(height - top) * _ROWS // (height - top)
    columns = np.arange(width) * _COLUMNS // width
    luma[top:] = bits.reshape(_ROWS, _COLUMNS)[:, columns][rows]


def read_counter(luma: npt.NDArray[Any]) -> int | None:
    """Return the number in a picture, or None when there is none or it cannot be trusted."""
    height, width = luma.shape
    if min(height * _ROW_HEIGHT, width / _COLUMNS) < _SMALLEST_BLOCK:
        return None
    top = _top(height)
    rows, columns = top + _probes(_ROWS, height - top), _probes(_COLUMNS, width)
    levels = luma[np.ix_(rows, columns)].reshape(_ROWS, _PROBES, _COLUMNS, _PROBES).mean(axis=(1, 3)).ravel()
    if bool(((levels > _CLEAR_BLACK) & (levels < _CLEAR_WHITE)).any()):
        return None
    word = sum(bit for bit, level in zip(_BITS_OF, levels, strict=True) if level >= _CLEAR_WHITE)
    counter = word >> 16
    return counter if word == _word(counter) else None


def flash_area(luma: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the view of the square that flashes."""
    height, width = luma.shape
    left, top = int(_FLASH[0] * width), int(_FLASH[1] * height)
    return luma[top : top + int(_FLASH[3] * height), left : left + int(_FLASH[2] * width)]


def read_flash(luma: npt.NDArray[Any]) -> bool:
    """Tell whether the square is white."""
    return bool(flash_area(luma).mean() > (BLACK + WHITE) / 2)


def is_black(luma: npt.NDArray[Any]) -> bool:
    """Tell whether there is nothing in a picture; a tenth of its pixels is enough to know."""
    return int(luma[::3, ::3].max()) <= BLACK + 16


def _top(height: int) -> int:
    return height - round(_ROWS * _ROW_HEIGHT * height)


def _probes(blocks: int, pixels: int) -> npt.NDArray[np.int64]:
    """Return where to look: the edges of a block are blurred by encoding and scaling, its middle is not."""
    within = np.linspace(0.3, 0.7, _PROBES)
    places = (np.arange(blocks)[:, None] + within) * pixels / blocks
    return places.ravel().astype(np.int64)


def _word(counter: int) -> int:
    return counter << 16 | binascii.crc_hqx(counter.to_bytes(4, "big"), _CRC_START)
