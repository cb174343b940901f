"""The demonstration as a newcomer runs it: the command, its table, its film."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.houses import ffprobe_complaints


def test_a_synthetic_lesson_in_real_time_ends_with_a_film_of_which_every_frame_is_there(
    tmp_path: Path,
) -> None:
    done = _demo(tmp_path, "--seconds", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    film = _film(tmp_path)
    assert ffprobe_complaints(film) == ""
    assert _codecs(film) == ["h264", "aac"]
    assert [c["tags"]["title"] for c in _probe(film)["chapters"]] == ["Start", "Moment 1"]
    assert "recording → held → released → uploading → delivered → purged" in done.stdout
    assert not [p for p in (tmp_path / "demo" / "spool").rglob("*") if p.is_file()]


@pytest.mark.parametrize(
    ("container", "codecs"),
    [
        ("mp4", ["-c:v", "libx264", "-c:a", "aac"]),
        ("mkv", ["-c:v", "mpeg4", "-c:a", "libmp3lame", "-ar", "44100", "-ac", "2"]),
        ("mp4", ["-c:v", "libx264", "-an"]),
    ],
)
def test_a_film_of_any_kind_can_be_lens_and_microphone(
    tmp_path: Path, container: str, codecs: list[str]
) -> None:
    source = tmp_path / f"a film.{container}"
    _make_film(source, codecs)
    done = _demo(tmp_path, "--input", str(source), "--speed", "max")
    assert done.returncode == 0, done.stdout + done.stderr
    film = _film(tmp_path)
    assert ffprobe_complaints(film) == ""
    assert _frames(film) == _frames(source)
    assert abs(float(_probe(film)["format"]["duration"]) - 6.0) <= 0.2


def test_a_film_that_does_not_exist_is_one_clear_sentence_and_exit_code_65(tmp_path: Path) -> None:
    done = _demo(tmp_path, "--input", str(tmp_path / "none.mp4"))
    assert done.returncode == 65
    assert done.stderr.strip() == f"leerblik: there is no film at {tmp_path / 'none.mp4'}"


def test_a_folder_with_somebody_elses_files_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("mine", "utf-8")
    done = _demo(tmp_path)
    assert done.returncode == 3
    assert (tmp_path / "demo" / "thesis.txt").read_text("utf-8") == "mine"


def _demo(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "device.cli", "demo", "--folder", str(folder / "demo"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)


def _film(folder: Path) -> Path:
    (film,) = (folder / "demo" / "film").glob("*.mp4")
    return film


def _make_film(path: Path, codecs: list[str]) -> None:
    picture = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=6"]
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=6"]
    command = ["ffmpeg", "-v", "error", "-y", *picture, *sound, *codecs, "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, check=True)


def _probe(film: Path) -> dict[str, Any]:
    words = ["-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_chapters", "-count_frames"]
    done = subprocess.run(["ffprobe", *words, str(film)], capture_output=True, text=True, check=True)
    probed: dict[str, Any] = json.loads(done.stdout)
    return probed


def _codecs(film: Path) -> list[str]:
    return [stream["codec_name"] for stream in _probe(film)["streams"] if stream["codec_type"] != "data"]


def _frames(film: Path) -> int:
    return next(int(s["nb_read_frames"]) for s in _probe(film)["streams"] if s["codec_type"] == "video")
