"""One import direction: who may import whom, which library has which home, and what a rule may not touch.

Each line of the tables below is a rule with its reason. A new package needs a line here; a new driver,
transport or command needs none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("device", "server_sync", "deploy")


@dataclass(frozen=True)
class Layer:
    """A package or module (the longest match counts) and all of ours that it may import."""

    who: str
    may: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Home:
    """A library, and the only places that may import it."""

    library: str
    homes: tuple[str, ...]
    why: str


LAYERS = (
    Layer("device", ("device",), "the device works without any sync, and is deployed without the demo"),
    Layer("device.domain", ("device.domain",), "rules depend on nothing but rules"),
    Layer("device.ports", ("device.domain",), "a seam speaks the domain's language and knows no driver"),
    Layer(
        "device.drivers",
        ("device.domain", "device.ports", "device.drivers"),
        "a driver fulfils a port and knows nobody who uses it",
    ),
    Layer(
        "device.footage",
        ("device.domain", "device.ports", "device.footage"),
        "packets become sealed segments, whatever camera they came from",
    ),
    Layer(
        "device.storage",
        ("device.domain", "device.ports", "device.footage", "device.storage"),
        "recovery and retention work on the files that footage wrote, and on nothing else",
    ),
    Layer(
        "device.storage.catalogue",
        ("device.domain", "device.ports", "device.storage.catalogue"),
        "the catalogue is shared between processes, so it belongs to none of them",
    ),
    Layer(
        "device.timetable",
        ("device.domain", "device.footage.durable", "device.timetable"),
        "a timetable becomes lessons, and knows nobody who records or books them",
    ),
    Layer(
        "device.review",
        (
            "device.domain",
            "device.footage.bech32",
            "device.footage.journal",
            "device.footage.seal",
            "device.review",
        ),
        "a film is decrypted in memory: what shows it reads sealed files, and needs no camera and no libav",
    ),
    Layer(
        "device.wipe",
        ("device.domain", "device.footage", "device.storage", "device.systemd", "device.wipe"),
        "what is destroyed is found where it was written, and by nobody who writes it",
    ),
    Layer("device.wipe.command", ("device",), "the composition root is where configuration is read"),
    Layer(
        "device.network",
        ("device.domain", "device.footage.durable", "device.network", "device.systemd"),
        "root writes one file and asks NetworkManager: it must not be able to do more",
    ),
    Layer("device.systemd", (), "every process speaks to systemd, so it must weigh nothing"),
    Layer("device.memory", (), "every process gives memory back, so it must weigh nothing"),
    Layer(
        "device.recorder",
        (
            *("device.domain", "device.ports", "device.footage", "device.storage", "device.recorder"),
            *("device.memory", "device.systemd"),
        ),
        "the recorder sees ports, so that every driver is exchangeable",
    ),
    Layer("device.recorder.command", ("device",), "the process begins with its configuration"),
    Layer("device.recorder.assembly", ("device",), "the composition root is where drivers are named"),
    Layer(
        "device.web",
        (
            *("device.domain", "device.footage.durable", "device.memory", "device.recorder.client"),
            *(
                "device.storage.register",
                "device.systemd",
                "device.timetable",
                "device.web",
                "device.__version__",
            ),
        ),
        "the page can ask the recorder and has no camera and no coach's key",
    ),
    Layer(
        "device.web.teacher",
        ("device.domain", "device.review", "device.web"),
        "a teacher watches her own lesson before it leaves, and nobody else does",
    ),
    Layer(
        "device.web.first_start.keys",
        ("device.domain", "device.footage.seal", "device.web"),
        "a public key is read as those do who seal to it",
    ),
    Layer(
        "device.web.first_start.command",
        (
            *("device.domain", "device.config", "device.footage.durable", "device.recorder.client"),
            *("device.storage.register", "device.web"),
        ),
        "a composition root of its own: the first start without a browser",
    ),
    Layer(
        "device.web.it.effective",
        ("device.domain", "device.config", "device.web"),
        "the settings are read where they are known, and handed on as text",
    ),
    Layer(
        "device.web.prints",
        (
            *("device.domain", "device.footage.durable", "device.memory", "device.recorder.client"),
            *("device.storage.register", "device.systemd", "device.web"),
            *("device.drivers.indicator._patterns", "device.ports"),
        ),
        "the sheet on the door draws the very rhythm that the light plays, and nothing else of a driver",
    ),
    Layer(
        "device.web.command",
        ("device.domain", "device.config", "device.systemd", "device.web"),
        "the composition root is where configuration is read",
    ),
    Layer("server_sync", ("server_sync",), "the package itself is only a roof over push and inbox"),
    Layer(
        "server_sync.push",
        (
            *("device.domain", "device.storage.catalogue", "device.systemd"),
            *("server_sync.push", "server_sync.stopping"),
        ),
        "the push meets the recorder in the catalogue and nowhere else",
    ),
    Layer(
        "server_sync.push.command",
        (
            *("device.domain", "device.storage.catalogue", "device.config"),
            *("device.memory", "device.systemd"),
            *("server_sync.push", "server_sync.stopping"),
        ),
        "the composition root is where configuration is read",
    ),
    Layer(
        "server_sync.inbox",
        ("device.domain", "device.systemd", "server_sync.inbox", "server_sync.stopping"),
        "the inbox installs on a coach's machine without anything of the Pi",
    ),
    Layer("deploy", OURS, "the demo puts all of it together"),
)

HOMES = (
    Home("gpiozero", ("device.drivers",), "hardware has one place, so that everything else runs anywhere"),
    Home("lgpio", ("device.drivers",), "hardware has one place, so that everything else runs anywhere"),
    Home("picamera2", ("device.drivers",), "hardware has one place, so that everything else runs anywhere"),
    Home("libcamera", ("device.drivers",), "hardware has one place, so that everything else runs anywhere"),
    Home("evdev", ("device.drivers",), "hardware has one place, so that everything else runs anywhere"),
    Home(
        "icalendar", ("device.timetable.read",), "only the child process makes sense of somebody else's feed"
    ),
    Home("recurring_ical_events", ("device.timetable.read",), "the same: it can be made to work for ever"),
    Home("sqlite3", ("device.storage",), "all SQL stands in one place"),
    Home("paramiko", ("server_sync.push.transport",), "the push itself knows no protocol"),
    Home(
        "av",
        ("device.footage", "device.drivers", "server_sync.inbox", "deploy.demo"),
        "a large C library stays out of processes that only move files",
    ),
)

IMPURE_MODULES = (
    *("os", "io", "pathlib", "shutil", "tempfile", "socket", "sqlite3", "subprocess", "multiprocessing"),
    *("time", "threading", "asyncio", "queue", "signal", "select", "random", "secrets", "logging", "sys"),
)
IMPURE_CALLS = (
    *("now", "utcnow", "today", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep"),
    *("open", "print", "input", "urandom", "uuid4", "generate"),
)
PURE = "device.domain"
PURE_WHY = "rules get time, chance and files as arguments, so that a test can give them any"


@dataclass(frozen=True)
class Module:
    """A source file of ours, by its dotted name."""

    name: str
    is_package: bool
    tree: ast.Module


def modules_in(root: Path) -> Iterator[Module]:
    for package in OURS:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            yield Module(name, is_package, ast.parse(path.read_text(encoding="utf-8"), str(path)))


def is_within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imports_of(module: Module) -> Iterator[str]:
    """Every imported name in full, wherever it stands: at the top, in a function, or by import_module."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{base_of(node, module)}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and called_name(node) in ("import_module", "__import__"):
            yield from (
                a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
            )


def base_of(node: ast.ImportFrom, module: Module) -> str:
    if not node.level:
        return node.module or ""
    package = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def called_name(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def layer_of(name: str) -> Layer:
    return max((layer for layer in LAYERS if is_within(name, (layer.who,))), key=lambda layer: len(layer.who))


def violations_in(root: Path) -> list[str]:
    return [problem for module in modules_in(root) for problem in problems_of(module)]


def problems_of(module: Module) -> Iterator[str]:
    layer = layer_of(module.name)
    for imported in imports_of(module):
        if is_within(imported, OURS) and not is_within(imported, layer.may):
            yield f"{module.name} imports {imported}, but {layer.why}"
        for home in HOMES:
            if is_within(imported, (home.library,)) and not is_within(module.name, home.homes):
                yield f"{module.name} imports {imported}, but {home.why}"
        if is_within(module.name, (PURE,)) and is_within(imported, IMPURE_MODULES):
            yield f"{module.name} imports {imported}, but {PURE_WHY}"
    if is_within(module.name, (PURE,)):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and called_name(node) in IMPURE_CALLS:
                yield f"{module.name} calls {called_name(node)}() in line {node.lineno}, but {PURE_WHY}"


def test_every_import_goes_in_the_one_direction() -> None:
    assert violations_in(ROOT) == []


def test_every_rule_is_about_something_that_exists() -> None:
    names = {module.name for module in modules_in(ROOT)}
    assert {layer.who for layer in LAYERS} - names == set()
    assert {place for home in HOMES for place in home.homes} - names == set()


# That the rules can fail: for each line of the tables, a made-up tree that breaks just that line.


def write(root: Path, name: str, source: str) -> None:
    path = root / name / "__init__.py" if name in OURS else root.joinpath(*name.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")


def forbidden_for(layer: Layer) -> list[str]:
    candidates = [other.who for other in LAYERS] + ["device.config", "device.storage.schema"]
    return [name for name in candidates if not is_within(name, layer.may)]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.who)
def test_a_layer_that_reaches_out_of_its_bounds_is_found(layer: Layer, tmp_path: Path) -> None:
    for imported in forbidden_for(layer):
        write(tmp_path, layer.who, f"def late() -> None:\n    from {imported} import something\n")
        found = [problem for problem in violations_in(tmp_path) if problem.endswith(layer.why)]
        assert found == [f"{layer.who} imports {imported}.something, but {layer.why}"]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.who)
def test_a_layer_that_stays_in_its_bounds_is_left_alone(layer: Layer, tmp_path: Path) -> None:
    write(tmp_path, layer.who, "".join(f"import {allowed}.thing\n" for allowed in layer.may))
    assert violations_in(tmp_path) == []


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.library)
def test_a_library_away_from_its_home_is_found(home: Home, tmp_path: Path) -> None:
    write(tmp_path, "device.web.pages", f"import {home.library}.part\n")
    for place in home.homes:
        write(tmp_path, f"{place}.something", f"import {home.library}\n")
    assert violations_in(tmp_path) == [f"device.web.pages imports {home.library}.part, but {home.why}"]


@pytest.mark.parametrize("module", IMPURE_MODULES)
def test_a_rule_that_imports_the_world_is_found(module: str, tmp_path: Path) -> None:
    write(tmp_path, "device.domain.rule", f"import {module}\n")
    assert f"device.domain.rule imports {module}, but {PURE_WHY}" in violations_in(tmp_path)


@pytest.mark.parametrize("call", ["datetime.now(UTC)", "date.today()", "clock.monotonic()", "open(name)"])
def test_a_rule_that_asks_the_clock_or_opens_a_file_is_found(call: str, tmp_path: Path) -> None:
    write(tmp_path, "device.domain.rule", f"x = 1\ny = {call}\n")
    assert len(violations_in(tmp_path)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from ..recorder import loop\n",
        "from .. import recorder\n",
        "import importlib\nimportlib.import_module('device.recorder.loop')\n",
        "if True:\n    import device.recorder.loop as innocent\n",
    ],
)
def test_an_import_in_disguise_is_found(source: str, tmp_path: Path) -> None:
    write(tmp_path, "device.footage.rotation", source)
    assert len(violations_in(tmp_path)) == 1
