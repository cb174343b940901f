"""The register's file: a decision is stored whole or not at all, readers follow it, and no change goes unseen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device.domain.errors import Permanent, Temporary
from device.domain.register.chain import Head
from device.domain.register.decisions import TeacherAdded
from device.domain.register.state import Register
from device.storage.register import FILE_NAME, MAX_BYTES, RegisterBook, RegisterReader
from tests.support.register import EARLIER, NOW, SCHOOL, TRAJECTORY, a_register, everything, folded, written

LINES = written(everything())
DATA = b"".join(line + b"\n" for line in LINES)
# What a child process needs to decide; the folder is its first argument.
CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from device.domain.errors import LeerblikError
from device.domain.register.decisions import TeacherAdded, TeacherLeft
from device.storage.register import RegisterBook

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
book = RegisterBook(Path(sys.argv[1]))

def add(teacher):
    return book.decide(NOW, "coach", TeacherAdded(teacher), clock_trusted=True)
"""


def child(script: str, folder: Path) -> subprocess.Popen[str]:
    code = CHILD + textwrap.dedent(script)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


def register_in(folder: Path, data: bytes = DATA) -> Path:
    path = folder / FILE_NAME
    path.write_bytes(data)
    return path


def add(book: RegisterBook, teacher: str) -> Register:
    return book.decide(NOW, "coach", TeacherAdded(teacher), clock_trusted=True)


def read(folder: Path) -> Register:
    return RegisterReader(folder).read()


def test_what_was_decided_is_read_by_another_reader_and_after_a_restart(tmp_path: Path) -> None:
    book, reader = RegisterBook(tmp_path), RegisterReader(tmp_path)
    assert reader.read() == Register()
    for said in everything():
        after = book.decide(said.at, said.by, said.decision, clock_trusted=True)
        assert after == reader.read() == book.read()
    assert after == a_register() == read(tmp_path) == RegisterBook(tmp_path).read()
    assert book.lines() == DATA == (tmp_path / FILE_NAME).read_bytes()


def test_only_its_owner_writes_it_and_nobody_else_on_the_machine_reads_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        add(RegisterBook(tmp_path), "abc")
    finally:
        os.umask(before)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o640


# --- power cuts


def test_a_power_cut_at_any_byte_loses_no_decision_that_was_whole(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    wholes = [folded(everything()[:count]) for count in range(len(LINES) + 1)]
    for cut in range(len(DATA) - len(LINES[-1]) - len(LINES[-2]), len(DATA) + 1):
        path.write_bytes(DATA[:cut])
        assert read(tmp_path) == wholes[DATA[:cut].count(b"\n")]


def test_after_a_power_cut_at_any_byte_writer_and_readers_go_on(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    line = len(LINES[-1]) + 1
    for cut in range(len(DATA) - line, len(DATA) + 1, 7):
        path.write_bytes(DATA[:cut])
        reader = RegisterReader(tmp_path)
        before = reader.read()
        book = RegisterBook(tmp_path)
        assert book.read() == before
        assert book.lines() == DATA[: DATA[:cut].rfind(b"\n") + 1]
        after = add(book, "jkl")
        assert after.head.number == before.head.number + 1
        assert reader.read() == after == read(tmp_path)
        assert add(book, "xyz") == reader.read() == read(tmp_path)


def test_what_the_power_left_of_a_longer_line_does_not_show_through(tmp_path: Path) -> None:
    path = register_in(tmp_path, DATA + b'{"at":"' + b"x" * 5000)
    after = add(RegisterBook(tmp_path), "jkl")
    assert path.read_bytes().startswith(DATA)
    assert read(tmp_path) == after
    assert b"xx" not in path.read_bytes()


def test_a_writer_that_is_killed_again_and_again_leaves_a_register_that_can_be_read(tmp_path: Path) -> None:
    script = """
    for number in range(10_000):
        add(f"t{number % 1000}")
        print(book.read().head.number, flush=True)
    """
    told = 0
    for lines in (3, 17, 40):
        process = child(script, tmp_path)
        assert process.stdout is not None
        for _ in range(lines):
            told = int(process.stdout.readline())
        process.kill()
        process.communicate()
        # What the writer said it stored is there, and at most what it was busy with besides.
        assert read(tmp_path).head.number >= told


# --- several processes


def test_two_readers_follow_a_writer_in_another_process(tmp_path: Path) -> None:
    process = child("[add(f't{number}') for number in range(300)]", tmp_path)
    readers, numbers = (RegisterReader(tmp_path), RegisterReader(tmp_path)), ([0], [0])
    while process.poll() is None:
        for reader, seen in zip(readers, numbers, strict=True):
            seen.append(reader.read().head.number)
    assert process.wait() == 0
    for reader, seen in zip(readers, numbers, strict=True):
        assert seen == sorted(seen)
        assert len(set(seen)) > 2
        assert reader.read() == read(tmp_path)
        assert reader.read().head.number == 300
    process.communicate()


def test_a_writer_that_goes_while_another_comes_does_not_break_the_chain(tmp_path: Path) -> None:
    writers = [child(f"[add(f'{letter}{{number}}') for number in range(40)]", tmp_path) for letter in "ab"]
    for process in writers:
        process.communicate()
        assert process.returncode == 0
    register = read(tmp_path)
    assert register.head.number == 80
    assert len(register.teachers) == 80


# --- a full card


def test_on_a_full_card_the_decision_is_not_made_and_the_next_one_is(tmp_path: Path) -> None:
    register_in(tmp_path)
    # The limit falls in the middle of a line: its first half can still be written.
    process = child(
        f"""
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        for room in (0, 1, 100, 150):
            resource.setrlimit(resource.RLIMIT_FSIZE, ({len(DATA)} + room, resource.RLIM_INFINITY))
            try:
                add("jkl")
            except LeerblikError as error:
                print(error.word, error)
            assert "jkl" not in book.read().teachers
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        add("xyz")
        """,
        tmp_path,
    )
    said, _ = process.communicate()
    assert process.returncode == 0
    sentences = said.splitlines()
    assert len(sentences) == 4
    for sentence in sentences:
        assert sentence.startswith("temporary ")
        assert sentence.endswith("the decision was not stored")
    register = read(tmp_path)
    assert register.head.number == len(LINES) + 1
    assert "xyz" in register.teachers


def test_a_decision_that_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    path = register_in(tmp_path)
    book = RegisterBook(tmp_path)
    long = replace(TRAJECTORY, trajectory="T", learning_question="x" * 301)
    with pytest.raises(Permanent, match="learning_question must be one line"):
        book.decide(NOW, "coach", long, clock_trusted=True)
    assert path.read_bytes() == DATA
    assert add(book, "jkl") == read(tmp_path)


# --- what was changed


SHORTER: dict[str, Callable[[Path], None]] = {
    "by a byte": lambda path: os.truncate(path, len(DATA) - 1),
    "by a line": lambda path: os.truncate(path, len(DATA) - len(LINES[-1]) - 1),
    "empty": lambda path: os.truncate(path, 0),
    "gone": Path.unlink,
}


@pytest.mark.parametrize("change", SHORTER)
def test_a_file_that_became_shorter_or_is_gone_counts_no_more_and_gets_no_more(
    tmp_path: Path, change: str
) -> None:
    path = register_in(tmp_path)
    reader, book = RegisterReader(tmp_path), RegisterBook(tmp_path)
    assert reader.read() == book.read()
    SHORTER[change](path)
    for read_again in (reader.read, reader.read, book.read):
        with pytest.raises(Permanent, match="is gone" if change == "gone" else "was changed"):
            read_again()
    with pytest.raises(Permanent):
        add(book, "jkl")
    assert not path.exists() or DATA.startswith(path.read_bytes())


def test_nothing_of_a_file_that_took_its_place_ever_counts(tmp_path: Path) -> None:
    path = register_in(tmp_path)
    reader = RegisterReader(tmp_path)
    known = reader.read()
    other = everything(school={"name": "Andere voorbeeldschool"}, group={"pupils": 200})
    forged = b"".join(line + b"\n" for line in written([*other, *other]))
    fresh = tmp_path / "fresh"
    fresh.write_bytes(forged[: len(DATA)])
    fresh.rename(path)
    assert reader.read() is known
    fresh.write_bytes(forged)
    fresh.rename(path)
    with pytest.raises(Permanent):
        reader.read()


@pytest.mark.parametrize("line", range(len(LINES)))
def test_a_line_that_was_changed_spoils_everything_and_nothing_is_added_to_it(
    tmp_path: Path, line: int
) -> None:
    lines = list(LINES)
    lines[line] = lines[line].replace(b'"by":"', b'"by":"x')
    data = b"".join(each + b"\n" for each in [*lines, *written(everything())[-1:]])
    path = register_in(tmp_path, data)
    with pytest.raises(Permanent, match="the register was changed"):
        read(tmp_path)
    book = RegisterBook(tmp_path)
    with pytest.raises(Permanent):
        add(book, "jkl")
    assert path.read_bytes() == data


@pytest.mark.parametrize("line", range(len(LINES)))
def test_a_check_finds_whatever_was_changed_behind_the_back_of_who_has_read_it(
    tmp_path: Path, line: int
) -> None:
    path, book = register_in(tmp_path), RegisterBook(tmp_path)
    assert book.check() == folded(everything()).head
    begin = sum(len(each) + 1 for each in LINES[:line])
    for at in range(begin, begin + len(LINES[line])):
        # Also where the line still reads well: another letter in a name, another figure.
        path.write_bytes(DATA[:at] + bytes([DATA[at] ^ 1]) + DATA[at + 1 :])
        with pytest.raises(Permanent):
            book.check()
    path.write_bytes(DATA)
    assert add(book, "jkl").head == book.check()


def test_a_check_finds_a_register_that_was_written_anew_whole_in_itself(tmp_path: Path) -> None:
    path, book = register_in(tmp_path), RegisterBook(tmp_path)
    book.read()
    other = everything(school={"name": "Voorbeeldschoo1"})
    path.write_bytes(b"".join(each + b"\n" for each in written(other)))
    with pytest.raises(Permanent, match="not as it was read"):
        book.check()


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\x0b", b"\x85", b"\n\n"])
def test_lines_end_in_one_way_only(tmp_path: Path, end: bytes) -> None:
    register_in(tmp_path, DATA.replace(b"\n", end, 1))
    with pytest.raises(Permanent):
        read(tmp_path)


def test_a_register_without_the_line_that_was_seen_last_was_changed(tmp_path: Path) -> None:
    register_in(tmp_path)
    seen = read(tmp_path).head
    assert RegisterReader(tmp_path, seen).read().head == seen
    add(RegisterBook(tmp_path), "jkl")
    assert RegisterReader(tmp_path, seen).read().head.number == seen.number + 1
    for data in (b"", DATA[: -len(LINES[-1]) - 1], DATA[:-1]):
        register_in(tmp_path, data)
        reader = RegisterReader(tmp_path, seen)
        for _ in range(2):
            with pytest.raises(Permanent, match="lacks decisions"):
                reader.read()
    other = everything()[:-1] + everything(booking={"sound": False})[-1:]
    for history in (other, [*other, *everything()]):
        register_in(tmp_path, b"".join(line + b"\n" for line in written(history)))
        with pytest.raises(Permanent, match=f"changed up to line {seen.number}"):
            RegisterReader(tmp_path, seen).read()


def test_a_file_of_unreasonable_size_is_not_even_read(tmp_path: Path) -> None:
    path = register_in(tmp_path)
    os.truncate(path, MAX_BYTES + 1)
    with pytest.raises(Permanent, match="was changed"):
        read(tmp_path)


def test_what_cannot_be_read_or_written_now_may_be_later(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    book = RegisterBook(tmp_path)
    for attempt in (lambda: read(tmp_path), book.read, book.lines, lambda: add(book, "abc")):
        with pytest.raises(Temporary, match="register"):
            attempt()
    (tmp_path / FILE_NAME).rmdir()
    assert add(book, "abc").teachers == {"abc": True}


def test_an_export_is_lines_of_json_that_anybody_can_check(tmp_path: Path) -> None:
    book = RegisterBook(tmp_path)
    assert book.lines() == b""
    register_in(tmp_path, DATA + b'{"half')
    lines = book.lines().split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line)["number"] for line in lines] == list(range(1, len(LINES) + 1))
    assert json.loads(lines[0])["what"]["name"] == SCHOOL.name
    assert json.loads(lines[0])["at"] == EARLIER.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert Head(len(LINES), a_register().head.sha256) == read(tmp_path).head
