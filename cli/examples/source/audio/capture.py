"""Reads sound from a device, a frame at a time."""

import queue
import struct
from dataclasses import dataclass

SAMPLE_RATE = 16_000
FRAME_MS = 20


@dataclass(frozen=True)
class Frame:
    """Samples of one moment, 16 bit, one channel."""

    samples: tuple[int, ...]
    at_ms: int

    def loudness(self) -> float:
        """Root mean square of the samples, 0 to 1."""
        if not self.samples:
            return 0.0
        square = sum(sample * sample for sample in self.samples) / len(self.samples)
        return (square**0.5) / 32768


class Microphone:
    """A device that is listened to in the background."""

    def __init__(self, device: str = "default", frames_max: int = 256):
        self.device = device
        self._frames: queue.Queue[Frame] = queue.Queue(maxsize=frames_max)
        self._dropped = 0

    def feed(self, raw: bytes, at_ms: int) -> None:
        """Takes what the driver delivers; a listener that is too slow loses the newest frame."""
        count = len(raw) // 2
        frame = Frame(struct.unpack(f"<{count}h", raw[: count * 2]), at_ms)
        try:
            self._frames.put_nowait(frame)
        except queue.Full:
            self._dropped += 1

    def read(self, timeout_s: float = 1.0) -> Frame | None:
        """The next frame, or None when nothing came in time."""
        try:
            return self._frames.get(timeout=timeout_s)
        except queue.Empty:
            return None

    @property
    def dropped(self) -> int:
        """Frames lost since the start."""
        return self._dropped


def open_microphone(device: str = "default") -> Microphone:
    """Opens a device by the name that the sound server gives it."""
    return Microphone(device)
