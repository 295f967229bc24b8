"""Finds episodes that belong to a question."""

import math
from collections import Counter

from memory.episodes import Episode


def words_of(text: str) -> Counter[str]:
    """Lower-case words with their count."""
    return Counter(word.strip(".,;:!?").lower() for word in text.split() if word)


def similarity(left: Counter[str], right: Counter[str]) -> float:
    """Cosine of two bags of words, 0 to 1."""
    shared = sum(left[word] * right[word] for word in left)
    size = math.sqrt(sum(n * n for n in left.values()) * sum(n * n for n in right.values()))
    return shared / size if size else 0.0


def recall(question: str, episodes: list[Episode], limit: int = 5) -> list[Episode]:
    """The episodes closest to a question, the closest first; none that share no word with it."""
    asked = words_of(question)
    scored = [(similarity(asked, words_of(episode.text)) * episode.weight, episode) for episode in episodes]
    scored.sort(key=lambda pair: pair[0], reverse=True)
    return [episode for score, episode in scored[:limit] if score > 0]
