"""The metrics: read by the parser of those who wrote the format; nothing of a person in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask", reason="flask is not installed here")
pytest.importorskip("prometheus_client", reason="prometheus-client is not installed here")

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from device.domain.errors import Temporary
from device.domain.lifecycle import Status, Writer
from device.storage.catalogue import FILE_NAME, Catalogue
from device.web.api.openmetrics import CONTENT_TYPE, Family, Sample, gauge, render
from device.web.roles import Role
from tests.support.register import BOOKING, TRAJECTORY
from tests.web.api.place import Place, make_place
from tests.web.real_recorder import RealRecorder


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def read(text: str) -> dict[tuple[str, str], float]:
    """Return every number by its name and the values of its labels."""
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


def scrape(place: Place) -> dict[tuple[str, str], float]:
    answer = place.machine(Role.IT).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == CONTENT_TYPE
    assert answer.text.endswith("# EOF\n")
    return read(answer.text)


def test_a_device_at_rest_tells_how_it_is(place: Place) -> None:
    found = scrape(place)
    assert found["leerblik_recorder_up", ""] == 1
    assert found["leerblik_recording", ""] == 0
    assert found["leerblik_register_decisions_total", ""] == 6
    assert found["leerblik_clock_trusted", ""] == 1
    assert found["leerblik_part_missing", "camera"] == 0
    assert found["leerblik_free_bytes", ""] > 0
    assert found["leerblik_web_memory_bytes", ""] > 1e6
    assert any(name == "leerblik_build_info" for name, _ in found)


def test_a_lesson_that_is_recorded_shows_without_saying_whose(place: Place) -> None:
    place.unit.loop.request_start()
    answer = place.machine(Role.IT).get("/metrics").text
    assert read(answer)["leerblik_recording", ""] == 1
    for word in ("abc", TRAJECTORY.trajectory, '"2b', BOOKING.booking, str(place.unit.desk.recording)):
        assert word not in answer


def test_a_recorder_that_is_silent_is_a_number_too(place: Place) -> None:
    class Silent(RealRecorder):
        def ask(self, do: str, **values: Any) -> dict[str, Any]:
            raise Temporary("no recorder is listening")

    token = place.tokens.make("monitoring", Role.IT, Role.IT)
    object.__setattr__(place.site.services, "recorder", Silent(place.unit))
    answer = place.site.browser().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    found = read(answer.text)
    assert found["leerblik_recorder_up", ""] == 0
    assert ("leerblik_recording", "") not in found


def test_a_register_that_was_changed_is_a_number_too(place: Place) -> None:
    place.unit.root.joinpath("register.jsonl").write_bytes(b"{}\n")
    found = scrape(place)
    assert found["leerblik_register_readable", ""] == 0
    assert ("leerblik_register_decisions_total", "") not in found


def test_counts_of_recordings_are_told_for_every_status(place: Place) -> None:
    place.record()
    whole = RealRecorder(place.unit)

    class Counting(RealRecorder):
        def ask(self, do: str, **values: Any) -> dict[str, Any]:
            counts = {"by_status": {"held": 1}, "recorded_s": 61.5}
            return {**whole.ask(do, **values), "counts": counts}

    object.__setattr__(place.site.services, "recorder", Counting(place.unit))
    found = scrape(place)
    assert {label for name, label in found if name == "leerblik_recordings"} == {
        each.value for each in Status
    }
    assert found["leerblik_recordings", "held"] == 1
    assert found["leerblik_recorded_seconds_total", ""] == 61.5


def test_how_long_the_sync_was_silent_is_told(place: Place, tmp_path: Path) -> None:
    assert ("leerblik_sync_contact_age_seconds", "") not in scrape(place)
    with Catalogue(tmp_path / FILE_NAME, Writer.SYNC) as sync:
        sync.processes.write("sync", "idle", "")
    assert scrape(place)["leerblik_sync_contact_age_seconds", ""] >= 0


@pytest.mark.parametrize("role", [Role.COACH, Role.TEACHER])
def test_the_metrics_are_for_it_alone(role: Role, place: Place) -> None:
    assert place.browser(role).get("/metrics").status_code == 403


def test_whoever_is_nobody_is_refused_without_being_sent_to_a_form(place: Place) -> None:
    answer = place.site.browser().get("/metrics")
    assert (answer.status_code, answer.mimetype) == (401, "application/json")


def test_what_a_label_or_a_sentence_holds_is_escaped() -> None:
    nasty = 'a "b" \\ c\nd'
    text = render(
        [Family("leerblik_x", "gauge", nasty, (Sample(1.5, {"part": nasty}),)), gauge("y", "", None)]
    )
    (family,) = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    assert (family.documentation, family.samples[0].labels, family.samples[0].value) == (
        nasty,
        {"part": nasty},
        1.5,
    )
