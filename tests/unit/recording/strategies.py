"""Strategies for what a recording is made of."""

from hypothesis import strategies as st

from streamkit.recording import Request, Response

TIMES = st.integers(0, 10**12).map(lambda microseconds: microseconds / 10**6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXTS, st.lists, max_leaves=5)
REQUESTS = st.builds(Request, st.dictionaries(TEXTS, TEXTS), JSON, st.none() | TEXTS, st.none() | TEXTS)
RESPONSES = st.builds(Response, st.none() | st.integers(100, 599), st.dictionaries(TEXTS, TEXTS), JSON)
