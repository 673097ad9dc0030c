from streamkit.testing.ragflow.script import Speech


def test_a_speech_is_its_pieces():
    said = Speech(name="LLM", pieces=("one ", "two"), thought="", tokens=0, chunks=(), seconds=0)
    assert said.text == "one two"
