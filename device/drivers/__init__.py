"""One file per driver, chosen by the name of its module; each declares its own ``OPTIONS``.

One whose options can be wrong in more than their kind has a ``verify(options)`` as well, which raises Permanent
without looking at any hardware: ``build`` calls it first, and ``leerblik config check`` calls it alone.
One on pins has ``pins(options)``: the key of a setting and the pin it names, for each that it uses.
A camera's ``VIEW`` names the options that change how it looks at the room: masks are drawn on one view.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from device.domain.errors import Permanent

KINDS = ("camera", "microphone", "trigger", "indicator")


def names(kind: str) -> tuple[str, ...]:
    """Return the names of all drivers of a kind."""
    package = importlib.import_module(f"device.drivers.{kind}")
    return tuple(sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")))


def load(kind: str, name: str) -> ModuleType:
    """Return a driver's module (``OPTIONS`` and ``build(options)``); Permanent when there is none of that name."""
    if name not in names(kind):
        raise Permanent(f"there is no {kind} driver named '{name}'; choose one of {', '.join(names(kind))}")
    return importlib.import_module(f"device.drivers.{kind}.{name}")
