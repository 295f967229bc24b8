from memory.episodes import Episode
from memory.recall import recall


def test_recall_prefers_shared_words():
    episodes = [Episode("the kettle boiled"), Episode("rain at night")]
    assert recall("when did it rain", episodes)[0].text == "rain at night"
