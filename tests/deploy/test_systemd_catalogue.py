"""The journal's catalogue: every happening is explained in both languages, and an id is for ever."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from device.systemd import Happening

CATALOGUE = Path(__file__).resolve().parents[2] / "deploy" / "systemd" / "leerblik.catalog"
# As released. A line may be added; one that changes breaks the filters of those who watch a school's devices.
RELEASED = {
    "RECORDING_STARTED": "d37de9f5df2340829a12603aa1fb4860",
    "RECORDING_STOPPED": "401ac34b89c64ab699507ec339aa954f",
    "RECORDING_RESUMED": "c6d335f9781841b8b65af19c60e76394",
    "REFUSED": "a28dc231117f4491b10d3eccfab8de8b",
    "MARKED": "345470dd3bae439f97509d435a436b18",
    "BLANKED": "a372fda3267e43d2b99fefe07a366dcb",
    "UNBLANKED": "83f382c6b46d413087854ec7a8504a2c",
    "DISCARDED": "0e62adfea0c64bca8c0eac5007ff39cb",
    "HELD": "015c661c39db4c028e64338106662c3d",
    "RELEASED": "22fc280b85544e3599f77d6080459803",
    "PURGED": "1d9bcdfa3863494d9a4904c514c3c6af",
    "CAMERA_MISSING": "1efebcd328e7445aaae94c682453399c",
    "CAMERA_LOST": "4a2138c016ba401ca43f38c9fda5d087",
    "CAMERA_BACK": "57c55ccae19d414e8e14464b167ec1f6",
    "MICROPHONE_MISSING": "1cca445265e944d1aecbc5fbed14052d",
    "MICROPHONE_LOST": "162f7212e3ca4c8d86f5833dd369dfbf",
    "MICROPHONE_BACK": "435c480a511344a8923a21e1eeee3b82",
    "SOUND_SILENT": "dcf24f1aeba4416ca379c1a3f286cb8c",
    "SOUND_CLIPPING": "1431aa97b0aa40959597ab16e4d45c4e",
    "SOUND_FINE": "f92e2263dabd4187a8983617c43115ff",
    "TRIGGER_MISSING": "9fca9c6e09474d77b2a46f3c40ecc8e8",
    "INDICATOR_MISSING": "59785b99cf734d7998f77edfac8e6f69",
    "PART_BACK": "47ab8440918e48b58853d0c4124c2510",
    "CARD_NEARLY_FULL": "82093613f73a4132a42e6686452c02c2",
    "ENDING_SOON": "2db621f64d824fb7984575ae4212cf4b",
    "CARD_STALLS": "db6b074c70ba4ee191c939117b34acb7",
    "CARD_GOES_ON": "5dd65b4fa32b4681937fdc6507f730ec",
    "CARD_FAILED": "979879341b924a03a832bbd7e989913d",
    "PICTURES_DROPPED": "f00051b2a08949efab8681cceb6d8bea",
    "PRIVACY_FAILED": "979a847dcddf41aba68beae981fd3112",
    "AIM_OPENED": "2e587ff93e0e497a9ef4b93f264221d3",
    "WARM_OPENED": "cb1cde547be4469e9c439b67256a7901",
    "WARM_CLOSED": "5e9fc6f678d44a019fba58c3309391cb",
    "AIM_CLOSED": "4abd3a8351ca4dfa8be7c2cff54dd621",
    "CLOCK_TRUSTED": "50521289e6a24e44a99b246d8ebc1ea2",
    "CLOCK_CORRECTED": "1d8035fda47547afb20b1704c0422157",
    "POWER_OFF": "7b1a37698e044689adfe7da9ac0c764b",
    "CRASHED": "c15097624b1a46d5a01d4e3e794dabe2",
    "SENT": "a105e24d362e4cf38e41312180af6fcd",
    "DELIVERED": "7b93eaa1e9d84a2fb65374fb2a72ee38",
    "SEND_REFUSED": "eb09ae373b39478289f1a6a4c412696f",
    "DESTROYED": "f5ea1bd13f1c49b08ee686f80d8a8084",
    "CLAIMED": "f8edb761225441049b2837e00ddd1f52",
    "WITHDRAWN": "3ce9e2f8a56f45a89d4a7ea7217462ea",
    "REGISTER_DAMAGED": "7da0e88f808248688b3eef5f0f31a450",
    "WIPE_ARMED": "225bba94a6e347258bdfc8167cbff6f2",
    "WIPE_CANCELLED": "e4382e0822634ebbbbb37389a4198dd2",
    "WIPE_ORDERED": "f8861017030c4207a4831df1f219eb39",
    "WIPED": "b315ebce9b284df78d83020b6d287b21",
    "WIPE_UNFINISHED": "a6886025de874152850da13fe2443cba",
    "ANNOUNCED": "d4fa9416942146ba88813de41636afd1",
    "ANNOUNCEMENT_CANCELLED": "f6693850ec7b47c4b2452477ad088b9e",
}
_ENTRY = re.compile(r"^-- ([0-9a-f]{32})( nl)?\n((?:[A-Z][A-Za-z-]+: .+\n)+)\n((?:.+\n)+)", re.MULTILINE)


def entries() -> dict[tuple[str, str], tuple[str, str]]:
    """Return header and text by id and language; the entry without a language is the English one."""
    text = re.sub(r"^#.*\n", "", CATALOGUE.read_text("utf-8") + "\n", flags=re.MULTILINE)
    return {(found[1], (found[2] or " en").strip()): (found[3], found[4]) for found in _ENTRY.finditer(text)}


def test_no_id_that_was_released_has_changed() -> None:
    assert {each.name: each.value for each in Happening} == RELEASED


def test_no_two_happenings_share_an_id() -> None:
    # An enum would silently make the second a second name of the first.
    assert len(Happening) == len(Happening.__members__)
    assert all(re.fullmatch("[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", each.value) for each in Happening)


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("happening", Happening, ids=lambda each: each.name)
def test_every_happening_is_explained(happening: Happening, language: str) -> None:
    header, text = entries()[happening.value, language]
    assert "Subject: " in header
    assert "Defined-By: Leerblik\n" in header
    # The last line says what to do, be it nothing.
    assert text.rstrip().endswith(".")
    assert all(len(line) <= 120 for line in text.splitlines())


def test_nothing_is_explained_that_does_not_happen() -> None:
    assert {each for each, _ in entries()} == {each.value for each in Happening}


def test_the_two_languages_name_the_same_fields() -> None:
    for happening in Happening:
        fields = [set(re.findall("@[A-Z_]+@", entries()[happening.value, each][1])) for each in ("en", "nl")]
        assert fields[0] == fields[1], happening.name


@pytest.mark.skipif(shutil.which("journalctl") is None, reason="journalctl is not installed here")
def test_journalctl_reads_every_entry(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    shutil.copy(CATALOGUE, folder)
    subprocess.run(["journalctl", f"--root={tmp_path}", "--update-catalog"], check=True, capture_output=True)
    listed = subprocess.run(
        ["journalctl", f"--root={tmp_path}", "--list-catalog"],
        check=True,
        capture_output=True,
        env={"LC_ALL": "C"},
        text=True,
    ).stdout
    assert {line.split()[0] for line in listed.splitlines()} == {each.value for each in Happening}
