"""``press``, ``status`` and ``doctor`` against a running recorder, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.house import House
from device import cli
from tests.support.houses import make_house, until, wait_for


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
    assert "start it with 'leerblik recorder'" in capsys.readouterr().err


def _recorded_s(house: House) -> float:
    return float(house.client.ask("status")["recorded_s"])
