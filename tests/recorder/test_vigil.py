"""What the recorder notices by itself while a lesson is recorded."""

from __future__ import annotations

from dataclasses import dataclass

from device.recorder.vigil import Ailment, Vigil

S = 1_000_000_000
PLENTY = 10**12


@dataclass
class Lesson:
    pictures: int = 0
    sound: int | None = 0

    @property
    def pulse(self) -> tuple[int, int | None]:
        return self.pictures, self.sound


def test_a_lesson_whose_pictures_and_sound_go_on_is_well() -> None:
    vigil, lesson = Vigil(0), Lesson()
    for second in range(100):
        lesson.pictures += 30
        lesson.sound = (lesson.sound or 0) + 50
        assert vigil.look(lesson, PLENTY, second * S) is None


def test_pictures_that_stay_away_for_three_seconds_are_noticed_and_not_sooner() -> None:
    vigil, lesson = Vigil(0), Lesson(pictures=5, sound=None)
    assert vigil.look(lesson, PLENTY, 10 * S) is None
    assert vigil.look(lesson, PLENTY, 13 * S - 1) is None
    assert vigil.look(lesson, PLENTY, 13 * S) is Ailment.NO_PICTURE


def test_a_microphone_that_never_says_anything_is_noticed() -> None:
    vigil, lesson = Vigil(0), Lesson()
    seen = []
    for second in range(5):
        lesson.pictures += 1
        seen.append(vigil.look(lesson, PLENTY, second * S))
    assert seen == [None, None, None, Ailment.NO_SOUND, Ailment.NO_SOUND]


def test_a_lesson_without_sound_is_not_missed_any() -> None:
    vigil, lesson = Vigil(0), Lesson(sound=None)
    for second in range(10):
        lesson.pictures += 1
        assert vigil.look(lesson, PLENTY, second * S) is None


def test_the_next_lesson_is_watched_from_its_own_beginning() -> None:
    vigil = Vigil(0)
    assert vigil.look(Lesson(), PLENTY, 0) is None
    assert vigil.look(None, PLENTY, 50 * S) is None
    assert vigil.look(Lesson(), PLENTY, 100 * S) is None


def test_little_space_is_announced_once_and_none_ends_the_lesson() -> None:
    vigil, lesson = Vigil(1000, warning_bytes=500), Lesson(sound=None)
    seen = []
    for second, free_bytes in enumerate((2000, 1499, 1400, 1000, 999)):
        lesson.pictures += 1
        seen.append(vigil.look(lesson, free_bytes, second * S))
    assert seen == [None, Ailment.SPACE_GETS_SHORT, None, None, Ailment.NO_SPACE]
