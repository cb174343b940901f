"""The command ``leerblik``: finds its subcommands among the installed parts and runs one.

Subcommands are entry points of the group ``leerblik.commands``, so the device's half knows nothing of
the coach's half, and each runs without the libraries of the others.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from importlib import metadata
from types import ModuleType

from device import __version__
from device.domain.errors import LeerblikError, Permanent
from device.systemd import set_up_logging

_EXIT_CODES = """exit codes:
  0 done   1 unexpected failure   2 wrong usage   3 refused by a rule   4 busy
  65 wrong input   75 not now, try again   130 stopped with Ctrl-C"""
_INTERRUPTED = 130
_HOW = "pip install 'leerblik[device]' on a device, 'leerblik[coach]' on the coach's machine"


def main(arguments: list[str] | None = None) -> int:
    """Run ``leerblik``; returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    found = _load_commands(words)
    modules = {name: module for name, module in found.items() if isinstance(module, ModuleType)}
    if found and not modules:
        (name, library), *_ = found.items()
        print(f"leerblik: '{name}' needs {library}, which is not installed here; {_HOW}", file=sys.stderr)
        return Permanent.exit_code
    parser = _make_parser(modules)
    parsed = parser.parse_args(words)
    set_up_logging(parsed.command, verbose=parsed.verbose)
    try:
        return int(modules[parsed.command].run(parsed))
    except LeerblikError as error:
        print(f"leerblik: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _load_commands(words: list[str]) -> dict[str, ModuleType | str]:
    """Load the one command that is asked for, or all for the help; a text is the library that one lacks."""
    entries = {entry.name: entry for entry in metadata.entry_points(group="leerblik.commands")}
    wanted = next((word for word in words if not word.startswith("-")), None)
    names = [wanted] if wanted in entries else list(entries)
    return {name: _load(entries[name].module) for name in names}


def _load(module: str) -> ModuleType | str:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("device", "server_sync", "deploy"):
            raise
        return error.name or str(error)


def _make_parser(modules: dict[str, ModuleType]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leerblik",
        description="Records lessons for video coaching: with a permit, sealed, and gone when it is done.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"leerblik {__version__}")
    parser.add_argument("--verbose", action="store_true", help="say more about what happens")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in sorted(modules.items()):
        sub = commands.add_parser(name, help=module.SUMMARY, description=module.SUMMARY)
        module.add_arguments(sub)
    return parser


if __name__ == "__main__":
    sys.exit(main())
