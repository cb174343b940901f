"""The loop and its desk: what reaches the lens, what a person sees, and what is left afterwards."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.consent import Permit
from device.domain.errors import Refused, Temporary
from device.domain.lifecycle import Status
from device.domain.session import Rules
from device.footage.journal import Journal, read_journal
from device.ports import Edge
from device.storage.catalogue import Recording
from tests.support.footage import FPS
from tests.support.material import manifest_of, permit_of, watch_all
from tests.support.permits import agreement
from tests.support.recorder import Unit
from tests.support.waiting import wait_for

S = 1_000_000_000
AGREEMENTS = (
    None,
    agreement(sound=False),
    agreement(),
    replace(agreement(), teachers_agreed=()),
    replace(agreement(), group_agreed=False),
    replace(agreement(), closed=True),
    replace(agreement(), valid_until=date(2030, 3, 3)),
    replace(agreement(), objecting_pupils=1),
)
ALLOWED = AGREEMENTS[1:3]


def later(unit: Unit, seconds: float) -> None:
    """Let time pass when the loop comes to it."""
    unit.loop.ask({"do": "press", "pass_s": seconds})


class Finger:
    """Presses at times that the loop's clock will have reached."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.at_ns = unit.clock.ns

    def wait(self, seconds: float) -> None:
        later(self.unit, seconds)
        self.at_ns += round(seconds * S)

    def press(self, hold_s: float = 0.1) -> None:
        self.unit.loop.edge(Edge(down=True, at_ns=self.at_ns))
        self.wait(hold_s)
        self.unit.loop.edge(Edge(down=False, at_ns=self.at_ns))
        self.wait(1)


def only(unit: Unit) -> Recording:
    (recording,) = unit.catalogue.recordings.latest(5)
    return recording


# --- no way to the lens without a permit

steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from((0.1, 0.3, 1.0, 3.5, 5.5, 70.0, 4000.0))),
        st.tuples(st.sampled_from(("down", "up")), st.just(0.0)),
        st.tuples(st.sampled_from(("start", "stop", "mark", "discard", "status", "rubbish")), st.just(0.0)),
        st.tuples(
            st.sampled_from(("camera_ended", "camera_failed", "card_failed", "dropping")), st.just(0.0)
        ),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(
    happenings=steps,
    agreed=st.sampled_from(AGREEMENTS),
    coach_key_present=st.sampled_from((True, True, False)),
    reserve_bytes=st.sampled_from((0, 0, 1 << 60)),
)
def test_no_sequence_of_events_reaches_the_camera_without_a_permit(
    happenings: Sequence[tuple[str, float]],
    agreed: Any,
    coach_key_present: bool,
    reserve_bytes: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    unit = Unit(
        tmp_path_factory.mktemp("unit"),
        agreed=agreed,
        coach_key_present=coach_key_present,
        reserve_bytes=reserve_bytes,
    )
    for what, seconds in happenings:
        _happen(unit, what, seconds)
    unit.run()
    allowed = agreed in ALLOWED and coach_key_present and not reserve_bytes
    assert all(isinstance(permit, Permit) and permit.agreement == agreed for permit in unit.lens.permits)
    assert not unit.lens.open
    if not allowed:
        assert unit.lens.permits == unit.ears.permits == []
        assert (list(unit.spool.iterdir()), unit.catalogue.recordings.latest(5)) == ([], [])
    if agreed is None or not agreed.sound:
        assert unit.ears.permits == []
    _check_light(unit.log)
    assert unit.catalogue.recordings.with_status(Status.RECORDING) == []
    unit.catalogue.close()


def _happen(unit: Unit, what: str, seconds: float) -> None:
    if what == "wait":
        later(unit, seconds)
    elif what in ("down", "up"):
        unit.loop.edge(Edge(what == "down", unit.clock.ns + 10 * S))
    elif what in ("start", "stop", "mark", "discard", "status", "rubbish"):
        unit.loop.ask({"do": what})
    else:
        unit.loop.ask({"do": "press", "pass_s": 0, "tell": what})


def _check_light(log: list[str]) -> None:
    """The light comes on before the lens opens, and no light says "ready" while it is open."""
    lens_open, light = False, ""
    for line in log:
        if line.startswith("light "):
            light = line
            assert not (lens_open and line in ("light ready", "light off")), log
        if line == "lens opens":
            assert light == "light recording", log
            lens_open = True
        elif line == "lens closes":
            lens_open = False


def test_a_permit_that_includes_no_sound_leaves_the_microphone_shut(tmp_path: Path) -> None:
    unit = Unit(tmp_path, agreed=agreement(sound=False))
    Finger(unit).press()
    unit.run()
    assert (len(unit.lens.permits), unit.ears.permits) == (1, [])
    assert permit_of(manifest_of(unit.spool / only(unit).id)).sound is False


# --- the way of a lesson


def test_a_lesson_from_press_to_press_is_held_then_released_after_the_cooling_off(tmp_path: Path) -> None:
    unit = Unit(tmp_path, cooling_off_s=60)
    finger = Finger(unit)
    finger.press()
    finger.press()
    finger.wait(50)
    finger.wait(20)
    unit.run()
    assert unit.kinds() == ["recording", "stopped", "released"]
    recording = only(unit)
    assert (recording.status, recording.interrupted, recording.trajectory) == (
        Status.RELEASED,
        False,
        "trajectory-1",
    )
    assert len(watch_all(unit.spool / recording.id).video_ns) == FPS
    assert [line for line in unit.log if "blanked" not in line and "muted" not in line][:3] == [
        "light ready", "light recording", "lens opens",
    ]  # fmt: skip
    assert unit.log[-2:] == ["light held", "light off"]


def test_a_discard_within_the_minute_leaves_nothing(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    finger = Finger(unit)
    finger.press()
    finger.press()
    finger.press(hold_s=5.5)
    finger.wait(1)
    unit.run()
    assert unit.kinds() == ["recording", "stopped", "discarded", "purged"]
    assert only(unit).status is Status.PURGED
    assert list(unit.spool.iterdir()) == []


def test_blanking_reaches_lens_microphone_and_manifest(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    finger = Finger(unit)
    finger.press()
    finger.press(hold_s=3.5)
    finger.press()
    unit.run()
    after_start = unit.log[unit.log.index("lens opens") :]
    assert [line for line in after_start if "blanked " in line or "muted" in line] == [
        "microphone muted True", "lens blanked True", "microphone muted False", "lens blanked False",
    ]  # fmt: skip
    assert [each.reason for each in manifest_of(unit.spool / only(unit).id).intervals] == ["blanked"]


def test_a_shutdown_finishes_the_lesson_first(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    Finger(unit).press()
    unit.run()
    assert (only(unit).status, only(unit).interrupted) == (Status.HELD, False)
    stopped = read_journal(unit.spool / only(unit).id)[-1]
    assert (stopped["event"], stopped["reason"]) == ("stopped", "shutdown")


def test_a_forgotten_recording_ends_at_the_longest_length_with_a_warning_first(tmp_path: Path) -> None:
    unit = Unit(tmp_path, rules=Rules(maximum_ns=100 * S))
    finger = Finger(unit)
    finger.press()
    for _ in range(12):
        finger.wait(10)
    unit.run()
    assert unit.kinds()[:3] == ["recording", "ending_soon", "stopped"]


# --- what can go wrong


def test_a_camera_that_does_not_open_is_refused_in_words_and_the_next_press_works(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.lens.fault = Temporary("the camera is not connected")
    answer = unit.loop.ask({"do": "start"})
    unit.loop.ask({"do": "press", "pass_s": 61})
    unit.run()
    assert answer.get(timeout=1)["message"] == "the camera is not connected"
    assert "light refused" in unit.log
    assert only(unit).status in (Status.DISCARDED, Status.PURGED)
    unit.lens.fault = None
    unit.loop.ask({"do": "start"})
    unit.run()
    assert [each.status for each in unit.catalogue.recordings.latest(5)].count(Status.HELD) == 1


def test_a_microphone_that_does_not_open_leaves_a_silent_lesson_that_says_so(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.ears.fault = Temporary("the microphone is not connected")
    finger = Finger(unit)
    finger.press()
    unit.run()
    manifest = manifest_of(unit.spool / only(unit).id)
    assert [each.reason for each in manifest.intervals] == ["microphone"]
    assert len(watch_all(unit.spool / only(unit).id).video_ns) == FPS
    assert unit.face.problem == "the microphone is not connected"


@pytest.mark.parametrize("kind", ["privacy_failed", "card_failed", "camera_ended"])
def test_what_ends_a_lesson_from_outside_keeps_the_footage_so_far(tmp_path: Path, kind: str) -> None:
    unit = Unit(tmp_path)
    Finger(unit).press()
    unit.loop.ask({"do": "press", "pass_s": 0, "tell": kind})
    unit.run()
    assert only(unit).status is Status.HELD
    assert len(watch_all(unit.spool / only(unit).id).video_ns) == FPS
    told = [] if kind == "camera_ended" else [kind]
    assert unit.kinds()[: 2 + len(told)] == ["recording", *told, "stopped"]


def test_what_is_told_of_a_lesson_that_is_over_does_not_end_the_next_one(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.loop.ask({"do": "start"})
    unit.loop._tell("01J00000000000000000000000", "camera_failed", "the one before")
    later(unit, 1)
    unit.run()
    stopped = read_journal(unit.spool / only(unit).id)[-1]
    assert (stopped["event"], stopped["reason"]) == ("stopped", "shutdown")


def lose(unit: Unit) -> None:
    """Let three seconds go by without a picture, and wait until the lens was closed and opened again."""
    opened = unit.log.count("lens opens")
    for _ in range(7):
        unit.clock.pass_s(0.5)
        unit.loop._do_chores()
    wait_for(lambda: unit.log.count("lens opens") > opened)
    while unit.lens.fault is None and unit.desk.lesson and unit.desk.lesson.pictures is None:
        unit.loop._handle(unit.loop._inbox.get(timeout=5))  # type: ignore[arg-type]


def test_a_lens_that_delivers_nothing_more_is_opened_again_while_the_lesson_goes_on(tmp_path: Path) -> None:
    unit = Unit(tmp_path, still_s=3, agreed=agreement(sound=False))
    unit.loop.request_start()
    wait_for(lambda: unit.desk.lesson is not None and unit.desk.lesson.zero_ns is not None)
    unit.lens.after_s = 5.0
    lose(unit)
    assert sorted(unit.log[-4:-2]) == ["lens closes", "light impaired"]
    assert unit.log[-2:] == ["lens opens", "lens blanked False"]
    assert unit.face.problem.startswith("the camera delivers no pictures any more")
    unit.clock.pass_s(1)
    unit.loop._do_chores()
    unit.lens.show(1, after_s=6.0)
    unit.clock.pass_s(1)
    unit.loop._do_chores()
    assert (unit.log[-1], unit.face.problem) == ("light recording", "")
    unit.loop.request_stop()
    assert unit.kinds() == ["recording", "camera_failed", "camera_back", "stopped"]
    manifest = manifest_of(unit.spool / only(unit).id)
    assert [(each.reason, each.to_us) for each in manifest.intervals if each.reason == "camera"] == [
        ("camera", 5_000_000)
    ]
    assert (len(manifest.segments), manifest.interrupted) == (2, False)
    assert len(watch_all(unit.spool / only(unit).id).video_ns) == 3 * FPS


def test_a_lesson_can_be_stopped_while_its_camera_is_away(tmp_path: Path) -> None:
    unit = Unit(tmp_path, still_s=3)
    unit.loop.request_start()
    unit.lens.fault = Temporary("the camera is not connected")
    lose(unit)
    unit.loop.request_stop()
    assert only(unit).status is Status.HELD
    assert not unit.lens.open
    assert manifest_of(unit.spool / only(unit).id).intervals[0].reason == "camera"


def test_what_was_blanked_before_the_camera_was_lost_is_blanked_after_it(tmp_path: Path) -> None:
    unit = Unit(tmp_path, still_s=3)
    unit.loop.request_start()
    unit.desk.blank(blanked=True, at_ns=unit.clock.ns)
    lose(unit)
    assert unit.log[-1] == "lens blanked True"
    unit.loop.request_stop()


def test_a_camera_that_does_not_even_close_ends_the_process_and_not_the_lesson(tmp_path: Path) -> None:
    unit = Unit(tmp_path, still_s=3)
    unit.loop.request_start()
    assert unit.desk.lesson is not None
    with pytest.raises(Temporary, match="the camera hangs"):
        unit.recorder.nurse.hear("camera_hangs", "it did not stop within 10 s")
    assert read_journal(unit.spool / only(unit).id)[-1]["event"] != "stopped"
    unit.run()


def test_a_mark_that_the_card_has_no_room_for_ends_the_lesson_and_not_the_recorder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Journal.write

    def full(journal: Journal, event: str, **values: Any) -> None:
        if event == "bookmark":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(journal, event, **values)

    monkeypatch.setattr(Journal, "write", full)
    unit = Unit(tmp_path)
    unit.loop.ask({"do": "start"})
    answer = unit.loop.ask({"do": "mark"})
    unit.loop.ask({"do": "press", "pass_s": 1})
    unit.run()
    assert answer.get(timeout=1)["ok"]
    assert only(unit).status is Status.HELD
    assert "No space left" in unit.face.problem
    assert not unit.lens.open


def test_too_little_space_refuses_and_says_so_in_words(tmp_path: Path) -> None:
    unit = Unit(tmp_path, reserve_bytes=1 << 60)
    answer = unit.loop.ask({"do": "start"})
    unit.run()
    assert answer.get(timeout=1) == {
        "ok": False, "error": "refused", "exit_code": Refused.exit_code,
        "message": "The device's storage is full: wait until recordings have been sent.",
    }  # fmt: skip
    assert "light refused" in unit.log


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(st.characters(exclude_categories=["Cs"]))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    ),
    max_leaves=5,
)


@settings(max_examples=25, deadline=None)
@given(
    requests=st.lists(
        st.fixed_dictionaries(
            {"do": st.one_of(json_values, st.sampled_from(("status", "discard", "mark", "press")))},
            optional={"recording": json_values, "gesture": json_values, "seconds": json_values},
        ),
        max_size=8,
    )
)
def test_every_request_is_answered_whatever_is_in_it(
    requests: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    unit = Unit(tmp_path_factory.mktemp("requests"))
    answers = [unit.loop.ask(request) for request in requests]
    unit.run()
    assert all(isinstance(answer.get(timeout=1)["ok"], bool) for answer in answers)
    assert unit.lens.permits == []
    unit.catalogue.close()
