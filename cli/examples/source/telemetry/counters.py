"""Counts what happens, by name. One file and no __init__.py: nobody finds it unless somebody asks."""

import threading


class Counters:
    """Counters that several threads may use at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def add(self, name: str, by: int = 1) -> int:
        """Counts on and gives back the new count."""
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + by
            return self._counts[name]

    def snapshot(self) -> dict[str, int]:
        """All counts at one moment."""
        with self._lock:
            return dict(self._counts)
