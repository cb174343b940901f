"""Brings the virtual camera in the moment a process imports picamera2, and not before: an idle one stays small.

A line in ``virtualcam.pth`` installs this in every Python whose environment has ``VIRTUALCAM``; a .pth file
and no sitecustomize on the PYTHONPATH, because a program may start its children with ``python -I``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class _Finder(MetaPathFinder):
    """Changes libcamera before picamera2 sees it, and picamera2's allocator before picamera2 uses it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "picamera2":
            from . import pipeline

            pipeline.stand_in()
        if name != "picamera2.allocators":
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _WithOurAllocator(spec.loader)
        return spec


class _WithOurAllocator(Loader):
    def __init__(self, real: Loader) -> None:
        self._real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        from .buffers import allocator

        self._real.exec_module(module)
        vars(module)["DmaAllocator"] = allocator(vars(module)["LibcameraAllocator"])


sys.meta_path.insert(0, _Finder())
