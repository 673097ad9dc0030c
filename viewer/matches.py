"""Where a search found something: the same spans, with what was found marked."""

import re
from collections.abc import Iterator, Sequence

from streamkit.cli.render.cells import Line, Span


def marked(spans: Sequence[Span], text: str) -> Line:
    """Return a line in which every occurrence of `text`, in whatever case, is marked."""
    whole = "".join(span.text for span in spans)
    found = [match.span() for match in re.finditer(re.escape(text), whole, re.IGNORECASE)] if text else []
    return tuple(_cut(spans, found)) if found else tuple(spans)


def _cut(spans: Sequence[Span], found: Sequence[tuple[int, int]]) -> Iterator[Span]:
    start = 0
    for span in spans:
        end = start + len(span.text)
        at = start
        for first, last in found:
            first, last = max(first, at), min(last, end)
            if first < last:
                yield Span(span.text[at - start : first - start], span.style)
                yield Span(span.text[first - start : last - start], "match")
                at = last
        yield Span(span.text[at - start :], span.style)
        start = end
