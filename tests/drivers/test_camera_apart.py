"""A camera in a process of its own: what hangs or dies there is ended there, and the recorder goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.domain.errors import Permanent, Refused, Stuck, Temporary
from device.drivers.camera import _outbox
from device.drivers.camera._apart import ApartCamera, Limits
from device.drivers.camera._outbox import Outbox
from device.drivers.camera._wire import Message, Wire
from device.ports import VideoPacket
from tests.support.cameras import SYNTHETIC, apart, leave, synthetic_apart, warm_leave
from tests.support.permits import permit
from tests.support.pictures import decode
from tests.support.sinks import CollectingSink

pytestmark = pytest.mark.slow

LIMIT_S = 20.0


@pytest.fixture
def sink() -> CollectingSink:
    return CollectingSink()


@pytest.fixture
def camera() -> Iterator[ApartCamera]:
    lens = synthetic_apart()
    yield lens
    lens.stop()


def film(camera: ApartCamera, sink: CollectingSink) -> int:
    """Start, wait until it films, and return its process."""
    camera.start(permit(sound=False), sink, time.monotonic_ns())
    sink.wait_for_packets(3)
    return process_of(camera)


def process_of(camera: ApartCamera) -> int:
    assert camera._child is not None
    assert camera._child.pid is not None
    return camera._child.pid


def eventually(condition: Callable[[], bool], what: str) -> None:
    until_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < until_s, f"waited in vain for {what}"
        time.sleep(0.01)


def is_gone(process: int) -> bool:
    """Tell whether a process is dead; a corpse that nobody buried yet is dead, too."""
    try:
        return state(Path(f"/proc/{process}")) in "ZX"
    except (FileNotFoundError, ProcessLookupError):  # it may go between opening and reading
        return True


def state(task: Path) -> str:
    """Return the kernel's letter for what a process or thread does."""
    return (task / "stat").read_text("ascii").rpartition(")")[2].split()[0]


def freeze(process: int) -> None:
    """Stop a process. The signal is only the beginning: its other threads may run for some milliseconds more."""
    os.kill(process, signal.SIGSTOP)
    tasks = Path(f"/proc/{process}/task")
    eventually(lambda: all(state(task) == "T" for task in tasks.iterdir()), "it to freeze")


def test_a_process_that_nothing_ends_is_not_forgotten(
    camera: ApartCamera, sink: CollectingSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = film(camera, sink)
    freeze(process)
    with monkeypatch.context() as patch:
        # The kernel can hold a process in a call to the camera: then no signal ends it.
        patch.setattr(subprocess.Popen, "kill", lambda _: None)
        for ask in (camera.stop, camera.stop, lambda: camera.start(permit(), sink, 0)):
            with pytest.raises(Stuck, match="switch the device off"):
                ask()
    os.kill(process, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{process}").exists(), "it to end")
    camera.stop()
    film(camera, CollectingSink())


def test_a_camera_that_is_killed_is_reported_once_and_can_be_started_again(
    camera: ApartCamera, sink: CollectingSink
) -> None:
    os.kill(film(camera, sink), signal.SIGKILL)
    sink.wait(lambda: bool(sink.camera_problems), "the death to be noticed")
    assert "SIGKILL" in sink.camera_problems[0]
    camera.stop()
    assert len(sink.camera_problems) == 1
    again = CollectingSink()
    film(camera, again)
    assert again.packets[0].key


def test_a_frozen_camera_counts_no_frames_and_is_ended_by_stop(
    camera: ApartCamera, sink: CollectingSink, caplog: pytest.LogCaptureFixture
) -> None:
    process = film(camera, sink)
    freeze(process)
    eventually(lambda: _stands_still(camera), "the count to stand still")
    camera.stop()
    assert is_gone(process)
    assert "did not close" in caplog.text
    assert not sink.camera_problems


def _stands_still(camera: ApartCamera) -> bool:
    before = camera.frames()
    time.sleep(0.2)
    return camera.frames() == before


def test_a_frozen_camera_that_does_not_obey_blanking_is_killed(
    camera: ApartCamera, sink: CollectingSink
) -> None:
    process = film(camera, sink)
    freeze(process)
    camera.blank(True)
    sink.wait(lambda: bool(sink.camera_problems), "the failure to be told")
    assert is_gone(process)


def test_a_camera_that_hangs_while_it_closes_loses_its_process(
    sink: CollectingSink, caplog: pytest.LogCaptureFixture
) -> None:
    camera = apart("that_hangs_in_stop")
    process = film(camera, sink)
    camera.stop()
    count = len(sink.packets)
    assert is_gone(process)
    assert "did not close" in caplog.text
    assert len(sink.packets) == count
    assert camera.frames() >= 3


def test_a_camera_that_does_not_open_in_time_is_temporary_and_leaves_no_process(sink: CollectingSink) -> None:
    target = "tests.support.cameras:that_hangs_in_start"
    camera = ApartCamera(target, SYNTHETIC, limits=Limits(1.5, 1.0, 0.5))
    with pytest.raises(Temporary, match="did not answer"):
        camera.start(permit(sound=False), sink, 0)
    assert camera._child is None
    assert not sink.camera_problems
    camera.stop()


@pytest.mark.parametrize("attempt", ["format", "start", "aim"])
def test_what_the_driver_says_arrives_as_it_was_said(sink: CollectingSink, attempt: str) -> None:
    camera = apart("that_is_absent")
    calls: dict[str, Callable[[], object]] = {
        "format": camera.format,
        "start": lambda: camera.start(permit(sound=False), sink, 0),
        "aim": lambda: camera.aim(leave()),
    }
    with pytest.raises(Temporary, match=r"^no camera was found; check its cable$"):
        calls[attempt]()
    assert not sink.camera_problems
    assert camera._child is None


def test_a_wrong_setting_is_refused_by_the_driver_that_it_is_for() -> None:
    with pytest.raises(Permanent, match=r"camera\.synthetic\.width must be even"):
        synthetic_apart(width=321).format()


def test_a_crash_while_opening_is_temporary_and_names_the_signal(sink: CollectingSink) -> None:
    with pytest.raises(Temporary, match="SIGSEGV"):
        apart("that_crashes_in_start").start(permit(sound=False), sink, 0)
    assert not sink.camera_problems


def test_a_flaw_in_a_driver_is_a_sentence_and_not_a_silence(sink: CollectingSink) -> None:
    with pytest.raises(Temporary, match="ZeroDivisionError: a flaw"):
        apart("that_has_a_flaw").start(permit(sound=False), sink, 0)


def test_masks_that_fail_in_the_process_blacken_the_film_and_are_told(sink: CollectingSink) -> None:
    camera = apart("that_cannot_paint")
    camera.mask([((0, 0), (100, 0), (0, 100))])
    camera.start(permit(sound=False), sink, time.monotonic_ns())
    sink.wait_for_packets(20)
    camera.stop()
    pictures = decode(sink.packets)
    assert all(picture.max() >= 60 for picture in pictures[:10])
    assert all(picture.max() <= 20 for picture in pictures[10:])
    assert len(sink.privacy_problems) == 1


def test_the_process_holds_no_file_of_the_recorder(
    camera: ApartCamera, sink: CollectingSink, tmp_path: Path
) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        process = film(camera, sink)
        held = [str(each.readlink()) for each in Path(f"/proc/{process}/fd").iterdir()]
    assert str(tmp_path / "secret") not in held
    assert sum(each.startswith("socket:") for each in held) == 1


def test_a_signal_to_everybody_does_not_end_the_camera(camera: ApartCamera, sink: CollectingSink) -> None:
    process = film(camera, sink)
    assert os.getpgid(process) == process
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(process, number)
    sink.wait_for_packets(len(sink.packets) + 5)


def test_no_process_is_there_before_start_or_after_stop(camera: ApartCamera, sink: CollectingSink) -> None:
    camera.format()
    assert camera._child is None
    process = film(camera, sink)
    camera.stop()
    assert is_gone(process)
    assert not Path(f"/proc/{process}").exists()


def test_the_format_is_asked_once_and_again_after_a_failure(sink: CollectingSink, tmp_path: Path) -> None:
    camera = synthetic_apart()
    first = camera.format()
    camera._target = "tests.support.cameras:that_is_absent"
    assert camera.format() == first
    with pytest.raises(Temporary):
        camera.start(permit(sound=False), sink, 0)
    with pytest.raises(Temporary, match="no camera"):
        camera.format()


def test_asking_for_the_format_while_filming_disturbs_nothing(
    camera: ApartCamera, sink: CollectingSink
) -> None:
    process = film(camera, sink)
    assert camera.format().width == SYNTHETIC["width"]
    sink.wait_for_packets(len(sink.packets) + 5)
    assert process_of(camera) == process


def test_a_camera_in_trouble_is_not_asked_at_every_look() -> None:
    camera = apart("that_is_absent")
    for _ in range(3):
        with pytest.raises(Temporary, match="no camera was found"):
            camera.format()
        camera._target = "tests.support.cameras:that_has_a_flaw"
    camera._quiet_until_s = 0.0
    assert camera.format().width == SYNTHETIC["width"]
    camera._target = "tests.support.cameras:that_is_absent"
    assert camera.format().width == SYNTHETIC["width"]


def test_blanking_while_the_lens_is_being_opened_lets_no_picture_through(sink: CollectingSink) -> None:
    camera = apart("that_opens_slowly")
    opening = threading.Thread(target=camera.start, args=(permit(sound=False), sink, time.monotonic_ns()))
    opening.start()
    eventually(lambda: camera._child is not None, "the opening to begin")
    camera.blank(True)
    opening.join()
    sink.wait_for_packets(15)
    camera.stop()
    assert all(picture.max() <= 20 for picture in decode(sink.packets))


@pytest.mark.parametrize("hangs", ["start", "aim", "format"])
def test_stop_ends_a_camera_that_is_being_opened_at_once(sink: CollectingSink, hangs: str) -> None:
    camera = apart(f"that_hangs_in_{hangs}")
    tries: dict[str, Callable[[], object]] = {
        "start": lambda: camera.start(permit(sound=False), sink, time.monotonic_ns()),
        "aim": lambda: camera.aim(leave()),
        "format": camera.format,
    }
    said: list[str] = []

    def open_it() -> None:
        try:
            tries[hangs]()
        except Temporary as error:
            said.append(str(error))

    opener = threading.Thread(target=open_it)
    opener.start()
    eventually(lambda: camera._child is not None and camera._child.pid is not None, "a process")
    process = process_of(camera)
    camera.stop()
    opener.join()
    # Not "did not answer within 10 s".
    assert said == ["the camera was stopped while it was being opened"]
    eventually(lambda: is_gone(process), "the process to be gone")
    assert not sink.camera_problems
    camera._target = "tests.support.cameras:that_opens_slowly"
    assert camera.format().width == SYNTHETIC["width"]  # what was given up is not held against it
    film(camera, sink)
    camera.stop()


def test_stop_ends_a_camera_also_before_its_process_is_there(camera: ApartCamera) -> None:
    looks: list[threading.Thread] = []
    for _ in range(8):
        looks.append(threading.Thread(target=lambda: _look(camera)))
        looks[-1].start()
        camera.stop()
        while looks[-1].is_alive():
            camera.stop()
            looks[-1].join(0.01)
        camera.stop()
        assert camera._child is None


def _look(camera: ApartCamera) -> None:
    with contextlib.suppress(Temporary):
        camera.aim(leave())


def test_aiming_ends_by_itself_when_its_time_is_over(camera: ApartCamera) -> None:
    camera.aim(leave())
    camera.aim(leave(ago_s=119.5))
    process = process_of(camera)
    eventually(lambda: is_gone(process), "the lens to close")
    with pytest.raises(Refused):
        camera.aim(leave(ago_s=120.1))


def test_aiming_with_a_frozen_library_ends_too(sink: CollectingSink) -> None:
    camera = apart("that_hangs_in_stop")
    camera.aim(leave())
    camera.aim(leave(ago_s=119.5))
    process = process_of(camera)
    eventually(lambda: is_gone(process), "the kernel to close the lens")
    assert camera.aim(leave()).startswith(b"\xff\xd8")
    camera.stop()


PARENT = """
import sys, time
from tests.support.cameras import synthetic_apart
from tests.support.permits import permit
from tests.support.sinks import CollectingSink
camera, sink = synthetic_apart(), CollectingSink()
camera.start(permit(sound=False), sink, time.monotonic_ns())
sink.wait_for_packets(3)
print(camera._child.pid, flush=True)
time.sleep(3600)
"""


@pytest.mark.parametrize("frozen", [False, True])
def test_the_camera_dies_with_the_recorder_also_when_both_cannot_help_it(*, frozen: bool) -> None:
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=root, text=True
    ) as parent:
        assert parent.stdout is not None
        process = int(parent.stdout.readline())
        if frozen:
            freeze(process)
        parent.kill()
        parent.wait()
        eventually(lambda: is_gone(process), "the camera to die")


def test_it_can_be_started_from_a_thread_that_ends(camera: ApartCamera, sink: CollectingSink) -> None:
    thread = threading.Thread(target=film, args=(camera, sink))
    thread.start()
    thread.join()
    sink.wait_for_packets(len(sink.packets) + 10)


def test_many_starts_and_stops_leave_nothing_behind(camera: ApartCamera) -> None:
    film(camera, CollectingSink())
    camera.stop()
    before, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    for _ in range(int(os.environ.get("LEERBLIK_CYCLES", "4"))):
        sink = CollectingSink()
        camera.start(permit(sound=False), sink, time.monotonic_ns())
        camera.stop()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert threading.active_count() == threads


def test_a_sink_that_fails_does_not_leave_a_camera_running(camera: ApartCamera) -> None:
    class Failing(CollectingSink):
        def video(self, packet: VideoPacket) -> bool:
            raise MemoryError

    noticed = threading.Event()
    before = threading.excepthook
    threading.excepthook = lambda _: noticed.set()
    try:
        camera.start(permit(sound=False), Failing(), time.monotonic_ns())
        process = process_of(camera)
        assert noticed.wait(LIMIT_S)
    finally:
        threading.excepthook = before
    assert is_gone(process)


# --- what comes out of the process and is no message


def frame(line: bytes, payload: bytes = b"") -> bytes:
    return struct.pack("!II", len(line), len(payload)) + line + payload


@pytest.mark.parametrize(
    "says",
    [
        b"terminate called after throwing an instance of 'std::runtime_error'\n",
        struct.pack("!II", 2, 0xFFFFFFF0) + b"[]",
        frame(b"abc"),
        frame(b"\xff\xfe"),
        frame(b"[" * 100_000),
        frame(b"5"),
        frame(b'["video"]'),
        frame(b'["video", [1]]'),
        frame(b'["video", {}]', b"x"),
        frame(b'["video", {"pts_ns": 5, "key": true, "frames": 1}]'),
        frame(b'["video", {"pts_ns": "x", "key": true, "frames": 1}]', b"x"),
        frame(b'["video", {"pts_ns": 1' + b"0" * 40 + b', "key": true, "frames": 1}]', b"x"),
        frame(b'["problem", {"word": "x", "sentence": "y"}]'),
        frame(b'["room", {"timeout_s": 1e300}]'),
        frame(b'["room", {"timeout_s": NaN}]'),
        frame(b'["stopped", {"frames": null}]'),
        frame(b'["unheard-of", {}]'),
    ],
    ids=lambda says: says[8:40].decode("ascii", "replace"),
)
def test_what_is_no_message_is_a_camera_that_failed_once_and_is_ended(
    sink: CollectingSink, says: bytes
) -> None:
    camera = apart("that_talks_nonsense", says=says.hex())
    process = film(camera, sink)
    try:
        sink.wait(lambda: bool(sink.camera_problems), "the failure to be told")
        eventually(lambda: is_gone(process), "the process to be gone")
    finally:
        camera.stop()
    assert len(sink.camera_problems) == 1
    assert "unintelligible" in sink.camera_problems[0]


def test_a_format_that_is_none_is_temporary() -> None:
    camera = apart("that_has_no_rate")
    with pytest.raises(Temporary):
        camera.format()


# --- the queue that leaves the process


@pytest.fixture
def wires() -> Iterator[tuple[Wire, Wire]]:
    ours, theirs = socket.socketpair()
    pair = Wire(ours), Wire(theirs)
    yield pair
    for wire in pair:
        wire.close()


def packet(number: int, *, key: bool = False) -> VideoPacket:
    return VideoPacket(b"x" * 100, number, key)


def test_a_slow_reader_costs_pictures_up_to_a_key_frame_and_the_loss_is_told(
    wires: tuple[Wire, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_outbox, "MAX_PACKETS", 5)
    outbox = Outbox(wires[0])
    outbox.hold()
    taken = [outbox.put_video(packet(number, key=number == 0), number) for number in range(8)]
    assert taken == [True] * 5 + [False] * 3
    outbox.release(Message("done"))
    outbox.flush()
    assert not outbox.put_video(packet(8), 8)
    assert outbox.put_video(packet(9, key=True), 9)
    kinds = [_heard(wires[1]) for _ in range(8)]
    assert kinds == ["done", *["video"] * 5, "dropped", "video"]


def _heard(wire: Wire) -> str:
    message = wire.receive()
    assert message is not None
    return message.kind


def test_a_message_arrives_whole_whatever_its_size(wires: tuple[Wire, Wire]) -> None:
    payload = os.urandom(3_000_000)
    sender = threading.Thread(target=wires[0].send, args=("video", payload), kwargs={"key": True})
    sender.start()
    assert wires[1].receive() == Message("video", {"key": True}, payload)
    sender.join()
    wires[0].close()
    assert wires[1].receive() is None
    wires[1].send("room", room=True)  # nobody is there; it must not raise


# --- standing ready


def test_the_process_that_stood_ready_is_the_one_that_films(
    camera: ApartCamera, sink: CollectingSink
) -> None:
    camera.prepare(warm_leave())
    ready = process_of(camera)
    assert film(camera, sink) == ready


def test_a_lesson_outlives_the_leave_with_which_its_camera_stood_ready(
    camera: ApartCamera, sink: CollectingSink
) -> None:
    camera.prepare(warm_leave(1.0))
    film(camera, sink)
    # Had nobody taken the alarm back, the kernel would have ended the process two seconds after the leave.
    sink.wait_for_packets(120)
    assert not sink.camera_problems


def test_a_process_that_died_while_it_stood_ready_is_noticed_and_the_lesson_begins_without_it(
    camera: ApartCamera, sink: CollectingSink
) -> None:
    camera.prepare(warm_leave())
    ready = process_of(camera)
    os.kill(ready, signal.SIGKILL)
    eventually(lambda: not camera.is_prepared(), "the death to be noticed")
    assert film(camera, sink) != ready
    assert not sink.camera_problems


@pytest.mark.parametrize("function", ["that_opens_only_anew", "that_hangs_when_it_stood_ready"])
def test_a_camera_that_stood_ready_is_never_worse_than_one_that_did_not(
    function: str, sink: CollectingSink
) -> None:
    camera = ApartCamera(f"tests.support.cameras:{function}", SYNTHETIC, limits=Limits(10.0, 1.0, 1.0, 0.5))
    camera.prepare(warm_leave())
    ready = process_of(camera)
    try:
        assert film(camera, sink) != ready
        assert is_gone(ready)
        assert not sink.camera_problems
    finally:
        camera.stop()


def test_a_camera_that_never_gets_ready_is_given_up_by_whoever_stops_it() -> None:
    camera = apart("that_hangs_in_prepare")
    problems: list[str] = []

    def get_ready() -> None:
        try:
            camera.prepare(warm_leave())
        except Temporary as error:
            problems.append(str(error))

    waiting = threading.Thread(target=get_ready)
    waiting.start()
    eventually(lambda: camera._child is not None and camera._child.pid is not None, "it to begin")
    camera.stop()
    waiting.join(LIMIT_S)
    assert not waiting.is_alive()
    assert len(problems) == 1
    assert not camera.is_prepared()


def test_a_camera_that_is_absent_does_not_stand_ready() -> None:
    camera = apart("that_is_absent")
    with pytest.raises(Temporary, match="no camera was found"):
        camera.prepare(warm_leave())
    assert not camera.is_prepared()
    assert camera._child is None


def test_with_the_recorder_the_process_that_stood_ready_ends() -> None:
    code = (
        "import os, time; from tests.support.cameras import synthetic_apart, warm_leave; "
        "camera = synthetic_apart(); camera.prepare(warm_leave()); "
        "print(camera._child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout is not None
        ready = int(recorder.stdout.readline())
        assert not is_gone(ready)
        recorder.kill()
    eventually(lambda: is_gone(ready), "it to end with the recorder")
