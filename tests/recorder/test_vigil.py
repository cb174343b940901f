"""What the recorder notices by itself while a lesson is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from device.ports import Level
from device.recorder.vigil import Ailment, Vigil

S = 1_000_000_000
PLENTY = 10**12


@dataclass
class Lesson:
    pictures: int | None = 0
    sound_blocks: int | None = 0
    picture_is_away: bool = False
    sound_is_away: bool = False
    levels: tuple[Level, ...] = ()
    card_stalls: bool = False
    stored_us: int | None = None

    @property
    def recorded_us(self) -> int:
        """A card that keeps up, unless the test says otherwise."""
        return (self.pictures or 0) * 33_333 if self.stored_us is None else self.stored_us


def test_a_lesson_whose_pictures_and_sound_go_on_is_well() -> None:
    vigil, lesson = Vigil(0), Lesson()
    for second in range(100):
        lesson.pictures = (lesson.pictures or 0) + 30
        lesson.sound_blocks = (lesson.sound_blocks or 0) + 50
        assert vigil.look(lesson, PLENTY, second * S) is None


def test_pictures_that_stay_away_for_three_seconds_are_noticed_and_not_sooner() -> None:
    vigil, lesson = Vigil(0), Lesson(pictures=5, sound_blocks=None)
    assert vigil.look(lesson, PLENTY, 10 * S) is None
    assert vigil.look(lesson, PLENTY, 13 * S - 1) is None
    assert vigil.look(lesson, PLENTY, 13 * S) is Ailment.NO_PICTURE


def test_a_microphone_that_never_says_anything_is_noticed() -> None:
    vigil, lesson = Vigil(0), Lesson()
    seen = []
    for second in range(5):
        lesson.pictures = (lesson.pictures or 0) + 1
        seen.append(vigil.look(lesson, PLENTY, second * S))
    assert seen == [None, None, None, Ailment.NO_SOUND, Ailment.NO_SOUND]


def test_a_lesson_without_sound_is_not_missed_any() -> None:
    vigil, lesson = Vigil(0), Lesson(sound_blocks=None)
    for second in range(10):
        lesson.pictures = (lesson.pictures or 0) + 1
        assert vigil.look(lesson, PLENTY, second * S) is None


def test_the_next_lesson_is_watched_from_its_own_beginning() -> None:
    vigil = Vigil(0)
    assert vigil.look(Lesson(), PLENTY, 0) is None
    assert vigil.look(None, PLENTY, 50 * S) is None
    assert vigil.look(Lesson(), PLENTY, 100 * S) is None


def test_little_space_is_announced_once_and_none_ends_the_lesson() -> None:
    vigil, lesson = Vigil(1000, warning_bytes=500), Lesson(sound_blocks=None)
    seen = []
    for second, free_bytes in enumerate((2000, 1499, 1400, 1000, 999)):
        lesson.pictures = (lesson.pictures or 0) + 1
        seen.append(vigil.look(lesson, free_bytes, second * S))
    assert seen == [None, Ailment.SPACE_GETS_SHORT, None, None, Ailment.NO_SPACE]


def test_a_camera_that_is_being_opened_again_is_given_its_time() -> None:
    vigil, lesson = Vigil(0), Lesson(pictures=5, sound_blocks=None)
    assert vigil.look(lesson, PLENTY, 0) is None
    assert vigil.look(lesson, PLENTY, 3 * S) is Ailment.NO_PICTURE
    lesson.pictures, lesson.picture_is_away = None, True
    assert [vigil.look(lesson, PLENTY, second * S) for second in range(4, 30)] == [None] * 26


def test_pictures_that_come_again_are_noticed_also_when_their_count_begins_anew() -> None:
    vigil, lesson = Vigil(0), Lesson(pictures=500, sound_blocks=None, picture_is_away=True)
    seen = []
    for second, pictures in enumerate((500, None, 0, 20)):
        lesson.pictures = pictures
        seen.append(vigil.look(lesson, PLENTY, second * S))
    assert seen == [Ailment.PICTURE_BACK, None, None, Ailment.PICTURE_BACK]


def test_a_camera_that_opens_and_delivers_nothing_is_noticed_again() -> None:
    vigil, lesson = Vigil(0), Lesson(pictures=None, sound_blocks=None, picture_is_away=True)
    assert vigil.look(lesson, PLENTY, 0) is None
    lesson.pictures = 0
    assert [vigil.look(lesson, PLENTY, second * S) for second in (1, 2, 3)] == [
        None,
        None,
        Ailment.NO_PICTURE,
    ]


def test_sound_that_comes_again_is_noticed() -> None:
    vigil, lesson = Vigil(0), Lesson(sound_is_away=True)
    seen = []
    for second, blocks in enumerate((0, 0, 50)):
        lesson.pictures, lesson.sound_blocks = second + 1, blocks
        seen.append(vigil.look(lesson, PLENTY, second * S))
    assert seen == [None, None, Ailment.SOUND_BACK]


def heard(*, silent_s: float = 0.0, clipping: bool = False) -> tuple[Level, ...]:
    return (Level("teacher", -20.0, -30.0, clipping, silent_s), Level("room", -20.0, -30.0, False, 0.0))


def listen(levels: Sequence[tuple[Level, ...]]) -> list[Ailment | None]:
    vigil, lesson = Vigil(0), Lesson()
    seen = []
    for second, level in enumerate(levels):
        lesson.pictures, lesson.sound_blocks, lesson.levels = second + 1, second + 1, level
        seen.append(vigil.look(lesson, PLENTY, second * S))
    return seen


def test_three_seconds_in_which_one_microphone_hears_nothing_raise_the_alarm_once() -> None:
    assert listen([heard(silent_s=second) for second in (0, 1, 2, 3, 4, 5)]) == [
        None, None, None, Ailment.SILENT, None, None,
    ]  # fmt: skip


def test_the_alarm_is_over_when_something_has_been_heard_for_a_while() -> None:
    silent = [heard(silent_s=9.0)]
    assert listen(silent + [heard()] * 5)[1:] == [None, None, None, Ailment.SOUND_FINE, None]


def test_a_slammed_door_is_no_clipping_but_a_voice_that_is_too_loud_is() -> None:
    loud = heard(clipping=True)
    assert listen([loud, loud, heard(), heard()]) == [None] * 4
    assert listen([loud, loud, loud, loud]) == [None, None, Ailment.CLIPPING, None]


def test_while_the_microphone_is_away_or_muted_its_level_means_nothing() -> None:
    vigil, lesson = Vigil(0), Lesson(sound_is_away=True, levels=heard(silent_s=99))
    assert vigil.look(lesson, PLENTY, 0) is None
    assert listen([()] * 5) == [None] * 5


def test_a_card_that_stores_nothing_while_pictures_come_is_noticed_once_and_again_when_it_goes_on() -> None:
    vigil, lesson, seen = Vigil(0), Lesson(sound_blocks=None), []
    for second in range(60):
        lesson.pictures = (lesson.pictures or 0) + 30
        stuck = 10 <= second < 40
        lesson.stored_us = 10_000_000 if stuck else second * 1_000_000
        ailment = vigil.look(lesson, PLENTY, second * S)
        if ailment is not None:
            seen.append((second, ailment))
            lesson.card_stalls = ailment is Ailment.CARD_STALLS
    # It may think for six seconds, as a card does that tidies up.
    assert seen == [(16, Ailment.CARD_STALLS), (40, Ailment.CARD_GOES_ON)]


def test_a_camera_that_shows_nothing_is_not_blamed_on_the_card() -> None:
    vigil, lesson = Vigil(0), Lesson(pictures=5, sound_blocks=None)
    seen = set()
    for second in range(60):
        seen.add(vigil.look(lesson, PLENTY, second * S))
        lesson.picture_is_away = second > 3
    assert seen == {None, Ailment.NO_PICTURE}
