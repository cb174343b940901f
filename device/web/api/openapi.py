"""The OpenAPI 3.1 document, out of the operations; the same as ``openapi.json`` beside this file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from device.web.api.operation import JSON, Answer, Operation
from device.web.api.schemas import Schema
from device.web.roles import Role

VERSION = "1.0.0"
SCHEMA: Schema = {"type": "object", "required": ["openapi", "info", "paths"]}
_ABOUT = """\
What the pages of a Leerblik device do, for a program. No pupil is named anywhere; a teacher is a code.

Who asks is a person who is logged in (the cookie of the session, and its CSRF token for what changes something) or
a machine with a token of the role `it` or `coach`, which needs no CSRF token. What a teacher alone decides has no
token: she logs in. `x-leerblik-roles` says who may. Sentences in answers are in Dutch or English, by
`Accept-Language`; every error is JSON, and nothing that is sent may have fields that are not described here.
"""
_WAYS: dict[str, dict[str, str]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "a machine's token, made by the coach or IT",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "leerblik",
        "description": "a person's session; under TLS the cookie is called __Host-leerblik",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "beside the session: the token that every page carries",
    },
}
_MACHINES = (Role.COACH, Role.IT)


def text_of(operations: Iterable[Operation]) -> str:
    """Return the document as it stands in its file."""
    return json.dumps(document(operations), indent=1, ensure_ascii=False) + "\n"


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the document."""
    named: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, named)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Leerblik", "version": VERSION, "summary": "A recording appliance for video coaching in schools.",
            "description": _ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": dict(sorted(named.items())), "securitySchemes": _WAYS},
    }  # fmt: skip


def _operation(operation: Operation, named: dict[str, Any]) -> dict[str, Any]:
    dutch, english = operation.summary
    made: dict[str, Any] = {
        "operationId": operation.name, "summary": english, "x-summary-nl": dutch,
        "x-leerblik-roles": [role.value for role in operation.roles],
        "security": [] if operation.is_public else _security(operation),
    }  # fmt: skip
    parameters = _parameters("path", operation.parameters(), named) + _parameters(
        "query", operation.query, named
    )
    if parameters:
        made["parameters"] = parameters
    if operation.body is not None:
        made["requestBody"] = {"required": True, "content": {JSON: {"schema": _named(operation.body, named)}}}
    made["responses"] = {str(status): _answer(each, named) for status, each in operation.answers().items()}
    return made


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    session: dict[str, list[str]] = {"session": []}
    if operation.method != "GET":
        session["csrf"] = []
    token: list[dict[str, list[str]]] = [{"token": []}]
    return [session, *(token if any(role in _MACHINES for role in operation.roles) else [])]


def _parameters(where: str, schemas: Mapping[str, Schema], named: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": where, "required": where == "path", "schema": _named(schema, named)}
        for name, schema in schemas.items()
    ]


def _answer(answer: Answer, named: dict[str, Any]) -> dict[str, Any]:
    schema: Schema = {"type": "string"} if answer.schema is None else _named(answer.schema, named)
    return {"description": answer.when, "content": {answer.media: {"schema": schema}}}


def _named(schema: Any, named: dict[str, Any]) -> Any:
    """Return a schema in which each that has a title stands among the named ones, once."""
    if isinstance(schema, list):
        return [_named(each, named) for each in schema]
    if not isinstance(schema, dict):
        return schema
    title = schema.get("title")
    made = {key: _named(value, named) for key, value in schema.items()}
    if not isinstance(title, str):
        return made
    if named.setdefault(title, made) != made:
        raise ValueError(f"two schemas are called {title}")
    return {"$ref": f"#/components/schemas/{title}"}
