"""Sound that is played into a real sound card arrives in the film."""

from __future__ import annotations

import base64
import io
import itertools
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from deploy.demo._sound import Beep, Sounds, first_channel
from device.drivers._test_card import PITCHES_HZ
from device.drivers.microphone.synthetic import sound
from tests.testbed.vm.appliance import Appliance, Tables
from tests.testbed.vm.footage import START_S, make_film

RATE_HZ = 16_000
_PLAYED_S = 30
_HEARD: Tables = {
    "recorder": {"microphone": "alsa"},
    "microphone.alsa": {"card": "Loopback,1,0", "rate_hz": RATE_HZ},
}


def test_what_is_played_into_the_sound_card_is_in_the_film(appliance: Appliance, tmp_path: Path) -> None:
    appliance.be_ready(_HEARD)
    appliance.machine.call("put_bytes", path="/run/beeps.wav", data=base64.b64encode(_beeps()).decode())
    appliance.machine.call("play", path="/run/beeps.wav", card="plughw:Loopback,0,0")
    recording = appliance.record_for(seconds=8)
    _, spool = appliance.fetch()
    film = tmp_path / "film.mp4"
    report = make_film(spool / recording, appliance.identity, film)
    beeps = _heard(film)
    assert len(beeps) >= 5, f"too few beeps are in the film: {beeps}"
    for one, other in itertools.pairwise(beeps):
        assert other.pitch == (one.pitch + 1) % len(PITCHES_HZ), beeps
        assert other.at_s - one.at_s == pytest.approx(1.0, abs=0.05), beeps
    assert not [gap for gap in report.audio_gaps if gap.from_s > START_S]


def _beeps() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE_HZ)
        writer.writeframes(sound(np.arange(_PLAYED_S * RATE_HZ, dtype=np.int64), RATE_HZ).tobytes())
    return file.getvalue()


def _heard(path: Path) -> list[Beep]:
    with av.open(str(path)) as film:
        sounds = Sounds(film.streams.audio[0].rate)
        for frame in film.decode(audio=0):
            channels = frame.layout.nb_channels
            sounds.feed(
                frame.time, first_channel(frame.to_ndarray(), channels, planar=frame.format.is_planar)
            )
    sounds.finish()
    return sounds.beeps
