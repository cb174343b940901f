"""``leerblik inbox``: the coach's side, on the command line. The composition root of this process."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from device import systemd
from device.domain.errors import Permanent, Refused, Temporary
from device.domain.settings import toml_value
from server_sync.inbox.daemon import Daemon, log_outcome, stopped_by_signals
from server_sync.inbox.disk import disk_errors
from server_sync.inbox.film_folder import FilmFolder
from server_sync.inbox.films import Films
from server_sync.inbox.intake import Intake
from server_sync.inbox.keys import UnlockedKeys, make_coach_keys, unlock
from server_sync.inbox.library import Library
from server_sync.inbox.outcome import Result
from server_sync.inbox.passphrase import choose_passphrase, read_passphrase
from server_sync.inbox.player import watch
from server_sync.inbox.proof import check_certificate, destroyed, line_of, orders_waiting, problems, row_of
from server_sync.inbox.settings import TABLES
from server_sync.inbox.taken_in import TakenIn

SUMMARY = "receive recordings on the coach's machine, list, verify and watch them"
DEFAULT_CONFIG = Path("/etc/leerblik/leerblik.toml")
_ASKING = """The passphrase is asked for on the terminal, or read from the descriptor that
--passphrase-fd names; it is never an argument and never in the environment."""


@dataclass(frozen=True, slots=True)
class _Config:
    drop_box: Path
    library: Path
    films: Path
    keys: Path
    publish: str
    language: str
    poll_interval_s: float
    abandoned_after_days: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    parser.description = "The coach's side: takes recordings out of the drop box and answers with receipts."
    parser.epilog = _ASKING
    # Here and at each command below, so that it may stand in either place.
    _add_config(parser, Path(os.environ.get("LEERBLIK_CONFIG") or DEFAULT_CONFIG))
    commands = parser.add_subparsers(dest="inbox_command", required=True, metavar="COMMAND")
    _add(commands, "run", _run, "watch the drop box until stopped (SIGTERM, Ctrl-C)", unlocks=True)
    _add(commands, "once", _once, "look into the drop box once", unlocks=True)
    lister = _add(commands, "list", _list, "list the library; needs no passphrase")
    verifier = _add(commands, "verify", _verify, "read every byte again and compare it", unlocks=True)
    verifier.add_argument("recording", nargs="?", metavar="RECORDING", help="its id or the beginning of it")
    for each in (lister, verifier):
        each.add_argument("--json", action="store_true", help="print JSON")
    opener = _add(commands, "open", _open, "decrypt a recording and join it into a film", unlocks=True)
    opener.add_argument("recording", metavar="RECORDING", help="its id or the beginning of it")
    opener.add_argument("--to", type=Path, metavar="FILE", help="where to (default: the folder of films)")
    watcher = _add(commands, "watch", _watch, "show a recording and leave no film behind", unlocks=True)
    watcher.add_argument("recording", metavar="RECORDING", help="its id or the beginning of it")
    checker = _add(commands, "verify-certificate", _verify_certificate, "check a certificate of destruction")
    checker.add_argument("file", type=Path, metavar="FILE", help="as downloaded from the device's page")
    checker.add_argument(
        "--receipt-key",
        default="",
        metavar="KEY",
        help="the coach's receipt key (default: the one in keys_dir)",
    )
    maker = _add(commands, "keys", _keys, "make the coach's keys; asks for a passphrase twice", unlocks=True)
    maker.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="default: keys_dir of the config"
    )


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; return the exit code."""
    command: Callable[[argparse.Namespace], int] = arguments.inbox_function
    return command(arguments)


def read_config(path: Path) -> _Config:
    """Read the table ``[inbox]``; Permanent names the key that is wrong."""
    try:
        with path.open("rb") as file:
            document = tomllib.load(file)
    except FileNotFoundError:
        raise Permanent(f"{path} is missing; name the configuration with --config FILE") from None
    except OSError as error:
        raise Permanent(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Permanent(f"{path} is not valid TOML: {error}") from None
    if "inbox" not in document:
        raise Permanent(f"{path} has no table [inbox]; 'leerblik config example' shows one")
    values = TABLES[0].read(document["inbox"])
    return _Config(
        drop_box=Path(values["drop_box_dir"]),
        library=Path(values["library_dir"]),
        films=Path(values["film_dir"]),
        keys=Path(values["keys_dir"]),
        publish=values["publish"],
        language=values["language"],
        poll_interval_s=values["poll_interval_s"],
        abandoned_after_days=values["abandoned_after_days"],
    )


def _add(
    commands: Any,
    name: str,
    function: Callable[[argparse.Namespace], int],
    summary: str,
    *,
    unlocks: bool = False,
) -> argparse.ArgumentParser:
    epilog = _ASKING if unlocks else None
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", epilog=epilog
    )
    parser.set_defaults(inbox_function=function)
    _add_config(parser, argparse.SUPPRESS)
    if unlocks:
        parser.add_argument(
            "--passphrase-fd", type=int, metavar="N", help="read the passphrase from descriptor N"
        )
    return parser


def _add_config(parser: argparse.ArgumentParser, default: Path | str) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=default,
        metavar="FILE",
        help=f"TOML file; only its table [inbox] is read (default {DEFAULT_CONFIG})",
    )


def _unlocked(arguments: argparse.Namespace, config: _Config) -> UnlockedKeys:
    return unlock(config.keys, read_passphrase(arguments.passphrase_fd))


def _intake(arguments: argparse.Namespace, config: _Config) -> Intake:
    return Intake(
        config.drop_box,
        config.library,
        config.films,
        _unlocked(arguments, config),
        publish=config.publish == "film",
        language=config.language,
        abandoned_after_days=config.abandoned_after_days,
    )


def _run(arguments: argparse.Namespace) -> int:
    config = read_config(arguments.config)
    daemon = Daemon(_intake(arguments, config), config.poll_interval_s)
    with stopped_by_signals(daemon):
        logging.getLogger("leerblik.inbox").info("watching %s", config.drop_box)
        systemd.ready()
        systemd.status(f"watching {config.drop_box}")
        daemon.run()
    return 0


def _once(arguments: argparse.Namespace) -> int:
    waiting = False
    for outcome in _intake(arguments, read_config(arguments.config)).outcomes():
        log_outcome(outcome)
        waiting |= outcome.result is Result.WAITING
    return Temporary.exit_code if waiting else 0


def _list(arguments: argparse.Namespace) -> int:
    config = read_config(arguments.config)
    library = Library(config.library)
    rows = [_row(library, recording, config) for recording in library.recordings()]
    gone = destroyed(library)
    if arguments.json:
        _say(json.dumps([*rows, *map(row_of, gone)], indent=2))
        return 0
    for row in rows:
        minutes, seconds = divmod(round(row["duration_us"] / 1e6), 60)
        _say(
            f"{row['recording']}  {row['started_at'][:16]:16}  {minutes:4}:{seconds:02} min"
            f"  {row['size_bytes'] / 1e6:8.1f} MB  {row['state']:8}  {row['film']}"
        )
    for tomb in gone:
        _say(line_of(tomb))
    waiting = orders_waiting(config.drop_box / "inbox")
    if waiting:
        _say(waiting)
    if not config.library.is_dir() and any((config.drop_box / "receipts").glob("*.receipt.json")):
        _say(f"the library {config.library} is not there; is its disk mounted?")
    elif not rows and not gone:
        _say("no recordings have arrived yet")
    return 0


def _row(library: Library, recording: str, config: _Config) -> dict[str, Any]:
    try:
        card = library.card(recording)
    except Permanent:
        unknown = {"started_at": "", "duration_us": 0, "size_bytes": 0, "segments": 0, "interrupted": False}
        return {"recording": recording, **unknown, "state": "damaged", "film": ""}
    film = config.films / card.film_name
    there = film.exists()
    return {**asdict(card), "state": "film" if there else "sealed", "film": str(film) if there else ""}


def _verify(arguments: argparse.Namespace) -> int:
    config = read_config(arguments.config)
    library = Library(config.library)
    gone = {each.recording: each for each in destroyed(library)}
    everything = sorted({*library.recordings(), *gone})
    chosen = [library.resolve(arguments.recording, gone)] if arguments.recording else everything
    keys = _unlocked(arguments, config)
    reports = {
        each: problems(gone[each], library, config.films)
        if each in gone
        else _problems(library, each, keys, config)
        for each in chosen
    }
    if arguments.json:
        rows = [{"recording": each, "problems": found} for each, found in reports.items()]
        _say(json.dumps(rows, indent=2))
    else:
        for each, found in reports.items():
            fine = "as it was sent" if each not in gone else "destroyed, and nothing of it is left"
            _say(f"{each}  {'; '.join(found) or fine}")
    return Permanent.exit_code if any(reports.values()) else 0


def _problems(library: Library, recording: str, keys: UnlockedKeys, config: _Config) -> list[str]:
    found = library.problems(recording, keys)
    if not found and config.publish == "film":
        film = config.films / library.card(recording).film_name
        if not film.is_file():
            found.append(f"its film {film} is missing; 'leerblik inbox open' makes it again")
    return found


def _verify_certificate(arguments: argparse.Namespace) -> int:
    keys = None if arguments.receipt_key else read_config(arguments.config).keys
    for line in check_certificate(arguments.file, arguments.receipt_key, keys):
        _say(line)
    return 0


def _open(arguments: argparse.Namespace) -> int:
    config = read_config(arguments.config)
    library = Library(config.library)
    recording = library.resolve(arguments.recording)
    final = arguments.to or config.films / library.card(recording).film_name
    if final.exists() and arguments.to is None:
        _say(str(final))  # it was published when it arrived
        return 0
    if final.exists():
        raise Refused(f"{final} exists and is not replaced")
    keys = _unlocked(arguments, config)
    if arguments.to is None:
        # First, so that an order to destroy finds the folder though its disk is not mounted then.
        TakenIn(config.library).note(recording, (FilmFolder(config.films, published=True).mark(),))
    with _tidy_when_ended():
        _make_film(library, recording, keys, config, final.absolute())
    _say(str(final))
    return 0


def _make_film(library: Library, recording: str, keys: UnlockedKeys, config: _Config, final: Path) -> None:
    films = Films(final.parent, keys, config.language)
    manifest = library.manifest(recording, keys)
    # Another hidden name than the intake's, which tidies its own away.
    part = final.parent / f".{final.name}.{recording}.part"
    with films.joined(manifest, library.path(recording), part) as made:
        if made is None:
            raise Permanent(f"the recording {recording} holds no picture; it ended as it began")
        films.publish(made, final)
    if not library.holds(recording):
        final.unlink(missing_ok=True)
        raise Refused(f"the recording {recording} was destroyed meanwhile; its film was not kept")


def _watch(arguments: argparse.Namespace) -> int:
    config = read_config(arguments.config)
    library = Library(config.library)
    recording = library.resolve(arguments.recording)
    keys = _unlocked(arguments, config)
    # In memory where there is such a place: then not even a power cut leaves the film behind.
    memory = os.environ.get("XDG_RUNTIME_DIR")
    place = memory if memory and Path(memory).is_dir() else None
    with (
        _tidy_when_ended(),
        disk_errors("showing a film"),
        tempfile.TemporaryDirectory(prefix="leerblik-", dir=place) as folder,
    ):
        film = Path(folder) / library.card(recording).film_name
        _make_film(library, recording, keys, config, film)
        watch(film)
    return 0


@contextmanager
def _tidy_when_ended() -> Iterator[None]:
    """Whatever ends us, also a terminal window that is closed: no half or whole film stays behind."""
    endings = (signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, signal.default_int_handler) for each in endings}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _keys(arguments: argparse.Namespace) -> int:
    folder = arguments.folder or read_config(arguments.config).keys
    public = make_coach_keys(folder, choose_passphrase(arguments.passphrase_fd))
    _say(f"The keys are in {folder}. Without the passphrase nobody opens a recording: keep both safe.")
    _say("Give every device these lines: paste all of them on its page, at the first start,")
    _say("or put them into its /etc/leerblik/leerblik.toml.\n\n[coach]")
    _say(f"recipient = {toml_value(public.recipient)}\nreceipt_key = {toml_value(public.receipt_key)}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
