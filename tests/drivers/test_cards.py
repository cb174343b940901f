"""Sound cards are found by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.domain.errors import Permanent, Temporary
from device.drivers.microphone import _cards
from device.drivers.microphone._cards import alsa_name


@pytest.fixture
def sysfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(_cards, "SOUND", tmp_path)
    return tmp_path


def _card(sysfs: Path, number: int, name: str, *devices: str) -> None:
    (sysfs / f"card{number}").mkdir()
    (sysfs / f"card{number}" / "id").write_text(f"{name}\n")
    for device in devices:
        (sysfs / f"pcmC{number}D{device}").touch()


@pytest.fixture
def three_cards(sysfs: Path) -> None:
    _card(sysfs, 0, "vc4hdmi0", "0p")
    _card(sysfs, 1, "Loopback", "0p", "0c", "1p", "1c")
    _card(sysfs, 10, "Device", "0c")


@pytest.mark.usefixtures("three_cards")
@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ("", "plughw:CARD=Loopback,DEV=0"),
        ("Device", "plughw:CARD=Device,DEV=0"),
        ("Loopback,1", "plughw:CARD=Loopback,DEV=1"),
        ("Loopback,1,0", "plughw:CARD=Loopback,DEV=1,SUBDEV=0"),
        ("dsnoop:CARD=Device", "dsnoop:CARD=Device"),
    ],
)
def test_a_card_is_found_by_its_name_whatever_its_number(choice: str, name: str) -> None:
    assert alsa_name(choice) == name


@pytest.mark.usefixtures("three_cards")
@pytest.mark.parametrize("choice", ["Room", "vc4hdmi0", "Loopback,7"])
def test_what_is_absent_or_cannot_record_is_named_beside_what_could(choice: str) -> None:
    with pytest.raises(Temporary, match=f"{choice} is not plugged in.*Device, Loopback"):
        alsa_name(choice)


def test_no_card_at_all_is_said(sysfs: Path) -> None:
    with pytest.raises(Temporary, match="no microphone is plugged in"):
        alsa_name("")
    with pytest.raises(Temporary, match="there is none that can record"):
        alsa_name("Device")


def test_a_kernel_without_sound_is_the_same_as_no_card(sysfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cards, "SOUND", sysfs / "absent")
    with pytest.raises(Temporary, match="no microphone is plugged in"):
        alsa_name("")


@pytest.mark.parametrize("choice", ["Device,", "my card", "a,b", "../x", "Device,1,2,3"])
def test_what_can_be_no_card_is_refused_with_an_example(choice: str) -> None:
    with pytest.raises(Permanent, match="Loopback,1,0"):
        alsa_name(choice)
