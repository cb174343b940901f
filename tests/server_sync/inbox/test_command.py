"""``leerblik inbox`` as the coach types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pyrage
import pytest

from device import cli
from device.domain.receipt import read_public_key
from server_sync.inbox.film_folder import FilmFolder
from server_sync.inbox.library import Library
from server_sync.inbox.taken_in import TakenIn
from tests.server_sync.inbox.conftest import lock_quickly
from tests.support.footage import Sealed, cut, encode, seal_recording

ROOT = Path(__file__).parents[3]
PASSPHRASE = "een zin die niemand raadt"
MAIN = ["-m", "device.cli", "inbox"]


def descriptor(passphrase: str) -> int:
    read_fd, write_fd = os.pipe()
    os.write(write_fd, passphrase.encode())
    os.close(write_fd)
    return read_fd


def leerblik(*arguments: str | Path, passphrase: str | None = None) -> int:
    words = ["inbox", *map(str, arguments)]
    if passphrase is not None:
        words += ["--passphrase-fd", str(descriptor(passphrase))]
    return cli.main(words)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coach") / "keys"
    assert leerblik("keys", folder, passphrase=PASSPHRASE) == 0
    path = folder / "coach.key.age"
    path.write_bytes(lock_quickly(pyrage.passphrase.decrypt(path.read_bytes(), PASSPHRASE), PASSPHRASE))
    return folder


def test_what_the_keys_print_can_be_put_into_a_devices_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leerblik("keys", tmp_path / "keys", passphrase=PASSPHRASE) == 0
    sentence, lines = capsys.readouterr().out.split("\n\n")
    assert "/etc/leerblik/leerblik.toml" in sentence
    coach = tomllib.loads(lines)["coach"]
    assert coach["recipient"].startswith("age1")
    read_public_key(coach["receipt_key"])


@pytest.fixture
def config(tmp_path: Path, keys: Path) -> Path:
    for name in ("inbox", "receipts"):
        (tmp_path / "box" / name).mkdir(parents=True)
    path = tmp_path / "leerblik.toml"
    path.write_text(
        f'[recorder]\nother = 1\n[inbox]\ndrop_box_dir = "{tmp_path}/box"\nlibrary_dir = "{tmp_path}/library"\n'
        f'film_dir = "{tmp_path}/films"\nkeys_dir = "{keys}"\npoll_interval_s = 0.1\n'
    )
    return path


def send(config: Path, keys: Path) -> Sealed:
    recipient = pyrage.x25519.Recipient.from_str((keys / "coach.pub").read_text().strip())
    sealed = seal_recording(cut(encode(4), [0, 2], 4), [recipient])
    inbox = config.parent / "box" / "inbox"
    for name, data in sealed.objects.items():
        (inbox / f"{name}.age").write_bytes(data)
    (inbox / f"{sealed.manifest_object}.manifest.age").write_bytes(sealed.manifest_bytes)
    return sealed


@pytest.fixture
def received(config: Path, keys: Path) -> Sealed:
    sealed = send(config, keys)
    assert leerblik("--config", config, "once", passphrase=PASSPHRASE) == 0
    return sealed


def test_a_received_recording_is_listed_without_the_passphrase(
    config: Path, received: Sealed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leerblik("--config", config, "list", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["recording"] == received.manifest.recording
    assert (row["duration_us"], row["state"], row["segments"]) == (4_000_000, "film", 2)
    assert Path(row["film"]).is_file()
    assert leerblik("--config", config, "list") == 0
    assert received.manifest.recording in capsys.readouterr().out


def test_the_list_says_that_orders_wait_and_that_a_library_is_not_there(
    config: Path, received: Sealed, capsys: pytest.CaptureFixture[str]
) -> None:
    away = (config.parent / "library").rename(config.parent / "unplugged")
    (config.parent / "box" / "inbox" / f"{received.manifest_object}.order.age").write_bytes(b"sealed")
    assert leerblik("--config", config, "list") == 0
    said = capsys.readouterr().out
    assert "1 order(s) to destroy wait in the drop box" in said
    assert "is not there; is its disk mounted?" in said
    assert "no recordings have arrived yet" not in said
    assert leerblik("--config", config, "once", passphrase=PASSPHRASE) == 75
    assert not (config.parent / "library").exists()
    away.rename(config.parent / "library")


def test_a_film_that_was_opened_is_known_by_the_folder_that_it_lies_in(
    config: Path, received: Sealed, tmp_path: Path
) -> None:
    recording = received.manifest.recording
    first = FilmFolder(tmp_path / "films", published=True).mark()
    (tmp_path / "films").rename(tmp_path / "films of before")
    assert leerblik("--config", config, "open", recording, passphrase=PASSPHRASE) == 0
    second = FilmFolder(tmp_path / "films", published=True).mark()
    assert set(TakenIn(tmp_path / "library").films(recording) or ()) == {first, second}
    assert first != second


def test_verify_names_what_was_damaged_and_open_makes_the_film_again(
    config: Path, received: Sealed, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = received.manifest.recording
    (film,) = (config.parent / "films").glob("*.mp4")
    original = film.read_bytes()
    film.unlink()
    assert leerblik("--config", config, "verify", passphrase=PASSPHRASE) == 65
    assert "is missing; 'leerblik inbox open'" in capsys.readouterr().out
    assert leerblik("--config", config, "open", recording[:16].lower(), passphrase=PASSPHRASE) == 0
    assert film.read_bytes() == original
    assert capsys.readouterr().out == f"{film}\n"
    path = config.parent / "library" / recording / f"{received.manifest.segments[1].object}.age"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert leerblik("--config", config, "verify", "--json", passphrase=PASSPHRASE) == 65
    (row,) = json.loads(capsys.readouterr().out)
    assert row == {
        "recording": recording,
        "problems": [f"{path.name} is damaged: its content is not what the device sent"],
    }


def test_open_never_replaces_a_file(
    config: Path, received: Sealed, capsys: pytest.CaptureFixture[str]
) -> None:
    target = config.parent / "mine.mp4"
    target.write_bytes(b"mine")
    assert leerblik("--config", config, "open", received.manifest.recording, "--to", target) == 3
    assert target.read_bytes() == b"mine"
    assert "is not replaced" in capsys.readouterr().err


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a player on the PATH that notes what it was given to play."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "mpv"
    program.write_text(
        f'#!/bin/sh\nfor last; do :; done\ncp "$last" "{tmp_path}/shown"\necho "$last" > "{tmp_path}/where"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    return program


def test_watch_shows_the_film_and_leaves_none_behind(config: Path, received: Sealed, player: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert leerblik("--config", config, "watch", received.manifest.recording, passphrase=PASSPHRASE) == 0
    assert signal.getsignal(signal.SIGTERM) == before
    where = Path((config.parent / "where").read_text().strip())
    assert (config.parent / "shown").read_bytes()[4:8] == b"ftyp"
    assert not where.parent.exists()


def test_without_a_player_watch_says_what_to_install(
    config: Path, received: Sealed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert leerblik("--config", config, "watch", received.manifest.recording, passphrase=PASSPHRASE) == 65
    assert "install mpv or VLC" in capsys.readouterr().err


def test_a_wrong_passphrase_is_one_sentence_and_exit_code_3(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leerblik("--config", config, "once", passphrase="not this one") == 3
    said = capsys.readouterr().err
    assert said.startswith("leerblik: the passphrase does not open")
    assert said.count("\n") == 1


def test_without_a_terminal_the_passphrase_is_not_read_from_anything(config: Path) -> None:
    done = subprocess.run(
        [sys.executable, *MAIN, "--config", str(config), "once"],
        cwd=ROOT,
        input=PASSPHRASE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "--passphrase-fd" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "has no table [inbox]"),
        ("[inbox]\ndrop_box_dir = 3\n", "inbox.drop_box_dir"),
        ("[inbox]\nfilms = 'x'\n", "unknown key inbox.films"),
        ("[inbox", "not valid TOML"),
    ],
)
def test_a_wrong_configuration_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, named: str
) -> None:
    path = tmp_path / "leerblik.toml"
    path.write_text(text)
    assert leerblik("--config", path, "list") == 65
    assert named in capsys.readouterr().err


def test_a_beginning_that_fits_no_recording_is_named(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leerblik("--config", config, "open", "01ZZ") == 65
    assert "no recording '01ZZ'" in capsys.readouterr().err


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_daemon_takes_in_what_arrives_and_ends_cleanly_when_told(
    config: Path, keys: Path, end: signal.Signals
) -> None:
    fd = descriptor(PASSPHRASE)
    daemon = subprocess.Popen(
        [sys.executable, *MAIN, "--config", str(config), "run", "--passphrase-fd", str(fd)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        pass_fds=[fd],
        text=True,
    )
    os.close(fd)
    try:
        assert daemon.stderr is not None
        assert "watching" in daemon.stderr.readline()
        sealed = send(config, keys)
        said = daemon.stderr.readline()
        while "accepted" not in said:
            said = daemon.stderr.readline()
        assert f"accepted: {sealed.manifest.recording}: film " in said
        daemon.send_signal(end)
        assert daemon.wait() == 0
        assert "Traceback" not in daemon.stderr.read()
    finally:
        daemon.kill()
        daemon.wait()
    assert Library(config.parent / "library").recordings() == [sealed.manifest.recording]
