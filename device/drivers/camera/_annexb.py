"""H.264 access units in Annex B form, looked at without a decoder."""

from __future__ import annotations

from collections.abc import Iterator

IDR, SPS, PPS = 5, 7, 8
_START = b"\x00\x00\x01"


def nal_types(access_unit: bytes) -> tuple[int, ...]:
    """Return the types of the NAL units in an access unit, in order (5 IDR, 7 SPS, 8 PPS)."""
    return tuple(kind for kind, _ in _units(access_unit))


class Headers:
    """Sees to it that every key frame carries SPS and PPS.

    Encoders are asked to repeat them, but one that sends them once, in a buffer of their own, still gives
    key frames that each start a film.
    """

    def __init__(self) -> None:
        self._seen: dict[int, bytes] = {}

    def complete(self, access_unit: bytes) -> tuple[bytes, bool] | None:
        """Return the access unit with its headers and whether it is a key frame; None when it has no picture.

        None as well for a key frame whose headers were never seen: nobody could decode it.
        """
        units = list(_units(access_unit))
        kinds = {kind for kind, _ in units}
        self._seen.update({kind: unit for kind, unit in units if kind in (SPS, PPS)})
        if not kinds & {1, IDR}:
            return None
        if IDR not in kinds:
            return access_unit, False
        missing = [kind for kind in (SPS, PPS) if kind not in kinds]
        if any(kind not in self._seen for kind in missing):
            return None
        return b"".join(self._seen[kind] for kind in missing) + access_unit, True


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield ``(type, unit with a start code of four bytes)``; only headers are copied whole."""
    at = data.find(_START)
    while at >= 0 and at + 3 < len(data):
        kind = data[at + 3] & 0x1F
        following = data.find(_START, at + 3)
        if kind in (SPS, PPS):
            unit = data[at + 3 : following if following >= 0 else None].rstrip(b"\x00")
            yield kind, b"\x00" + _START + unit
        else:
            yield kind, b""
        at = following
