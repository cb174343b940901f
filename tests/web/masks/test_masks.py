"""Aim and masks, against a real recorder: nobody looks without a press, and what was drawn is what is masked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from device.recorder.masks import NAME
from device.web.app import access_table
from device.web.roles import Role
from tests.support.waiting import wait_for
from tests.web.masks.room import QUARTER, Room

JPEG = b"\xff\xd8\xff"
RECTANGLE = {"left": "50", "top": "25", "width": "12,5", "height": "75 %"}
TYPED = [[5000, 2500], [6250, 2500], [6250, 10000], [5000, 10000]]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Room(tmp_path) as made:
        yield made


def masked(room: Room) -> list[list[list[int]]]:
    polygons: list[list[list[int]]] = room.ask("masks")["polygons"]
    return polygons


def fields_of(page: str) -> dict[str, str]:
    """Return what the form of the drawing carries, as a browser would send it."""
    found = re.findall(r'<input type="hidden" name="(polygons|seen)"[^>]* value="([^"]*)"', page)
    return dict(found)


# --- the lens


def test_only_the_coach_may_look_or_draw(room: Room) -> None:
    table = access_table(room.site.app)
    mine = {endpoint: access.roles for endpoint, access in table.items() if endpoint.startswith("masks.")}
    assert len(mine) == 8
    assert set(mine.values()) == {frozenset({Role.COACH})}


def test_without_a_press_at_the_device_there_is_no_picture(room: Room) -> None:
    page = room.see()
    assert "Look through the lens" in page
    assert "still" not in page
    room.see("/coach/masks/still", 403)
    assert room.send("/coach/masks/aim").status_code == 303
    assert "Press the button on the device now." in room.see()
    room.see("/coach/masks/still", 403)
    assert room.ask("status")["aim"]["open"] is False


def test_after_the_press_a_still_is_shown_and_kept_nowhere(room: Room, tmp_path: Path) -> None:
    room.look_through_the_lens()
    page = room.see()
    assert 'src="/coach/masks/still"' in page
    assert re.search(r"for 1[12]\d seconds more", page)
    answer = room.coach.get("/coach/masks/still")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.data.startswith(JPEG)
    assert answer.headers["Cache-Control"] == "no-store"
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and JPEG in path.read_bytes()]
    assert kept == []


def test_the_coach_can_close_the_lens_from_the_page(room: Room) -> None:
    room.look_through_the_lens()
    assert "Close the lens" in room.see()
    assert room.send("/coach/masks/close").status_code == 303
    assert room.ask("status")["aim"]["open"] is False
    room.see("/coach/masks/still", 403)


def test_two_pictures_are_a_second_apart_whoever_asks(room: Room) -> None:
    room.look_through_the_lens()
    room.coach.get("/coach/masks/still")
    assert room.visitor(Role.COACH).get("/coach/masks/still").status_code == 200
    # The recorder refused the second at first; the page waited, and asked again.
    assert room.asked.count("still") == 3


def test_a_page_that_waits_learns_of_the_press(room: Room) -> None:
    room.ask("aim")
    waiting = room.see()
    address = re.search(r'hx-get="([^"]+)"', waiting)
    assert address is not None
    path = address[1].replace("&amp;", "&")
    assert "HX-Refresh" not in room.coach.get(path).headers
    room.press()
    assert room.coach.get(path).headers["HX-Refresh"] == "true"


def test_when_the_lens_closes_the_drawing_stays_on_the_page(room: Room) -> None:
    room.look_through_the_lens()
    room.press()
    answer = room.coach.get("/coach/masks/lens?was=open&refusals=0", headers={"Accept-Language": "en"})
    assert "HX-Refresh" not in answer.headers
    assert "The lens is closed." in answer.text
    assert "hx-get" not in answer.text


def test_a_press_that_may_not_open_the_lens_is_explained(room: Room) -> None:
    room.ask("aim")
    room.unit.light.works = False
    room.unit.finger.press()
    wait_for(lambda: bool(room.ask("status")["refusals"]))
    page = room.see("/coach/masks/lens?was=asked&refusals=0")
    assert "the lens stayed closed:" in page
    assert room.ask("status")["refusal"][0]["message"] in page


def test_without_a_recorder_the_page_says_so(room: Room) -> None:
    from device.domain.errors import Temporary

    def nobody(_do: str, **_values: object) -> None:
        raise Temporary("nobody listens")

    room.ask = nobody  # type: ignore[method-assign,assignment]
    assert "The recorder does not answer." in room.see()
    assert room.send("/coach/masks/aim").status_code == 303
    assert "The recorder does not answer." in room.see()


# --- drawing


def test_what_was_drawn_is_masked(room: Room) -> None:
    room.look_through_the_lens()
    drawn = [*QUARTER, TYPED]
    answer = room.send("/coach/masks", polygons=json.dumps(drawn), seen="yes")
    assert answer.status_code == 303
    assert masked(room) == drawn
    page = room.see()
    assert "The masks are saved." in page
    assert "from left to right 50% to 62%, from top to bottom 25% to 100%" in page


def test_without_a_script_a_rectangle_is_typed(room: Room) -> None:
    room.ask("masks", polygons=QUARTER)
    room.look_through_the_lens()
    fields = fields_of(room.see())
    assert room.send("/coach/masks", do="add", **fields, **RECTANGLE).status_code == 303
    assert masked(room) == [*QUARTER, TYPED]
    page = room.see()
    assert page.count("<polygon") == 2
    assert 'points="0,0 4000,0 4000,9000 0,9000"' in page


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("left", "", "A number from 0 to 100"),
        ("top", "nan", "A number from 0 to 100"),
        ("left", "-1", "A number from 0 to 100"),
        ("width", "0", "More than 0"),
        ("width", "51", "That reaches beyond the picture."),
        ("height", "many", "A number from 0 to 100"),
    ],
)
def test_a_rectangle_that_cannot_be_is_explained_beside_its_field(
    room: Room, field: str, value: str, sentence: str
) -> None:
    room.look_through_the_lens()
    fields = {**RECTANGLE, field: value, "polygons": json.dumps(QUARTER), "seen": "yes", "do": "add"}
    answer = room.send("/coach/masks", **fields)
    assert answer.status_code == 400
    beside = re.search(rf'id="{field}-problem">([^<]+)<', answer.text)
    assert beside is not None
    assert beside[1].startswith(sentence)
    # What was drawn and typed is still there, and nothing was saved.
    assert json.loads(fields_of(answer.text)["polygons"].replace("&#34;", '"')) == QUARTER
    assert 'value="75 %"' in answer.text or field == "height"
    assert masked(room) == []


@pytest.mark.parametrize(
    "polygons",
    ["", "x", "{}", "[[[0,0],[1,1]]]", "[[[0,0],[1,1],[10001,0]]]", "[" * 5000, json.dumps(QUARTER * 33)],
)
def test_a_drawing_that_cannot_be_is_refused(room: Room, polygons: str) -> None:
    room.ask("masks", polygons=QUARTER)
    room.look_through_the_lens()
    answer = room.send("/coach/masks", polygons=polygons, seen="yes")
    assert answer.status_code == 400
    assert "draw it again" in answer.text
    assert masked(room) == QUARTER


def test_no_more_masks_than_there_may_be(room: Room) -> None:
    room.look_through_the_lens()
    answer = room.send("/coach/masks", do="add", polygons=json.dumps(QUARTER * 32), seen="yes", **RECTANGLE)
    assert answer.status_code == 400
    assert "remove one first" in answer.text


def test_masks_of_another_view_are_only_saved_by_somebody_who_looked(tmp_path: Path) -> None:
    with Room(tmp_path, view="upright") as before:
        before.ask("masks", polygons=QUARTER)
    with Room(tmp_path, view="upside down") as room:
        page = room.see()
        assert "drawn on another view" in page
        assert "remove?mask=1" not in page
        blind = room.send("/coach/masks", polygons=json.dumps(QUARTER))
        assert blind.status_code == 400
        assert "Look through the lens first" in blind.text
        assert room.ask("masks")["fits"] is False
        room.look_through_the_lens()
        answer = room.send("/coach/masks", **fields_of(room.see()) | {"polygons": json.dumps(QUARTER)})
        assert answer.status_code == 303
        assert room.ask("masks") == {"ok": True, "polygons": QUARTER, "fits": True}


def test_masks_that_are_gone_can_be_drawn_anew(room: Room) -> None:
    room.ask("masks", polygons=QUARTER)
    (room.unit.root / NAME).unlink()
    assert "gone or damaged" in room.see()
    room.look_through_the_lens()
    assert room.send("/coach/masks", polygons=json.dumps([TYPED]), seen="yes").status_code == 303
    assert masked(room) == [TYPED]


# --- taking away


def test_a_mask_goes_only_after_asking_once_more(room: Room) -> None:
    room.ask("masks", polygons=[*QUARTER, TYPED])
    page = room.see("/coach/masks/remove?mask=1")
    assert "Remove mask 1?" in page
    before = re.search(r'name="before" value="([^"]+)"', page)
    assert before is not None
    fields = {"mask": "1", "before": before[1]}
    assert room.send("/coach/masks/remove", on="/coach/masks/remove?mask=1", **fields).status_code == 303
    assert masked(room) == [TYPED]
    # The same click again would take another one away.
    again = room.send("/coach/masks/remove", on="/coach/masks/remove?mask=1", **fields)
    assert again.status_code == 400
    assert "changed meanwhile" in again.text
    assert masked(room) == [TYPED]


def test_drawing_nothing_asks_whether_all_should_go(room: Room) -> None:
    room.ask("masks", polygons=QUARTER)
    room.look_through_the_lens()
    answer = room.send("/coach/masks", polygons="[]", seen="yes")
    assert answer.location == "/coach/masks/remove?mask=all"
    assert masked(room) == QUARTER
    fields = {"mask": "all", "before": json.dumps(QUARTER, separators=(",", ":"))}
    assert room.send("/coach/masks/remove", on=answer.location, **fields).status_code == 303
    assert masked(room) == []


@pytest.mark.parametrize("which", ["0", "2", "-1", "x", "", "²"])
def test_a_mask_that_there_is_not_cannot_be_removed(room: Room, which: str) -> None:
    room.ask("masks", polygons=QUARTER)
    room.see(f"/coach/masks/remove?mask={which}", 404)


def test_nothing_is_changed_while_a_lesson_is_recorded(room: Room) -> None:
    room.ask("masks", polygons=QUARTER)
    room.press()
    wait_for(lambda: bool(room.ask("status")["state"] == "recording"))
    assert "A lesson is being recorded." in room.see()
    room.send("/coach/masks/aim")
    assert "You can aim when it has ended." in room.see()
    answer = room.send("/coach/masks", polygons=json.dumps([TYPED]))
    assert answer.status_code == 400
    assert "Save the masks when it has ended." in answer.text
    assert masked(room) == QUARTER
