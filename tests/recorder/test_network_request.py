"""IT's wish for the network on its way to the unit: judged, wanted by a hand, and for two pairs of eyes only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from device.domain.errors import Busy, Permanent, Refused
from device.domain.network import read_wish, write_wish
from device.domain.network_outcome import FILE_NAME, Outcome, Result, write_result
from device.recorder.network import Network
from tests.domain.test_network import ENTERPRISE, EXAMPLES, PERSONAL, WIRED

NOW_NS = 10**9


@pytest.mark.parametrize("values", EXAMPLES)
def test_a_wish_is_handed_on_as_it_was_meant(values: dict[str, object], tmp_path: Path) -> None:
    answer = Network(tmp_path, tmp_path).answer({"wish": values}, NOW_NS)
    assert answer == {"pending": True, "result": None}
    request = tmp_path / "network"
    assert request.stat().st_mode & 0o777 == 0o600
    assert read_wish(json.loads(request.read_text())) == read_wish(values)


def test_without_a_press_at_the_device_nothing_is_handed_on(tmp_path: Path) -> None:
    for asked in ({"wish": WIRED}, {"forget": True}):
        for ago_ns in (None, 301 * 10**9):
            with pytest.raises(Refused, match="press the button"):
                Network(tmp_path, tmp_path).answer(asked, ago_ns)
    assert list(tmp_path.iterdir()) == []


def test_a_wish_that_is_wrong_is_refused_with_all_its_faults_and_without_what_was_typed(
    tmp_path: Path,
) -> None:
    with pytest.raises(Permanent) as caught:
        Network(tmp_path, tmp_path).answer(
            {"wish": {**ENTERPRISE, "password": "ge\nheim", "ssid": ""}}, NOW_NS
        )
    assert "ssid: " in str(caught.value)
    assert "password: " in str(caught.value)
    assert "heim" not in str(caught.value)
    with pytest.raises(Permanent, match="object"):
        Network(tmp_path, tmp_path).answer({"wish": "x"}, NOW_NS)


def test_one_at_a_time(tmp_path: Path) -> None:
    network = Network(tmp_path, tmp_path)
    network.answer({"wish": PERSONAL}, NOW_NS)
    with pytest.raises(Busy):
        network.answer({"wish": WIRED}, NOW_NS)
    assert json.loads((tmp_path / "network").read_text()) == write_wish(read_wish(PERSONAL))


def test_the_page_is_told_how_it_went(tmp_path: Path) -> None:
    network = Network(tmp_path, tmp_path)
    assert network.answer({}, None) == {"pending": False, "result": None}
    result = Result(
        Outcome.PUT_BACK, "2026-09-01T08:00:00+00:00", "Error: no\nsecrets", read_wish(PERSONAL).shown()
    )
    (tmp_path / FILE_NAME).write_bytes(write_result(result))
    told = network.answer({}, None)["result"]
    assert (told["outcome"], told["why"], told["shown"]["ssid"]) == (
        "put_back",
        "Error: no secrets",
        "leerplein",
    )
    (tmp_path / FILE_NAME).write_text("{")
    assert network.answer({}, None)["result"] is None
