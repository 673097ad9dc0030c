from streamkit.testing.dify.script import Model


def test_a_model_says_its_pieces():
    assert Model("gpt-4o", ("one ", "two"), 3, "").text == "one two"
