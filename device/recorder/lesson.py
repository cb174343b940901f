"""One lesson while it is recorded: camera and microphone into sealed segments, events into the journal."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from device.domain.consent import Permit
from device.domain.errors import Permanent, Temporary
from device.domain.manifest import AudioDescription, VideoDescription, read_permit
from device.domain.mask import Polygon, write_polygons
from device.domain.session import StopReason
from device.footage.assemble import write_opening
from device.footage.journal import Journal
from device.footage.packets import NS_PER_S
from device.footage.queue import Bounds
from device.footage.seal import seal_bytes
from device.footage.writer import FootagePlan, FootageSummary, FootageWriter
from device.ports import AudioFormat, Camera, Clock, Level, Microphone, VideoFormat
from device.recorder.going_on import GoingOn
from device.recorder.revival import Revival

# A real camera's newest picture is never older than this.
_BEHIND_NS = 200_000_000
Notify = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class LessonSettings:
    """What is the same for every lesson on this device."""

    device: str
    recipients: Sequence[X25519PublicKey]
    segment_s: float
    audio_bitrate_bps: int


class Lesson:
    """Opened by a permit, ended by :meth:`stop`. Not safe for use from two threads."""

    def __init__(
        self,
        permit: Permit,
        camera: Camera,
        microphone: Microphone,
        clock: Clock,
        settings: LessonSettings,
        new_name: Callable[[], str],
        notify: Notify,
        masks: Sequence[Polygon] = (),
    ) -> None:
        if not isinstance(permit, Permit):
            raise TypeError("a lesson is recorded with a Permit only")
        self.permit = permit
        self._camera = camera
        self._microphone = microphone
        self._clock = clock
        self._settings = settings
        self._new_name = new_name
        self._notify = notify
        self._masks = masks
        self._writer: FootageWriter | None = None
        self._journal: Journal | None = None
        self._opened_ns = self._filmed_before_ns = 0
        self._revival: Revival | None = None
        self._hears = False
        self.blanked = False
        self.picture_is_away = False
        self.sound_is_away = False
        self.card_stalls = False
        self.bookmarks = 0
        self.lens_open_s = 0.0

    def start(self, folder: Path, recording: str, going_on: GoingOn | None = None) -> None:
        """Open lens and microphone. LeerblikError when the camera cannot; the folder may then be empty.

        A microphone that cannot be opened does not stop the picture: the lesson goes on in silence. With
        ``going_on`` a recorder before this one began the lesson, in this folder.
        """
        permit = self.permit.description().to_bytes()
        read_permit(permit)  # what the coach's machine would refuse must not be filmed
        video = self._camera.format()
        audio = self._sound_format()
        self._journal = Journal(folder)
        if going_on is None:
            self._open_journal(recording, seal_bytes(permit, self._settings.recipients), video, audio)
        else:
            self._filmed_before_ns = going_on.filmed_ns
            self._note_return(going_on)
        plan = FootagePlan(
            folder, self._settings.recipients, video, audio, self._settings.segment_s,
            self._settings.audio_bitrate_bps, Bounds(), self._clock.boot_id(),
        )  # fmt: skip
        zero_ns = going_on.zero_ns if going_on else None
        self._writer = FootageWriter(plan, self._journal, self._new_name, self._notify, zero_ns=zero_ns)
        self._writer.start()
        # Said each time: a lesson that ended while it was blanked must not leave the next one black.
        self.blanked = going_on is not None and going_on.blanked
        self._microphone.mute(self.blanked)
        self._camera.blank(self.blanked)
        self._camera.mask(self._masks)
        self._opened_ns = origin_ns = self._clock.monotonic_ns()
        self._camera.start(self.permit, self._writer.camera_inlet, origin_ns)
        if audio is not None:
            self._hears = True
            self._start_microphone(self._writer, origin_ns)

    def _sound_format(self) -> AudioFormat | None:
        if not self.permit.sound:
            return None
        try:
            return self._microphone.format()
        except (Temporary, Permanent) as error:
            self._notify("microphone_failed", str(error))
            return None

    def _note_return(self, going_on: GoingOn) -> None:
        at_us = (self._clock.monotonic_ns() - going_on.zero_ns) // 1000
        lost_from_us = (going_on.filmed_ns - going_on.zero_ns) // 1000
        self._note("resumed", at_us=at_us, lost_from_us=max(0, lost_from_us), reason="restarted")

    def _start_microphone(self, writer: FootageWriter, origin_ns: int) -> None:
        try:
            self._microphone.start(self.permit, writer.microphone_inlet, origin_ns)
        except (Temporary, Permanent) as error:
            self._notify("microphone_failed", str(error))

    def mark(self, at_ns: int) -> None:
        """Mark the moment."""
        self._note("bookmark", at_us=self._film_us(at_ns))
        self.bookmarks += 1

    def blank(self, blanked: bool, at_ns: int) -> None:
        """Black out picture and sound for everyone, or end that."""
        self.blanked = blanked
        # The microphone obeys at once; a camera that hangs takes a second to say that it does not.
        self._microphone.mute(blanked)
        self._camera.blank(blanked)
        self._note("blanked" if blanked else "unblanked", at_us=self._film_us(at_ns))

    def lose_camera(self) -> bool:
        """Go on with the sound while the camera is closed and opened again, in a thread of its own.

        False when that is going on already.
        """
        if self._writer is None or self._revival is not None:
            return False
        self.picture_is_away = True
        self._writer.camera_lost()
        self._revival = Revival(
            self._camera, self.permit, self._writer.new_camera_inlet, self._clock, self._notify
        )
        return True

    def camera_is_open(self) -> None:
        """The camera was opened again; whether pictures come must be seen."""
        revival, self._revival = self._revival, None
        if revival is not None:
            revival.join()
        # What was pressed while it was being opened counts.
        self._camera.blank(self.blanked)

    def lose_microphone(self, problem: str) -> bool:
        """Go on without sound, until there is some again; False when it was gone already."""
        if self.sound_is_away:
            return False
        self.sound_is_away = True
        # First the journal: as soon as it is set aside, the writer may note that it is back.
        self._note("microphone_failed", at_us=self._film_us(self._clock.monotonic_ns()), problem=problem)
        if self._writer is not None:
            self._writer.set_aside_sound()
        return True

    def _end_revival(self) -> None:
        revival, self._revival = self._revival, None
        if revival is not None:
            revival.stop()

    def _end_now(self) -> None:
        """Let the film end here, however long camera and microphone take to close.

        A film that is played as fast as possible runs ahead of the clock: it ends with its newest picture.
        """
        if self._writer is not None:
            self._writer.end_at(max(self._clock.monotonic_ns(), (self._writer.newest_ns or 0) + 1))

    def stop(self, reason: StopReason) -> FootageSummary:
        """Close lens and microphone, and put everything on the card, in whatever state the camera is.

        Nothing that is filmed or heard after this moment is kept, unless the source has ended by itself.
        Raises what the camera raised (Stuck when it does not close); the footage is safe by then.
        """
        if reason is not StopReason.SOURCE_ENDED:
            self._end_now()
        if self._opened_ns:
            self.lens_open_s = (self._clock.monotonic_ns() - self._opened_ns) / NS_PER_S
        summary = FootageSummary()
        with contextlib.ExitStack() as stack:
            # Carried out from the last to the first; an error in one does not keep the others from it.
            stack.callback(self._close_journal, reason, summary)
            stack.callback(self._close_writer, summary)
            stack.callback(self._microphone.stop)
            stack.callback(self._camera.stop)
            stack.callback(self._end_revival)
        return summary

    def _close_writer(self, summary: FootageSummary) -> None:
        if self._writer is not None:
            done = self._writer.stop()
            summary.duration_us, summary.frames = done.duration_us, done.frames
            summary.dropped_frames = done.dropped_frames

    def _close_journal(self, reason: StopReason, summary: FootageSummary) -> None:
        if self._journal is not None:
            # On a full card the last line may not fit; recovery then treats the lesson as interrupted.
            with contextlib.suppress(OSError):
                self._journal.write("stopped", reason=reason.value, duration_us=summary.duration_us)
            self._journal.close()

    @property
    def pictures(self) -> int | None:
        """Pictures since the camera was last opened; None while it is being opened again."""
        return None if self._revival is not None else self._camera.frames()

    @property
    def sound_blocks(self) -> int | None:
        """Blocks of sound so far; None: there is no sound in this lesson."""
        return self._writer.sound_blocks if self._writer is not None and self._hears else None

    @property
    def levels(self) -> tuple[Level, ...]:
        """How loud each microphone is; while it is muted that means nothing."""
        return self._microphone.levels() if self._hears and not self.blanked else ()

    @property
    def zero_ns(self) -> int | None:
        """The stamp of the first picture, or None before there is one."""
        return self._writer.zero_ns if self._writer is not None else None

    @property
    def filmed_ns(self) -> int:
        """The stamp up to which there is film: of the newest picture that was written, or now without a camera.

        What only came in counts for nothing: a recorder that stood still finds ten seconds of it in its pipe,
        and may die before it has written them.
        """
        writer = self._writer
        if writer is None or writer.zero_ns is None or writer.camera_is_lost:
            return self._clock.monotonic_ns()
        return max(self._filmed_before_ns, writer.zero_ns + writer.written_us * 1000)

    @property
    def recorded_us(self) -> int:
        """Length of the film so far in microseconds."""
        return self._writer.written_us if self._writer is not None else 0

    @property
    def dropped_frames(self) -> int:
        """Pictures lost so far."""
        return self._writer.dropped_frames if self._writer is not None else 0

    def _film_us(self, at_ns: int) -> int:
        """Return the place in the film of a moment on the clock.

        A film that is played as fast as possible runs ahead of the clock or behind it; then "now" is its
        newest picture. While no picture comes at all, the clock is right.
        """
        writer = self._writer
        if writer is None or writer.zero_ns is None:
            return 0
        if writer.newest_ns is None or writer.camera_is_lost:
            return max(0, at_ns - writer.zero_ns) // 1000
        if writer.newest_ns > self._clock.monotonic_ns():
            at_ns = writer.newest_ns
        at_ns = min(at_ns, writer.newest_ns + _BEHIND_NS)
        return max(0, at_ns - writer.zero_ns) // 1000

    def _note(self, event: str, **values: object) -> None:
        if self._journal is None:
            return
        try:
            self._journal.write(event, **values)
        except OSError as error:
            self._notify("card_failed", f"the card refused to store what happened: {error.strerror or error}")

    def _open_journal(
        self, recording: str, permit: bytes, video: VideoFormat, audio: AudioFormat | None
    ) -> None:
        assert self._journal is not None  # made by start()
        write_opening(
            self._journal,
            recording=recording,
            device=self._settings.device,
            started_at=self._clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            clock_trusted=self._clock.trusted(),
            boot_id=self._clock.boot_id(),
            permit_sealed=base64.b64encode(permit).decode(),
            video=VideoDescription(video.width, video.height, round(video.frame_rate * 1000)),
            audio=AudioDescription(audio.rate_hz, audio.channels, audio.tracks) if audio else None,
            masks=write_polygons(self._masks),
            unclaimed=self.permit.agreement.unclaimed,
            booking=self.permit.agreement.booking,
            register_number=self.permit.agreement.register_number,
        )
