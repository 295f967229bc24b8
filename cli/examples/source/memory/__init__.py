"""What was heard and done, kept in episodes and found again."""

from memory.episodes import Episode, EpisodeStore

__all__ = ["Episode", "EpisodeStore"]
