"""Settings with a description, a default and an example; unknown keys and impossible values are refused.

A :class:`Table` is one ``[table]`` of the TOML file. Each package and each driver declares its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from device.domain.errors import Permanent

Value = str | int | float | bool | list[str]
_EXACT_IN_FLOAT = 1 << 53


class _Required:
    """Marks a setting that has no default."""


REQUIRED = _Required()


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: its type (str, int, float, bool or list of str), what it means, and what is allowed.

    ``low``/``high`` bound numbers, ``choices`` bounds texts. An empty text or list as default means
    "not set".
    """

    name: str
    kind: type
    description: str
    default: Value | _Required
    example: Value
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def check(self, value: Any, where: str) -> Value:
        """Return the value if it is possible; Permanent that names the key and what would be right."""
        key = f"{where}.{self.name}"
        if self.kind is float and type(value) is int and abs(value) < _EXACT_IN_FLOAT:
            value = float(value)
        right: Value | None = value if self._is_of_kind(value) else None
        if right is None:
            example = f"{self.name} = {toml_value(self.example)}"
            raise Permanent(f"{key} must be {_KIND_WORDS[self.kind]}, found {value!r}; for example {example}")
        if self.choices and value not in self.choices:
            raise Permanent(f"{key} must be one of {', '.join(self.choices)}, found {value!r}")
        if self.low is not None and value < self.low:
            raise Permanent(f"{key} must be at least {self.low:g}, found {value}")
        if self.high is not None and value > self.high:
            raise Permanent(f"{key} must be at most {self.high:g}, found {value}")
        return right

    def explain(self) -> list[str]:
        """Return what it means, which values there are, and what one looks like where the default shows none."""
        lines = [self.description]
        if self.choices:
            lines.append("one of " + ", ".join(toml_value(choice) for choice in self.choices))
        elif self.kind is list or self.default == "":
            lines.append(f"for example {self.name} = {toml_value(self.example)}")
        return lines

    def _is_of_kind(self, value: Any) -> bool:
        if self.kind is list:
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        if self.kind is float:
            # TOML knows nan and inf, and no bound would stop a nan.
            return type(value) is float and math.isfinite(value)
        return type(value) is self.kind


@dataclass(frozen=True, slots=True)
class Table:
    """A named table of settings, with a sentence that says what it is for.

    ``verify`` looks at all values together and raises Permanent that names the key.
    """

    name: str
    description: str
    settings: tuple[Setting, ...]
    verify: Callable[[dict[str, Any]], None] | None = None

    @property
    def required(self) -> list[Setting]:
        """The settings without a default: a file that uses this table must give them."""
        return [setting for setting in self.settings if isinstance(setting.default, _Required)]

    def read(self, mapping: Any) -> dict[str, Any]:
        """Return every setting's value, defaults filled in; unknown keys are refused by name."""
        if not isinstance(mapping, Mapping):
            raise Permanent(f"[{self.name}] must be a table")
        known = {setting.name: setting for setting in self.settings}
        for key in mapping:
            if key not in known:
                raise Permanent(f"unknown key {self.name}.{key}; known keys are {', '.join(sorted(known))}")
        values: dict[str, Any] = {}
        for name, setting in known.items():
            if name in mapping:
                values[name] = setting.check(mapping[name], self.name)
            elif isinstance(setting.default, _Required):
                example = f"{name} = {toml_value(setting.example)}"
                raise Permanent(
                    f"{self.name}.{name} is missing ({setting.description}); for example {example}"
                )
            else:
                values[name] = setting.default
        if self.verify is not None:
            self.verify(values)
        return values

    def example(self) -> str:
        """Return the table as commented TOML: every key with its description; defaults commented out."""
        lines = [f"# {self.description}", f"[{self.name}]"]
        for setting in self.settings:
            lines += [f"# {line}" for line in setting.explain()]
            if isinstance(setting.default, _Required):
                lines.append(f"{setting.name} = {toml_value(setting.example)}")
            else:
                lines.append(f"#{setting.name} = {toml_value(setting.default)}")
        return "\n".join(lines) + "\n"


_KIND_WORDS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list of texts",
}


def toml_value(value: Value) -> str:
    """Return a value as TOML text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's too, except that TOML wants DEL escaped as well.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(each) for each in value) + "]"
    return repr(value)
