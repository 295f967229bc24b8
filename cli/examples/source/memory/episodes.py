"""An append-only store of episodes."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Episode:
    """Something that happened, in words, with its weight."""

    text: str
    weight: float = 1.0
    at: float = field(default_factory=time.time)
    tags: list[str] = field(default_factory=list)


class EpisodeStore:
    """One JSON line an episode."""

    def __init__(self, path: Path):
        self.path = path

    def append(self, episode: Episode) -> None:
        """Adds an episode at the end of the log."""
        with self.path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(asdict(episode)) + "\n")

    def __iter__(self) -> Iterator[Episode]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as log:
            for line in log:
                yield Episode(**json.loads(line))

    def since(self, moment: float) -> list[Episode]:
        """Episodes that are not older than a moment, oldest first."""
        return [episode for episode in self if episode.at >= moment]
