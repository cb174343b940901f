"""The recorder's end of the footage path: inlets for camera and microphone, and a thread that writes.

What the thread works with (:mod:`device.footage._work`, and libav below it) is loaded when the first lesson
begins: a recorder that waits for a press stays small.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from device.footage.inlets import CameraInlet, MicrophoneInlet
from device.footage.journal import Journal
from device.footage.plan import FootagePlan, FootageSummary, Progress
from device.footage.queue import FootageQueue
from device.footage.syncing import Syncing
from device.ports import FootageSink

__all__ = ["FootagePlan", "FootageSummary", "FootageWriter"]


class FootageWriter:
    """From :meth:`start` to :meth:`stop` everything that reaches the inlets is sealed and stored.

    ``notify(kind, sentence)`` is called from several threads when the camera ended or failed, when
    pictures are dropped, when a mask failed, and with kind 'card_failed' when the card refuses: then what
    was written is kept and the recording must stop.

    ``zero_ns`` goes on with a film that an earlier process began in this same boot: its time zero.
    """

    def __init__(
        self,
        plan: FootagePlan,
        journal: Journal,
        new_name: Callable[[], str],
        notify: Callable[[str, str], None],
        *,
        zero_ns: int | None = None,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._new_name = new_name
        self._notify = notify
        self._progress = Progress(zero_ns)
        self._queue = FootageQueue(plan.bounds, notify)
        self._syncing = Syncing(self._progress.refuse)
        self._thread = threading.Thread(target=self._run, name="footage-writer", daemon=True)
        self.camera_inlet: FootageSink = CameraInlet(self._queue, notify)
        self.microphone_inlet: FootageSink = MicrophoneInlet(self._queue, notify)

    def start(self) -> None:
        """Begin to write."""
        self._syncing.start()
        self._thread.start()

    def end_at(self, at_ns: int) -> None:
        """The lesson ends at this moment; nothing counts that is later, while its sources are being closed."""
        self._queue.end_at(at_ns)

    def stop(self) -> FootageSummary:
        """Write what is still queued, end the segment, and return what there is."""
        self._queue.close()
        self._thread.join()
        self._syncing.stop()
        return self._progress.summary

    def set_aside_sound(self) -> None:
        """The microphone is gone: pictures wait for it no longer, until it is back."""
        self._queue.lose_sound()

    def camera_lost(self) -> None:
        """The camera stands still or is started anew: the last picture stands, and sound goes on without it.

        The next picture that is taken begins a new segment. Harmless when it is lost already.
        """
        self._queue.lose_camera()

    def new_camera_inlet(self) -> FootageSink:
        """Return the inlet for a camera that is started anew; pictures through those before are ignored.

        It may come with another encoder. Includes :meth:`camera_lost`.
        """
        camera = self._queue.next_camera()
        self.camera_inlet = CameraInlet(self._queue, self._notify, camera)
        return self.camera_inlet

    @property
    def camera_is_lost(self) -> bool:
        """Whether no picture came since :meth:`camera_lost`."""
        return self._queue.camera_is_lost

    @property
    def zero_ns(self) -> int | None:
        """The stamp of the film's first picture, or None before there is one."""
        return self._progress.zero_ns

    @property
    def newest_ns(self) -> int | None:
        """The stamp of the newest picture that came in, written or not."""
        return self._queue.newest_ns

    @property
    def written_us(self) -> int:
        """Length of the film so far; while the camera is lost, that of its sound."""
        return self._progress.offset_us(self._progress.written_ns)

    @property
    def sound_blocks(self) -> int:
        """Blocks of sound that came in so far; a watchdog reads it."""
        return self._queue.audio_blocks_taken

    @property
    def dropped_frames(self) -> int:
        """Pictures lost so far."""
        return self._progress.summary.dropped_frames

    def _run(self) -> None:
        # Here and not above: the idle recorder must not hold libav in memory.
        try:
            from device.footage._film import Film
            from device.footage._work import Work

            film = Film(self._plan, self._journal, self._syncing, self._progress, self._new_name)
            work = Work(self._plan, self._journal, self._queue, film, self._progress, self._notify)
        except Exception as error:  # noqa: BLE001  # top of a thread: whatever it was, the recorder must hear of it
            self._notify("card_failed", f"footage cannot be written: {type(error).__name__}: {error}")
            return
        work.run()
