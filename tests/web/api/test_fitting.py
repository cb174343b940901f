"""A decision fits its schema exactly when the register can read it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

pytest.importorskip("flask", reason="flask is not installed here")

from flask import Flask
from flask_babel import Babel

from device.domain.errors import Permanent
from device.domain.register.decisions import KINDS
from device.domain.register.text import read_decision, write_decision
from device.web.api.fitting import fits, misfits
from device.web.api.schemas import (
    COUNT,
    DAY,
    MOMENT,
    MOST,
    TIME,
    ULID,
    decision_schema,
    integer,
    maybe,
    one_of,
    record,
)
from tests.support.register import ONE_OF_EACH, any_decision

SCHEMAS = {kind: decision_schema(made) for kind, made in KINDS.items()}
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(any_decision)
def test_whatever_may_stand_in_the_register_fits(decision: Any) -> None:
    kind, values = write_decision(decision)
    assert fits(SCHEMAS[kind], values)


@given(st.sampled_from(ONE_OF_EACH), st.data())
def test_what_the_schema_refuses_the_register_refuses_too(decision: Any, data: st.DataObject) -> None:
    kind, values = write_decision(decision)
    name = data.draw(st.sampled_from(sorted(values)))
    changed = {**values, name: data.draw(_json)}
    # The register holds any number, the API those that every program reads.
    assume(not isinstance(changed[name], int) or changed[name] <= MOST)
    assume(not fits(SCHEMAS[kind], changed))
    with pytest.raises(Permanent):
        read_decision(kind, changed)


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (COUNT, 0, True),
        (COUNT, -1, False),
        (COUNT, True, False),
        (COUNT, 1.0, False),
        (COUNT, MOST + 1, False),
        (integer(1, 3), 4, False),
        (DAY, "2026-02-28", True),
        (DAY, "2026-02-30", False),
        (DAY, "20260228", False),
        (DAY, "2026-02-28\n", False),
        (MOMENT, "2026-09-01T08:00:00Z", True),
        (MOMENT, "2026-09-01T08:00:00", False),
        (TIME, "24:00", False),
        (TIME, "08:30\n", False),
        (ULID, "01J00000000000000000000000", True),
        (ULID, "01J0000000000000000000000I", False),
        (one_of(1, 2), True, False),
        (one_of(1, 2), 1, True),
        (maybe(TIME), None, True),
        (maybe(TIME), "", False),
        (record("", a=COUNT), {"a": 1}, True),
        (record("", a=COUNT), {}, False),
        (record("", a=COUNT), {"a": 1, "b": 1}, False),
    ],
)
def test_a_value_fits_or_not(schema: dict[str, Any], value: Any, expected: bool) -> None:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        assert fits(schema, value) is expected


def test_each_field_gets_a_sentence_that_says_what_would_be_right() -> None:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        found = misfits(
            SCHEMAS["group_registered"],
            {"group": 1, "pupils": "many", "sound": 1, "arrangement": "?", "x": 1},
        )
    assert found["group"] == "Give one line of at most 300 characters."
    assert found["pupils"].startswith("Give a whole number from 0 to")
    assert found["sound"] == "Say true or false."
    assert "out_of_view" in found["arrangement"]
    assert found["x"] == "There is no such field."
    assert found["valid_from"] == "This is missing."
