"""The register as lines: what is written is read back the same, and nothing can be changed without being found."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.domain.register.chain import START, Head, read_line, read_lines, write_line
from device.domain.register.decisions import KIND_OF, KINDS, Decision
from device.domain.register.state import Register, fold
from device.domain.register.text import MAX_ITEMS, MAX_TEXT, read_decision, read_value, write_decision
from tests.support.register import (
    BOOKING,
    GROUP,
    NOW,
    ONE_OF_EACH,
    SCHOOL,
    TRAJECTORY,
    Said,
    any_decision,
    any_said,
    decided,
    decisions_of,
    everything,
    folded,
    written,
)

LINES = written([*everything(), *(decided("coach", each) for each in ONE_OF_EACH)])


def read_all(lines: Sequence[bytes]) -> Head:
    return fold(read_lines(lines)).head


HEAD = read_all(LINES)


def test_there_is_an_example_of_every_kind() -> None:
    assert [type(each) for each in ONE_OF_EACH] == list(KINDS.values())
    assert len(KIND_OF) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(st.data())
def test_every_decision_is_read_back_as_it_was_made(kind: str, data: st.DataObject) -> None:
    decision = data.draw(decisions_of(KINDS[kind]))
    name, values = write_decision(decision)
    assert name == kind
    assert read_decision(name, json.loads(json.dumps(values))) == decision


@settings(max_examples=100)
@given(st.lists(any_said, max_size=6), st.booleans())
def test_lines_tell_who_decided_what_and_when(history: list[Said], clock_trusted: bool) -> None:
    head = Head()
    for number, said in enumerate(history, 1):
        line, after = write_line(head, said.at, said.by, said.decision, clock_trusted=clock_trusted)
        entry, head = read_line(head, line)
        assert head == after
        assert b"\n" not in line
        assert (entry.number, entry.at, entry.by, entry.decision) == (number, said.at, said.by, said.decision)
        assert entry.clock_trusted is clock_trusted


# --- what was changed is found


@settings(max_examples=150)
@given(st.data())
def test_a_changed_byte_is_found_and_in_the_last_line_the_head_tells(data: st.DataObject) -> None:
    lines = list(LINES)
    index = data.draw(st.integers(0, len(lines) - 1))
    line = bytearray(lines[index])
    line[data.draw(st.integers(0, len(line) - 1))] ^= data.draw(st.integers(1, 255))
    lines[index] = bytes(line)
    try:
        head = read_all(lines)
    except Permanent:
        return
    # No later line holds the hash of the last one: what the recorder keeps does (and every permit).
    assert index == len(lines) - 1
    assert head != HEAD


CHANGES: dict[str, Callable[[list[bytes], int], object]] = {
    "removed": lambda lines, at: lines.pop(at),
    "repeated": lambda lines, at: lines.insert(at, lines[at]),
    "repeated at the end": lambda lines, at: lines.append(lines[at]),
    "swapped": lambda lines, at: lines.insert(at + 1, lines.pop(at)),
    "empty": lambda lines, at: lines.insert(at, b""),
    "a space more": lambda lines, at: lines.insert(at, lines.pop(at) + b" "),
    "in another alphabet": lambda lines, at: lines.insert(at, lines.pop(at).decode().encode("utf-16")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_line_that_is_not_where_it_was_is_found(change: str) -> None:
    for at in range(len(LINES) - 1):
        lines = list(LINES)
        CHANGES[change](lines, at)
        with pytest.raises(Permanent, match=r"line \d+ of the register"):
            read_all(lines)


def test_also_the_last_line_has_one_form_only() -> None:
    values = json.loads(LINES[-1])
    for other in (
        LINES[-1] + b" ",
        b" " + LINES[-1],
        b"\xef\xbb\xbf" + LINES[-1],
        json.dumps(values).encode(),
        json.dumps(dict(reversed(values.items())), separators=(",", ":")).encode(),
        LINES[-1].replace(b"T12:", b"t12:").replace(b"-08-", b"-8-"),
    ):
        with pytest.raises(Permanent):
            read_all([*LINES[:-1], other])


def test_a_line_of_another_register_does_not_follow() -> None:
    other = written([decided("coach", replace(SCHOOL, name="Andere school"))] * len(LINES))
    for at in range(1, len(LINES)):
        with pytest.raises(Permanent, match="does not follow the one before it"):
            read_all([*LINES[:at], other[at]])


def test_the_first_line_follows_nothing() -> None:
    assert json.loads(LINES[0])["before"] == START
    with pytest.raises(Permanent, match="does not follow"):
        read_line(Head(), LINES[1])


# --- garbage

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=10,
)


@given(st.one_of(st.binary(), json_values.map(lambda value: json.dumps(value).encode())))
def test_a_line_of_garbage_is_permanent_and_nothing_else(line: bytes) -> None:
    with pytest.raises(Permanent):
        read_line(Head(), line)


@settings(max_examples=300)
@given(st.sampled_from(ONE_OF_EACH), st.data())
def test_a_decision_with_garbage_in_one_place_is_permanent_or_still_a_decision(
    decision: Decision, data: st.DataObject
) -> None:
    kind, values = write_decision(decision)
    key = data.draw(st.sampled_from([*values, "surprise"]))
    odd = (
        "2026-W36-2",
        "T0830",
        "8:30",
        "24:00",
        "2026-9-1",
        "\ud800",
        " x",
        "x\ny",
        "x\u2028y",
        "",
        -1,
        1 << 70,
    )
    values[key] = data.draw(st.one_of(json_values, st.sampled_from(odd)))
    try:
        found = read_decision(kind, values)
    except Permanent:
        return
    assert write_decision(found)[1] == values


@pytest.mark.parametrize(
    ("decision", "key", "wrong"),
    [
        (GROUP, "pupils", "Jan, Piet"),
        (GROUP, "not_filmed", -1),
        (GROUP, "pupils", True),
        (GROUP, "valid_from", "2026-W36-2"),
        (GROUP, "arrangement", "anything"),
        (BOOKING, "from_time", "T0830"),
        (BOOKING, "stage", 4),
        (BOOKING, "teachers", "abc"),
        (BOOKING, "teachers", [1]),
        (BOOKING, "teachers", ["abc"] * (MAX_ITEMS + 1)),
        (TRAJECTORY, "learning_question", "x" * (MAX_TEXT + 1)),
        (TRAJECTORY, "learning_question", "one\ntwo"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_and_the_field_is_named(
    decision: Decision, key: str, wrong: Any
) -> None:
    kind, values = write_decision(decision)
    with pytest.raises(Permanent, match=rf"{kind}\.{key}"):
        read_decision(kind, values | {key: wrong})


def test_a_key_too_few_or_too_many_and_a_kind_that_nobody_knows_are_named() -> None:
    for decision in ONE_OF_EACH:
        kind, values = write_decision(decision)
        for field in fields(decision):
            with pytest.raises(Permanent, match=rf"lacks the key '{field.name}'"):
                read_decision(kind, {name: value for name, value in values.items() if name != field.name})
        with pytest.raises(Permanent, match="unknown key 'pupil'"):
            read_decision(kind, values | {"pupil": "x"})
        with pytest.raises(Permanent, match="no kind of decision"):
            read_decision("photographed", values)


def test_one_value_of_a_form_is_read_as_strictly() -> None:
    assert read_value("2b", str, "group") == "2b"
    with pytest.raises(Permanent, match="group must be one line of at most 300"):
        read_value(" 2b", str, "group")


# --- the fold


@settings(max_examples=100)
@given(st.lists(any_said, max_size=8), st.data())
def test_in_pieces_it_comes_to_the_same(history: list[Said], data: st.DataObject) -> None:
    history = [*everything(), *history]
    lines = written(history)
    register, at = Register(), 0
    while at < len(lines):
        more = data.draw(st.integers(1, len(lines) - at))
        before = register
        register = fold(read_lines(lines[at : at + more], register.head), register)
        assert before.head.number == at
        at += more
    assert register == folded(history)
    assert register.head.number == len(lines)


@settings(max_examples=100)
@given(any_decision, st.sampled_from(["it", "public", "", "teacher:", "teacher:zzz", "Coach", "coach "]))
def test_who_may_not_decide_leaves_a_line_and_changes_nothing(decision: Decision, by: str) -> None:
    before = folded(everything())
    after = folded([*everything(), decided(by, decision)])
    assert replace(after, head=before.head) == before
    assert after.head.number == before.head.number + 1


OWN = [each for each in ONE_OF_EACH if type(each).__name__.startswith(("Agreement", "Recording"))]


@pytest.mark.parametrize("decision", OWN, ids=lambda each: type(each).__name__)
def test_what_a_teacher_decides_nobody_decides_for_her(decision: Decision) -> None:
    before = folded(everything(agreement={"sound": False}))
    for by, counts in (("coach", False), ("device", False), ("teacher:jkl", False), ("teacher:abc", True)):
        after = folded([*everything(agreement={"sound": False}), decided(by, decision, NOW)])
        assert (replace(after, head=before.head) != before) is counts, by


def test_an_older_register_does_not_change_when_more_is_decided() -> None:
    lines = written(everything())
    first = fold(read_lines(lines[:3]))
    known = (dict(first.teachers), dict(first.groups), dict(first.bookings))
    fold(read_lines(lines[3:], first.head), first)
    assert (dict(first.teachers), dict(first.groups), dict(first.bookings)) == known
    with pytest.raises(TypeError):
        first.teachers["jkl"] = True  # type: ignore[index]  # that is the point
