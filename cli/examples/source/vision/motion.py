"""Notices that something moved."""


class MotionDetector:
    """Compares each picture with a slowly following average."""

    def __init__(self, threshold: float = 12.0, follow: float = 0.1):
        self.threshold = threshold
        self.follow = follow
        self._average: list[float] | None = None

    def push(self, pixels: list[int]) -> bool:
        """Whether this picture differs from what was there before."""
        if self._average is None or len(self._average) != len(pixels):
            self._average = [float(pixel) for pixel in pixels]
            return False
        difference = sum(abs(p - a) for p, a in zip(pixels, self._average)) / max(1, len(pixels))
        self._average = [a + (p - a) * self.follow for p, a in zip(pixels, self._average)]
        return difference > self.threshold


def main() -> None:
    """Says for each line of numbers on standard input whether it moved."""
    import sys

    detector = MotionDetector()
    for line in sys.stdin:
        print(detector.push([int(number) for number in line.split()]))


if __name__ == "__main__":
    main()
