"""Sound cards without hardware: ALSA's own ``file`` plugin reads what a test lets them hear.

A card is a name in a make-believe /sys/class/sound and a file that ALSA opens in its place. A plain file is
played by our clock; a pipe gives the test every sample and every moment.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from device.domain.errors import Temporary
from device.drivers.microphone import _capture, _cards, _libasound

RATE_HZ = 48_000
PERIOD = round(RATE_HZ * _libasound.PERIOD_S)


def _why_not() -> str:
    try:
        _libasound._library()
    except Temporary as error:
        return str(error)
    return ""


NO_ALSA = _why_not()

_CONFIGURATION = """
pcm.plughw {{
    @args [ CARD DEV SUBDEV ]
    @args.CARD {{ type string }}
    @args.DEV {{ type integer default 0 }}
    @args.SUBDEV {{ type integer default 0 }}
    type plug
    slave.pcm {{
        type file
        file "/dev/null"
        infile {{ @func concat strings [ "{folder}/" $CARD ] }}
        format "raw"
        slave.pcm {{ type null }}
    }}
}}
"""


class SoundCards:
    """The cards that are plugged in, for this process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sounds = folder / "sounds"
        self._sounds.mkdir()
        self._classes = folder / "class"
        self._classes.mkdir()
        self._numbers: dict[str, int] = {}
        self._open: list[int] = []
        configuration = folder / "alsa.conf"
        configuration.write_text(_CONFIGURATION.format(folder=self._sounds))
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(configuration))
        monkeypatch.setattr(_cards, "SOUND", self._classes)
        self._opened: dict[str, list[_libasound.Pcm]] = {}
        monkeypatch.setattr(_capture, "Pcm", self._note_opened)

    def _note_opened(self, name: str, label: str, rate_hz: int, channels: int) -> _libasound.Pcm:
        pcm = _libasound.Pcm(name, label, rate_hz, channels)
        self._opened.setdefault(label, []).append(pcm)
        return pcm

    def plug_in(self, name: str, samples: np.ndarray | None = None) -> None:
        """Plug in a card that hears these samples (s16), an endless tone when none are given."""
        (self._sounds / name).unlink(missing_ok=True)
        (self._sounds / name).write_bytes(
            (tone(60.0) if samples is None else samples).astype("<i2").tobytes()
        )
        self.announce(name)

    def plug_in_pipe(self, name: str) -> int:
        """Plug in a card that hears what is written to the returned descriptor, whole periods at a time."""
        os.mkfifo(self._sounds / name)
        pipe = os.open(self._sounds / name, os.O_RDWR)
        self._open.append(pipe)
        self.announce(name)
        return pipe

    def announce(self, name: str) -> None:
        """Let the kernel show the card."""
        number = self._numbers.setdefault(name, len(self._numbers))
        card = self._classes / f"card{number}"
        card.mkdir(exist_ok=True)
        (card / "id").write_text(f"{name}\n")
        (self._classes / f"pcmC{number}D0c").touch()

    def pull_out(self, name: str) -> None:
        """Take a card away: ALSA refuses the next read from it."""
        number = self._numbers[name]
        (self._classes / f"pcmC{number}D0c").unlink()
        shutil.rmtree(self._classes / f"card{number}")
        for pcm in self._opened.pop(name, []):
            pcm._library.snd_pcm_drop(pcm._pcm)

    def overrun(self, name: str) -> None:
        """Let ALSA say once that samples were lost because they were not read in time."""
        (pcm,) = self._opened[name]
        lost = iter([None])
        read = pcm.read
        pcm.read = lambda timeout_s: next(lost, read(timeout_s))  # type: ignore[method-assign]

    def close(self) -> None:
        """Close the pipes: what still reads them hears silence."""
        while self._open:
            os.close(self._open.pop())


def tone(length_s: float, pitch_hz: float = 440.0, level: float = 0.1) -> np.ndarray:
    """Return a sine of this level (1 is full scale)."""
    at = np.arange(round(length_s * RATE_HZ))
    return np.asarray(32767 * level * np.sin(2 * np.pi * pitch_hz * at / RATE_HZ), dtype="<i2")
