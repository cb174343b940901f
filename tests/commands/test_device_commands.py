"""``press``, ``status`` and ``doctor`` against a running recorder, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.house import House
from device import cli
from device.commands import status
from device.domain.settings import toml_value
from tests.support.houses import AGREEMENT, make_house, until, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A recorder alone: no server is needed for these, and no inbox."""
    overrides = {"recorder": {"cooling_off_s": 600.0}}
    made = make_house(tmp_path_factory.mktemp("commands") / "house", overrides)
    try:
        made.start("recorder")
        made.wait_for_recorder()
        yield made
    finally:
        made.close()


def leerblik(house: House, *words: str) -> int:
    return cli.main([*words, "--config", str(house.config)])


def test_press_says_what_came_of_it_and_status_shows_it(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leerblik(house, "press") == 0
    assert capsys.readouterr().out == "recorder: recording, bookmarks: 0\n"
    until(lambda: house.client.ask("status") if _recorded_s(house) > 0.6 else None, "some film", 20)
    assert leerblik(house, "press", "--double") == 0
    assert capsys.readouterr().out == "recorder: recording, bookmarks: 1\n"
    assert leerblik(house, "status") == 0
    assert "recorder: recording for 0:0" in capsys.readouterr().out
    assert leerblik(house, "press") == 0
    assert capsys.readouterr().out == "recorder: idle, latest recording: held\n"
    assert leerblik(house, "status", "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["state"], status["recordings"][0]["status"]) == ("idle", "held")


def test_discard_destroys_what_has_not_left_and_status_says_so(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    recording: str = house.client.ask("start")["recording"]
    until(lambda: house.client.ask("status") if _recorded_s(house) > 0.6 else None, "some film", 20)
    house.client.ask("stop")
    assert leerblik(house, "discard", "ZZZZZZZZ") == 65
    assert leerblik(house, "discard", recording[-8:]) == 0
    wait_for(house, recording, "purged")
    assert not (house.spool / recording).exists()
    capsys.readouterr()
    assert leerblik(house, "status") == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith(recording))
    assert line.endswith("discarded")
    assert leerblik(house, "discard", recording) == 3


def test_doctor_finds_nothing_wrong_with_a_recorder_that_runs(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leerblik(house, "doctor", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"]
    found = {finding["name"]: finding["good"] for finding in report["findings"]}
    assert found["recorder"] is True
    assert found["coach key"] is True


def test_doctor_names_what_is_wrong_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "leerblik.toml"
    config.write_text(
        f'[device]\nname = "d"\nspool_dir = "{tmp_path}"\nstate_dir = "{tmp_path}"\nruntime_dir = "{tmp_path}"\n'
        '[recorder]\ncamera = "file"\n[camera.file]\npath = "/nowhere/film.mp4"\n',
        "utf-8",
    )
    assert cli.main(["doctor", "--config", str(config)]) == 1
    said = capsys.readouterr().out
    assert "✘ coach key" in said
    assert "leerblik inbox keys" in said
    assert "/nowhere/film.mp4" in said


def test_without_a_recorder_press_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "leerblik.toml"
    config.write_text(
        f'[device]\nname = "d"\nruntime_dir = "{tmp_path}"\n[recorder]\ncamera = "synthetic"\n', "utf-8"
    )
    assert cli.main(["press", "--config", str(config)]) == 75
    said = capsys.readouterr().err
    assert "on a device 'sudo systemctl start leerblik-recorder' starts it" in said
    assert "'systemctl status leerblik-recorder' says why it stopped" in said


def test_doctor_names_each_part_that_a_running_recorder_misses_and_where_to_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = {
        "recorder": {"indicators": ["console", "gpio_led"], "triggers": ["control_socket", "gpio_button"]}
    }
    house = make_house(tmp_path / "house", overrides)
    try:
        house.start("recorder")
        house.wait_for_recorder()
        until(lambda: house.client.ask("status") if len(_missing(house)) == 2 else None, "no pins", 20)
        assert leerblik(house, "doctor") == 1
    finally:
        house.close()
    said = capsys.readouterr().out
    assert "✔ recorder     idle" in said
    for part, place in (
        ("light gpio_led", "indicator.gpio_led"),
        ("button gpio_button", "trigger.gpio_button"),
    ):
        assert f"✘ {part}" in said
        assert f"→ look at the wiring and at {place} in the configuration; then see 'leerblik status'" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"valid_until": "2021-01-01"}, "expired on 2021-01-01"),
        ({"valid_from": "2998-09-01"}, "begins on 2998-09-01"),
        ({"group": "", "trajectory": ""}, "nothing has been agreed yet"),
        ({"teachers_agreed": []}, "not every teacher in view has agreed"),
        ({"group_agreed": False}, "nothing was arranged with the group"),
        ({"objecting_pupils": 2}, "nothing was arranged for the pupils who must not be filmed"),
    ],
)
def test_doctor_says_why_the_agreement_lets_nothing_be_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str
) -> None:
    config = tmp_path / "leerblik.toml"
    agreement = "\n".join(f"{key} = {toml_value(value)}" for key, value in {**AGREEMENT, **changes}.items())
    folders = "".join(f'{each}_dir = "{tmp_path}"\n' for each in ("spool", "state", "recorder", "runtime"))
    config.write_text(
        f'[device]\nname = "d"\n{folders}[recorder]\ncamera = "synthetic"\n[agreement]\n{agreement}\n',
        "utf-8",
    )
    assert cli.main(["doctor", "--config", str(config)]) == 1
    lines = capsys.readouterr().out.splitlines()
    (number,) = (number for number, line in enumerate(lines) if line.startswith("✘ agreement "))
    assert lines[number].endswith(f" {said}")
    assert lines[number + 1].endswith("→ fill in [agreement]; until then every press is refused")


def test_doctor_on_the_coachs_machine_looks_at_its_folders_and_keys_and_at_no_device(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "inbox.toml"
    places = ("drop_box_dir", "library_dir", "film_dir", "keys_dir")
    config.write_text("[inbox]\n" + "".join(f'{each} = "{tmp_path}/{each}"\n' for each in places), "utf-8")
    for each in ("library_dir", "film_dir", "keys_dir"):
        (tmp_path / each).mkdir()
    assert cli.main(["doctor", "--config", str(config)]) == 1
    said = capsys.readouterr().out
    assert "✘ drop_box_dir" in said
    assert "✘ keys         there are none yet\n               → make them with 'leerblik inbox keys'" in said
    for absent in ("device.name", "recorder", "paramiko"):
        assert absent not in said
    (tmp_path / "drop_box_dir").mkdir()
    (tmp_path / "keys_dir" / "coach.key.age").touch()
    assert cli.main(["doctor", "--config", str(config)]) == 0


def test_doctor_tries_no_server_that_is_not_filled_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "leerblik.toml"
    config.write_text(
        f'[device]\nname = "d"\nruntime_dir = "{tmp_path}"\n[recorder]\ncamera = "synthetic"\n[sync]\nhost = ""\n',
        "utf-8",
    )
    assert cli.main(["doctor", "--config", str(config)]) == 1
    assert "✘ server       sync.host and sync.host_key not filled in yet" in capsys.readouterr().out


def test_status_says_that_there_is_no_microphone_rather_than_how_loud_it_is(house: House) -> None:
    level = {
        "name": "(the first card)",
        "rms_dbfs": -120.0,
        "peak_dbfs": -120.0,
        "clipping": False,
        "silent_s": 4.0,
    }
    answer = {**house.client.ask("status"), "levels": [level]}
    assert "sound: no microphone" in status.lines({**answer, "sound_is_away": True})
    heard = status.lines({**answer, "sound_is_away": False})
    assert "sound: (the first card) -120 dBFS, peak -120, silent for 4 s" in heard


def test_status_says_only_once_that_a_recording_was_discarded(house: House) -> None:
    answer = house.client.ask("status")
    row = {
        "id": "01", "started_at": "2026-09-01T08:00:00Z", "status": "discarded", "duration_s": None,
        "discarded": True, "interrupted": False, "unclaimed": False,
    }  # fmt: skip
    (line,) = (line for line in status.lines({**answer, "recordings": [row]}) if line.startswith("01"))
    assert line.count("discarded") == 1
    (line,) = (
        line
        for line in status.lines({**answer, "recordings": [{**row, "status": "purged"}]})
        if line.startswith("01")
    )
    assert line.split()[-2:] == ["purged", "discarded"]


def _missing(house: House) -> list[str]:
    return [each["part"] for each in house.client.ask("status")["missing"]]


def _recorded_s(house: House) -> float:
    return float(house.client.ask("status")["recorded_s"])
