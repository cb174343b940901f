"""The routes of the API, made out of its operations: who may, what it takes, how it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest, NotFound, UnsupportedMediaType

from device.domain.errors import Permanent
from device.domain.strict import parse_object
from device.web import problems
from device.web.api import (
    audit,
    decisions,
    keys,
    metrics,
    press,
    recordings,
    register,
    server,
    standing,
    week,
)
from device.web.api.fitting import fits, misfits, sentence
from device.web.api.openapi import SCHEMA, document
from device.web.api.operation import BASE, BODY_BYTES, JSON, Answer, Asked, Operation
from device.web.api.schemas import Schema
from device.web.deciding import Objected
from device.web.phrases import N_
from device.web.roles import Role, open_to

api = Blueprint("api", __name__)
_NO_JSON = N_("Send the values as a JSON object, with the content type application/json.")


def _document(asked: Asked) -> dict[str, Any]:
    return document(OPERATIONS)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="openapi",
        method="GET",
        path=f"{BASE}/openapi.json",
        roles=(Role.PUBLIC,),
        summary=("Deze beschrijving.", "This description."),
        view=_document,
        right=Answer("An OpenAPI 3.1 document.", SCHEMA),
    ),
    *standing.OPERATIONS,
    *register.OPERATIONS,
    *decisions.OPERATIONS,
    *audit.OPERATIONS,
    *week.OPERATIONS,
    *press.OPERATIONS,
    *recordings.OPERATIONS,
    *keys.OPERATIONS,
    *server.OPERATIONS,
    *metrics.OPERATIONS,
)


def endpoint_of(operation: Operation) -> Callable[..., Response]:
    """Return the view that Flask calls, with its mark in the table of roles."""

    @open_to(*operation.roles, body_bytes=BODY_BYTES, awake=operation.awake)
    def endpoint(**path: str) -> Response:
        try:
            asked = Asked(_path(operation, path), _query(operation.query), _body(operation.body))
            found = operation.view(asked)
        except Objected as objected:
            return _unfit(objected.sentences)
        except Permanent as error:
            # What was asked is right by now: it is a file of the device that cannot be read.
            return problems.answer(503, _(str(error)))
        if isinstance(found, Response):
            return found
        response = jsonify(found)
        response.status_code = operation.status
        return response

    return endpoint


def _path(operation: Operation, path: Mapping[str, str]) -> Mapping[str, str]:
    if not all(fits(schema, path[name]) for name, schema in operation.parameters().items()):
        raise NotFound
    return path


def _query(wanted: Mapping[str, Schema]) -> dict[str, Any]:
    """Return what was asked for in the address; what is not wanted is left alone."""
    found: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, schema in wanted.items():
        given = request.args.getlist(name)
        value = (
            _number(given[0]) if given and schema.get("type") == "integer" else given[0] if given else None
        )
        if len(given) > 1 or (given and not fits(schema, value)):
            wrong[name] = sentence(schema)
        elif given:
            found[name] = value
    if wrong:
        raise Objected(wrong)
    return found


def _number(text: str) -> int | str:
    """Return a number that is written plainly; anything else as it is, which then does not fit."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text


def _body(wanted: Schema | None) -> dict[str, Any]:
    if wanted is None:
        return {}
    if request.mimetype != JSON:
        raise UnsupportedMediaType(_NO_JSON)
    try:
        body = parse_object(request.get_data(), "the body")
    except Permanent:
        raise BadRequest(_NO_JSON) from None
    wrong = misfits(wanted, body)
    if wrong:
        raise Objected(wrong)
    return body


def _unfit(sentences: Mapping[str, str]) -> Response:
    response = jsonify(
        error="Unprocessable Content", message=_("Something is not right: see each field."),
        objections=dict(sentences),
    )  # fmt: skip
    response.status_code = 422
    return response


@api.after_request
def _say_how_to_log_in(response: Response) -> Response:
    """Name the way for machines: HTTP wants it with every 401 (RFC 9110, section 15.5.2)."""
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="leerblik"'
    return response


for _each in OPERATIONS:
    api.add_url_rule(
        _each.path.replace("{", "<").replace("}", ">"), _each.name, endpoint_of(_each), methods=[_each.method]
    )
