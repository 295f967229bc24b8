"""Hearing: from the microphone to utterances."""

from audio.capture import Microphone, open_microphone
from audio.segmenter import Segmenter, Utterance

__all__ = ["Microphone", "Segmenter", "Utterance", "open_microphone"]
