"""What a recorder that runs says of itself and of its parts, as findings of ``leerblik doctor``."""

from __future__ import annotations

from device import config
from device.commands.finding import Finding
from device.domain.errors import LeerblikError, Temporary
from device.recorder.client import RecorderClient

_THEN = "then see 'leerblik status'"


def check_recorder(settings: config.Config, client: RecorderClient) -> tuple[bool, list[Finding]]:
    """Tell whether a recorder runs, and what was found: first itself, then each part that it misses."""
    try:
        status = client.ask("status")
    except Temporary as error:
        return False, [Finding("recorder", None, str(error))]
    except LeerblikError as error:
        # It is there and does not speak with us: what it holds is not ours to try.
        return True, [Finding("recorder", False, str(error))]
    if status["problem"]:
        itself = Finding("recorder", None, f"{status['state']}; last problem: {status['problem']}")
    else:
        itself = Finding("recorder", True, str(status["state"]))
    parts = [
        Finding(each["part"], False, each["message"], _advice(settings, each["part"]))
        for each in status["missing"]
    ]
    return True, [itself, *parts]


def _advice(settings: config.Config, part: str) -> str:
    """Return where to look; parts are named as in ``device.recorder.health``, with the driver where there are more."""
    what, _, driver = part.partition(" ")
    recorder = settings.table("recorder")
    places = {
        "light": f"look at the wiring and at indicator.{driver} in the configuration",
        "button": f"look at the wiring and at trigger.{driver} in the configuration",
        "camera": f"look at its cable and at camera.{recorder['camera']} in the configuration",
        "microphone": f"look at its plug and at microphone.{recorder['microphone']} in the configuration",
        "sound": "look where the microphone stands, and whether it is on",
        "card": "wait until recordings have been sent, or use a larger card",
    }
    if part == "light":
        return f"look at recorder.indicators in the configuration; {_THEN}"
    return f"{places.get(what, 'look at its cable')}; {_THEN}"
