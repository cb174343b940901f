"""Reading the configuration: one TOML file, every key declared, whatever is unknown refused by name.

A device may have an overlay beside it, with what IT set on the page (:mod:`device.domain.overlay`).
"""

from __future__ import annotations

import importlib
import os
import tomllib
from collections.abc import Mapping
from getpass import getuser
from importlib import metadata
from pathlib import Path
from typing import Any

from device import drivers
from device.domain.errors import Permanent
from device.domain.overlay import FILE_NAME, Origin, laid_over, origin_of, read_overlay
from device.domain.settings import Table
from device.drivers import pins
from device.tables import TABLES

__all__ = [
    "DEFAULT_PATH",
    "TABLES",
    "Config",
    "check_overlay",
    "defaults",
    "driver_table",
    "find_path",
    "known_tables",
    "load",
    "settings_folder",
]

DEFAULT_PATH = Path("/etc/leerblik/leerblik.toml")
ENVIRONMENT = "LEERBLIK_CONFIG"


class Config:
    """The whole configuration, checked. Tables are plain mappings with every default filled in.

    ``overlay`` fills in what the file leaves open. One that is wrong counts for nothing, and ``overlay_problem``
    says why: a device must go on recording, and its page must be there to set it right.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        source: str,
        overlay: Mapping[str, Mapping[str, Any]] | None = None,
        overlay_problem: str = "",
    ) -> None:
        self.source = source
        self.written: Mapping[str, Any] = document
        self.overlay, self.overlay_problem = overlay or {}, overlay_problem
        document = laid_over(document, self.overlay)
        self._tables: dict[str, dict[str, Any]] = {}
        self._drivers: dict[tuple[str, str], dict[str, Any]] = {}
        known = {table.name: table for table in known_tables()}
        for name in document:
            if name not in known and name not in drivers.KINDS:
                possible = ", ".join(sorted((*known, *drivers.KINDS)))
                raise Permanent(f"{source}: unknown table [{name}]; known tables are {possible}")
        self._known, self._document = known, document
        for name in known:
            if name in document:
                self.table(name)
        for kind in drivers.KINDS:
            for name in self._drivers_of(kind):
                self.driver_options(kind, name)

    def says_anything(self) -> bool:
        """Tell whether there is any table in the file."""
        return bool(self._document)

    def origin(self, name: str) -> Origin:
        """Return where the value of a setting such as ``sync.host`` comes from."""
        return origin_of(self.written, self.overlay, name)

    def is_for_coach(self) -> bool:
        """Tell whether the file is for the coach's machine alone: it has an inbox and no device."""
        return self.has("inbox") and not (self.has("device") or self.has("recorder"))

    def has(self, name: str) -> bool:
        """Tell whether the file has this table."""
        return name in self._document

    def has_driver(self, kind: str, name: str) -> bool:
        """Tell whether the file has a table for this driver."""
        return name in self._drivers_of(kind)

    def table(self, name: str) -> dict[str, Any]:
        """Return a table; Permanent that names the key when something in it is wrong or missing."""
        if name not in self._tables:
            try:
                self._tables[name] = self._known[name].read(self._document.get(name, {}))
            except Permanent as error:
                raise Permanent(f"{self.source}: {error}") from None
        return self._tables[name]

    def driver_options(self, kind: str, name: str) -> dict[str, Any]:
        """Return the options of a driver, as in ``[camera.synthetic]``.

        A driver that speaks, speaks the language of the device unless it is told otherwise.
        """
        table, given = driver_table(kind, name), self._drivers_of(kind).get(name, {})
        device = self._document.get("device")
        speaks = any(setting.name == "language" for setting in table.settings)
        if speaks and isinstance(given, Mapping) and isinstance(device, Mapping) and "language" in device:
            given = {"language": device["language"], **given}
        try:
            return table.read(given)
        except Permanent as error:
            raise Permanent(f"{self.source}: {error}") from None

    def chosen_drivers(self) -> list[tuple[str, str]]:
        """Return kind and name of every driver that the recorder uses."""
        recorder = self.table("recorder")
        chosen = [("camera", recorder["camera"]), ("microphone", recorder["microphone"])]
        chosen += [("trigger", name) for name in recorder["triggers"]]
        chosen += [("indicator", name) for name in recorder["indicators"]]
        return chosen

    def verify_drivers(self) -> None:
        """Raise Permanent when a driver would refuse its options at its start, or two want the same pin.

        Only for drivers that are chosen: one that is still being set up may be incomplete.
        """
        uses: list[tuple[str, str]] = []
        try:
            for kind, name in self.chosen_drivers():
                module, options = drivers.load(kind, name), self.driver_options(kind, name)
                if hasattr(module, "verify"):
                    module.verify(options)
                if hasattr(module, "pins"):
                    uses += [(f"{kind}.{name}.{key}", pin) for key, pin in module.pins(options)]
            pins.verify(uses)
        except Permanent as error:
            raise Permanent(self._told(error)) from None

    def _told(self, error: Permanent) -> str:
        """Return an error with the file in front, once."""
        sentence = str(error)
        return sentence if sentence.startswith(f"{self.source}: ") else f"{self.source}: {sentence}"

    def _drivers_of(self, kind: str) -> Mapping[str, Any]:
        section = self._document.get(kind, {})
        if not isinstance(section, Mapping):
            raise Permanent(
                f"{self.source}: {kind} must be a table of drivers, such as [{kind}.{drivers.names(kind)[0]}]"
            )
        return section


def driver_table(kind: str, name: str) -> Table:
    """Return what a driver can be told; Permanent when there is no such driver."""
    module = drivers.load(kind, name)
    return Table(f"{kind}.{name}", f"The {kind} driver '{name}'.", tuple(module.OPTIONS))


def known_tables() -> list[Table]:
    """Return every table that an installed part of Leerblik declares."""
    tables: list[Table] = []
    for entry in sorted(metadata.entry_points(group="leerblik.settings"), key=lambda entry: entry.name):
        tables += importlib.import_module(entry.module).TABLES
    return tables


def defaults(name: str) -> dict[str, Any]:
    """Return a table as it is where nothing was said; for one without required settings."""
    return next((table for table in known_tables() if table.name == name), Table(name, "", ())).read({})


def find_path(given: str | None) -> Path:
    """Return the configuration file: the one given, else from the environment, else the usual place."""
    return Path(given or os.environ.get(ENVIRONMENT) or DEFAULT_PATH)


def load(given: str | None) -> Config:
    """Read and check the configuration; Permanent with one sentence when anything is wrong with it."""
    path = find_path(given)
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise Permanent(
            f"there is no configuration at {path}; copy the project's deploy/device/leerblik.toml there "
            "(inbox.toml on the coach's machine) and fill it in"
        ) from None
    except PermissionError:
        raise Permanent(_no_access(path)) from None
    except IsADirectoryError:
        raise Permanent(f"{path} is a folder; name the configuration in it") from None
    except OSError as error:
        raise Permanent(f"the configuration {path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise Permanent(f"{path} is not a text file in UTF-8; save it as one") from None
    except tomllib.TOMLDecodeError as error:
        raise Permanent(f"{path} is not valid TOML: {error}") from None
    return _with_overlay(Config(document, str(path)), document)


def settings_folder(settings: Config) -> Path | None:
    """Return where the overlay lies; None where there can be none, as on a coach's machine."""
    return Path(settings.table("device")["settings_dir"]) if settings.has("device") else None


def check_overlay(document: Mapping[str, Any], overlay: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise Permanent that names the key when an overlay makes something wrong that was right in the file."""
    merged = laid_over(document, overlay)
    for table in known_tables():
        if table.name in overlay:
            table.read(merged[table.name])


def _with_overlay(settings: Config, document: Mapping[str, Any]) -> Config:
    try:
        folder = settings_folder(settings)
    except Permanent:
        return settings  # whoever asks for [device] is told what is wrong with it
    if folder is None:
        return settings
    path = folder / FILE_NAME
    try:
        overlay = read_overlay(path.read_bytes(), str(path))
        check_overlay(document, overlay)
    except FileNotFoundError:
        return settings
    except OSError as error:
        return Config(document, settings.source, None, f"{path} cannot be read: {error.strerror or error}")
    except Permanent as error:
        problem = str(error) if str(error).startswith(str(path)) else f"{path}: {error}"
        return Config(document, settings.source, None, problem)
    return Config(document, settings.source, overlay)


def _no_access(path: Path) -> str:
    """Return what to do about a file of the device's that is not for every account."""
    sentence = f"{path} may not be read by {_user()}: say 'sudo leerblik ...'"
    if path.parent != DEFAULT_PATH.parent:
        return sentence
    return f"{sentence}, or once 'sudo usermod -aG leerblik,leerblik-data {_user()}' and log in again"


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
