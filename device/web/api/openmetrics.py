"""OpenMetrics text: families of numbers for a program that draws graphs (OpenMetrics 1.0, prometheus.io)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MEDIA = "application/openmetrics-text"
CONTENT_TYPE = f"{MEDIA}; version=1.0.0; charset=utf-8"
_SUFFIXES = {"counter": "_total", "info": "_info"}
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One number and its labels."""

    value: float
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers of one name. ``kind`` is gauge, counter or info; ``unit`` is the name's last word, or empty."""

    name: str
    kind: str
    about: str
    samples: tuple[Sample, ...]
    unit: str = ""


def gauge(name: str, about: str, value: float | None, unit: str = "") -> Family:
    """Return one number that goes up and down; without samples when it is not known."""
    return Family(name, "gauge", about, () if value is None else (Sample(value),), unit)


def render(families: Iterable[Family]) -> str:
    """Return the whole text. A family of which nothing is known is left out."""
    return "".join(_family(each) for each in families if each.samples) + "# EOF\n"


def _family(family: Family) -> str:
    lines = [f"# TYPE {family.name} {family.kind}"]
    if family.unit:
        lines.append(f"# UNIT {family.name} {family.unit}")
    lines.append(f"# HELP {family.name} {_escaped(family.about)}")
    name = family.name + _SUFFIXES.get(family.kind, "")
    lines += [f"{name}{_labels(each.labels)} {_number(each.value)}" for each in family.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str] | None) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
