"""Keeps the chunks of the seal in step with the boxes of the film, so that nothing lingers in memory.

A chunk of the seal leaves memory when it is full. A still scene encodes so small that this could take
seconds, and a crash would cost them. So between two boxes of the film, where the format allows it, a
``free`` box fills the chunk up (ISO/IEC 14496-12, 8.1.2): at most 64 KiB a second, and only for films
below about half a megabit per second.
"""

from __future__ import annotations

from device.footage.seal import CHUNK_BYTES, SealedWriter

_HEADER_BYTES = 8


class BoxWriter:
    """A file-like object for the muxer that knows whether it stands between two top-level boxes."""

    def __init__(self, sealed: SealedWriter) -> None:
        self._sealed = sealed
        self._header = bytearray()
        self._left_bytes = 0
        self._ignoring = False

    def write(self, data: bytes) -> int:
        """Pass bytes on to the seal and follow the boxes in them."""
        if self._ignoring:
            return len(data)
        data = bytes(data)
        self._sealed.write(data)
        position = 0
        while position < len(data):
            position += self._follow(data, position)
        return len(data)

    @property
    def between_boxes(self) -> bool:
        """Whether everything so far is whole boxes."""
        return self._left_bytes == 0 and not self._header

    def fill_chunk(self) -> None:
        """Let everything written so far leave memory. Does nothing in the middle of a box."""
        pending = self._sealed.pending_bytes
        if not pending or not self.between_boxes:
            return
        room = -pending % CHUNK_BYTES
        if 0 < room < _HEADER_BYTES:
            room += CHUNK_BYTES
        if room:
            self._sealed.write(_free_box(room))
        self._sealed.flush_full_chunk()

    def ignore_rest(self) -> None:
        """Take what libav still writes at its end, and store none of it: the card refused."""
        self._ignoring = True

    def close(self) -> None:
        """End the film: the seal's final chunk must hold something."""
        if not self._sealed.pending_bytes:
            self._sealed.write(_free_box(_HEADER_BYTES))
        self._sealed.close()

    def _follow(self, data: bytes, position: int) -> int:
        if self._left_bytes:
            step = min(self._left_bytes, len(data) - position)
            self._left_bytes -= step
            return step
        step = min(_HEADER_BYTES - len(self._header), len(data) - position)
        self._header += data[position : position + step]
        if len(self._header) == _HEADER_BYTES:
            self._left_bytes = int.from_bytes(self._header[:4], "big") - _HEADER_BYTES
            if self._left_bytes < 0:
                raise ValueError("the muxer wrote a box of 4 GiB or of unknown length; fragments are small")
            self._header.clear()
        return step


def _free_box(size_bytes: int) -> bytes:
    return size_bytes.to_bytes(4, "big") + b"free" + bytes(size_bytes - _HEADER_BYTES)
