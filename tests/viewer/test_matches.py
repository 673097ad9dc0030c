"""What a search found is marked, whatever pieces a line is made of."""

from hypothesis import given
from hypothesis import strategies as st

from streamkit.cli.render.cells import Span
from viewer.matches import marked

SPANS = st.lists(st.builds(Span, st.text("abA ", max_size=5), st.sampled_from(["", "key", "dim"])))


def test_a_match_is_marked_across_spans_and_in_whatever_case():
    spans = (Span('"Na', "key"), Span("me", "string"), Span(" name"))
    found = [span.text for span in marked(spans, "name") if span.style == "match"]
    assert found == ["Na", "me", "name"]


def test_without_a_search_the_spans_are_the_same():
    spans = (Span("a", "key"),)
    assert marked(spans, "") == spans


@given(SPANS, st.text("abA ", min_size=1, max_size=2))
def test_the_text_stays_and_what_is_marked_is_what_was_found(spans, text):
    line = marked(spans, text)
    whole = "".join(span.text for span in spans)
    assert "".join(span.text for span in line) == whole
    count = sum(len(span.text) for span in line if span.style == "match")
    assert count == whole.lower().count(text.lower()) * len(text)
