"""A held recording in a real browser: it plays, jumps, and sound and picture stay together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

flask = pytest.importorskip("flask")

from device.review.film import MEDIA_TYPE, Film  # noqa: E402  # what comes first decides whether it is skipped
from device.review.ranges import answer_range  # noqa: E402
from tests.support.material import AUDIO  # noqa: E402
from tests.support.recognisable import numbered, telling  # noqa: E402
from tests.support.reviewing import join_journals, record, review  # noqa: E402
from tests.support.writing import Writing  # noqa: E402

PAGE = (
    "<!doctype html><html lang=nl><title>film</title><video src=/film.mp4 controls preload=metadata></video>"
)
VIDEO = "const video = document.querySelector('video');"
JUMP = f"""async to_s => {{
    {VIDEO}
    const shown = new Promise(done => video.requestVideoFrameCallback(done));
    const sought = new Promise(done => video.addEventListener('seeked', done, {{once: true}}));
    video.currentTime = to_s;
    await Promise.all([shown, sought]);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const drawing = canvas.getContext('2d');
    drawing.drawImage(video, 0, 0);
    const row = drawing.getImageData(0, Math.floor(canvas.height * 0.7), canvas.width, 1).data;
    return [video.currentTime, Array.from(row).filter((_, index) => index % 4 === 0)];
}}"""
# Plays on from where it is, and notes again and again which pitch is heard at which moment of the film.
LISTEN = f"""async until_s => {{
    {VIDEO}
    const context = new AudioContext();
    const ear = new AnalyserNode(context, {{fftSize: 8192, smoothingTimeConstant: 0}});
    context.createMediaElementSource(video).connect(ear).connect(context.destination);
    await context.resume();
    await video.play();
    const heard = [], levels = new Float32Array(ear.frequencyBinCount);
    while (video.currentTime < until_s && !video.error) {{
        await new Promise(done => setTimeout(done, 100));
        ear.getFloatFrequencyData(levels);
        const loudest = levels.indexOf(Math.max(...levels));
        heard.push([video.currentTime, loudest * context.sampleRate / 8192, levels[loudest]]);
    }}
    video.pause();
    return heard;
}}"""


@pytest.fixture(autouse=True)
def _no_writer_is_left_behind() -> Iterator[None]:
    yield
    for writing in list(Writing.running):
        writing.stop()


@pytest.fixture
def watch(page: Any, serve: Callable[[Any], str]) -> Callable[[Film], Any]:
    """Open a film in a page; gives the page when it knows how long the film is."""

    def open_page(film: Film) -> Any:
        page.goto(serve(_application(film)))
        page.wait_for_function(f"() => {{ {VIDEO} return video.readyState >= 2 || video.error }}")
        assert page.evaluate(f"() => {{ {VIDEO} return video.error && video.error.message }}") is None
        return page

    return open_page


def _application(film: Film) -> Any:
    application = flask.Flask("review")

    def send() -> Any:
        answer = answer_range(flask.request.headers.get("Range"), film.size_bytes)
        headers = {**answer.headers(), "ETag": film.etag, "Cache-Control": "no-store"}
        body = film.read(answer.from_byte, answer.to_byte)
        return flask.Response(body, answer.status, headers, mimetype=MEDIA_TYPE, direct_passthrough=True)

    application.add_url_rule("/film.mp4", view_func=send)
    application.add_url_rule("/", "page", lambda: PAGE)
    application.add_url_rule("/favicon.ico", "icon", lambda: ("", 204))
    return application


def _jump(page: Any, to_s: float) -> int:
    """Jump to a moment and return the number of the picture that is seen there."""
    at_s, row = page.evaluate(JUMP, to_s)
    assert abs(at_s - to_s) < 0.01
    stripe = len(row) // 10  # the number stands there as ten bits, dark or light, the lowest first
    bits = [sum(row[index * stripe : (index + 1) * stripe]) > 128 * stripe for index in range(10)]
    return sum(bit << index for index, bit in enumerate(bits))


def test_a_long_recording_can_be_watched_from_any_moment(
    watch: Callable[[Film], Any], tmp_path: Path
) -> None:
    """30 copies of a lesson of 10 s, so that what is sought lies far from what was loaded."""
    lesson = record(tmp_path / "lesson", numbered(0, 250), telling(0, 10.2), AUDIO, 4)
    page = watch(review(join_journals(tmp_path / "long", lesson, again=30)))
    assert abs(page.evaluate(f"() => {{ {VIDEO} return video.duration }}") - 300) < 0.1
    for to_s in (150.51, 140.21, 9.93, 299.7, 33.01, 87.99, 256.5, 64.0):
        assert abs(_jump(page, to_s) - int(to_s * 25) % 250) <= 1
    page.evaluate(f"() => {{ {VIDEO} return video.play() }}")
    page.wait_for_function(f"() => {{ {VIDEO} return video.currentTime > 65 }}")
    bytes_heard = page.evaluate(f"() => {{ {VIDEO} return video.webkitAudioDecodedByteCount }}")
    assert bytes_heard > 1000
    assert page.complaints == []


def test_behind_a_hole_in_sound_and_picture_both_are_together_again(
    watch: Callable[[Film], Any], tmp_path: Path
) -> None:
    """The microphone is away for a second, then everything; and the camera comes back with another encoder."""
    writing = Writing(tmp_path / "lesson", audio=AUDIO)
    writing.writer.set_aside_sound()
    writing.deliver(numbered(0, 100), [*telling(0, 1), *telling(2, 4)])
    writing.writer.set_aside_sound()
    writing.writer.camera_lost()
    writing.writer.new_camera_inlet()
    writing.deliver(numbered(150, 50, encoder="other"), telling(6, 8.2))
    writing.stop()
    page = watch(review(tmp_path / "lesson"))
    assert _jump(page, 5.0) == 99
    assert _jump(page, 7.01) == 175
    assert _jump(page, 0.5) in (12, 13)
    began_s = time.monotonic()
    heard = page.evaluate(LISTEN, 7.5)
    # It plays through and waits nowhere; a browser that stumbles over a hole never gets there.
    assert time.monotonic() - began_s < 30
    # The pitch at t seconds is 300 + 120 t Hz; what is heard left the file up to 0.25 s before.
    sounding = [(at_s, pitch_hz) for at_s, pitch_hz, level_db in heard if level_db > -25]
    early_s = [(pitch_hz - 300) / 120 - at_s for at_s, pitch_hz in sounding]
    assert {int(at_s) for at_s, _ in sounding} >= {0, 2, 3, 6, 7}
    assert max(early_s) < 0.2
    assert min(early_s) > -0.4
    silent = [at_s for at_s, _, level_db in heard if level_db < -80]
    assert any(1.3 < at_s < 2 for at_s in silent)
    assert any(4.4 < at_s < 6 for at_s in silent)
