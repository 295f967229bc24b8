"""Cuts a stream of frames into utterances, by how loud it is."""

from dataclasses import dataclass, field

from audio.capture import FRAME_MS, Frame


@dataclass
class Utterance:
    """Frames between two silences."""

    frames: list[Frame] = field(default_factory=list)

    @property
    def duration_ms(self) -> int:
        return len(self.frames) * FRAME_MS


class Segmenter:
    """Hysteresis on loudness: it takes more to begin an utterance than to keep it going."""

    def __init__(self, begin_at: float = 0.05, keep_at: float = 0.02, silence_ms: int = 400):
        self.begin_at = begin_at
        self.keep_at = keep_at
        self.silence_frames = silence_ms // FRAME_MS
        self._current: Utterance | None = None
        self._quiet = 0

    def push(self, frame: Frame) -> Utterance | None:
        """Takes one frame; gives back an utterance when this frame ended it."""
        loudness = frame.loudness()
        if self._current is None:
            if loudness >= self.begin_at:
                self._current = Utterance([frame])
                self._quiet = 0
            return None
        self._current.frames.append(frame)
        self._quiet = 0 if loudness >= self.keep_at else self._quiet + 1
        if self._quiet < self.silence_frames:
            return None
        ended, self._current = self._current, None
        return ended
