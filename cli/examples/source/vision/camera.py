"""Pictures from a camera, or from a directory in its place."""

from pathlib import Path


class Camera:
    """Gives one picture after the other."""

    def __init__(self, source: Path):
        self.pictures = sorted(source.glob("*.pgm"))
        self._next = 0

    def grab(self) -> bytes | None:
        """The next picture, or None at the end."""
        if self._next >= len(self.pictures):
            return None
        picture = self.pictures[self._next]
        self._next += 1
        return picture.read_bytes()
