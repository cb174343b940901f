"""What of this device is missing or ails: one sentence for each part, told when it changes and not again."""

from __future__ import annotations

from collections.abc import Callable

# Told with the part and what is the matter with it, "" when it is well again.
Tell = Callable[[str, str], None]


class Health:
    """Belongs to the recorder's loop. Parts are named by their work: camera, microphone, light, button, card."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._problems: dict[str, str] = {}

    def note(self, part: str, sentence: str, *, quietly: bool = False) -> None:
        """Note how a part is: a sentence that says what is wrong and what to do, or "" when it is well.

        ``quietly``: the caller has told of it already.
        """
        if self._problems.get(part, "") == sentence:
            return
        if sentence:
            self._problems[part] = sentence
        else:
            del self._problems[part]
        if not quietly:
            self._tell(part, sentence)

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong now, by part."""
        return dict(self._problems)
