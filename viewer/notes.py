"""What somebody should know of a run beside its tree: forms that wait, what did not fit, what is missing.

What waits for a person stands first.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Line, Span, cells, cut, wrap
from streamkit.cli.render.look import Look
from streamkit.cli.safe import safe_line
from streamkit.run import KINDS, HumanInput, Run
from streamkit.run.retention import EVERYTHING
from streamkit.run.state import Anomaly, Dropped
from viewer import brief
from viewer.labels import file_of
from viewer.runs import Entry
from viewer.watched import Remark

_UNDER: Final = "   "
_FEWEST: Final = 8
"""So many columns a title or an explanation has, however narrow the pane is."""


class Note(NamedTuple):
    """One thing to know."""

    line: Line
    about: HumanInput | str | Entry | Remark | None = None
    """The form, the kind of anomaly, what could not be read, the remark."""


class Troubles:
    """The anomalies of one run by kind, each with the first one; what was seen is not looked at again."""

    def __init__(self, run: Run) -> None:
        """Begin without any."""
        self.run = run
        self.first: dict[str, Anomaly] = {}
        """By kind, the first one that is kept."""
        self._seen = 0

    def sync(self) -> None:
        """Take in what came since the last time."""
        for anomaly in self.run.anomalies[self._seen :]:
            self.first.setdefault(anomaly.kind, anomaly)
        self._seen = len(self.run.anomalies)


def explanation(kind: str) -> str:
    """Return what an anomaly means, as `streamkit explain` says it; nothing for a kind that there is not."""
    return KINDS.get(kind, "")


def explanation_lines(troubles: Troubles, kind: str, width: int) -> Iterator[Line]:
    """Yield under the note of an anomaly: the first one with all of its detail, and what it means."""
    first = troubles.first.get(kind)
    room = max(width - len(_UNDER) - 1, _FEWEST)
    for line in wrap(_detail(first), room) if first is not None else ():
        yield (Span(_UNDER + line),)
    for line in wrap(explanation(kind), room):
        yield (Span(_UNDER + line, "dim"),)


def _detail(anomaly: Anomaly) -> str:
    where = f" (frame {anomaly.frame:,})" if anomaly.frame is not None else ""
    return safe_line(anomaly.detail) + where


def notes(
    troubles: Troubles,
    unread: Sequence[Entry],
    width: int,
    look: Look,
    now: float,
    answer_key: str,
    remarks: Sequence[Remark] = (),
) -> list[Note]:
    """Return all there is to know.

    Args:
        troubles: of the run, in sync.
        unread: what could not be read, of all runs.
        width: columns; what is longer is cut where it is painted.
        look: how to draw.
        now: epoch seconds.
        answer_key: what somebody presses to answer a form; empty where forms cannot be answered.
        remarks: what a recording says of moments of the run.
    """
    run = troubles.run
    return [
        *(Note(_form(form, width, look, now, answer_key), form) for form in run.forms if form.status == "waiting"),
        *_anomalies(troubles, look),
        *_not_kept(run, look),
        *_interrupted(run, look),
        *(Note(_remark(remark), remark) for remark in remarks),
        *(Note(_unread(entry, look), entry) for entry in unread),
    ]


def _form(form: HumanInput, width: int, look: Look, now: float, answer_key: str) -> Line:
    """Return the line of a form; of a long title the end gives way to how long it waits, and how to answer it."""
    rest = [Span(" waits")]
    if form.expires_at is not None:
        rest.append(_expiry(form.expires_at - now))
    if form.token is None:  # it went out by mail, say: what has no token cannot be answered by anybody who looks on
        rest.append(Span(" (answered elsewhere)", "dim"))
    elif answer_key:
        rest.append(Span(f" [{answer_key}]", "key"))
    mark = _mark("paused", look)
    room = width - sum(cells(span.text) for span in (mark, *rest))
    title = safe_line(form.title or "") or safe_line(form.node_id) or "a form"
    return mark, Span(cut(title, max(room, _FEWEST), look.glyphs.cut), "strong"), *rest


def _expiry(left: float) -> Span:
    if left <= 0:
        ago = brief.age(-left)
        return Span(f", expired {ago} ago" if ago not in ("", "now") else ", expires now", "bad")
    in_time = brief.age(left)
    return Span(f", expires {'now' if in_time == 'now' else f'in {in_time}'}" if in_time else "", "odd")


def _anomalies(troubles: Troubles, look: Look) -> Iterator[Note]:
    for kind, count in troubles.run.anomaly_counts.items():
        line = [_mark("exception", look), Span(kind, "odd")]
        if count > 1:
            line.append(Span(f" {look.glyphs.times}{count:,}", "odd"))
        if kind in troubles.first:
            line.append(Span(f" {_detail(troubles.first[kind])}"))
        yield Note(tuple(line), kind)


def _not_kept(run: Run, look: Look) -> Iterator[Note]:
    if run.retention == EVERYTHING:
        return
    dropped = run.snapshot().stats.dropped  # who keeps little takes a picture of it in no time
    words = ", ".join(_dropped(dropped))
    if words:
        yield Note((_mark("skipped", look), Span(f"not kept: {words}")))


def _dropped(dropped: Dropped) -> Iterator[str]:
    if dropped.executions:
        yield figures.counted(dropped.executions, "execution")
    if dropped.payloads:
        yield f"{figures.counted(dropped.payloads, 'value')} ({brief.count(dropped.payload_bytes)}B)"
    if dropped.characters:
        yield figures.counted(dropped.characters, "character")


def _interrupted(run: Run, look: Look) -> Iterator[Note]:
    if run.status == "interrupted":
        said = "the stream ended before the server said how the run ended"
        yield Note((_mark("interrupted", look), Span("interrupted", "bad"), Span(f": {said}")))


def _remark(remark: Remark) -> Line:
    return Span(" @ ", "key"), Span(f"{brief.clock(remark.time)} ", "dim"), Span(safe_line(remark.text))


def _unread(entry: Entry, look: Look) -> Line:
    name = safe_line(file_of(entry.name)) or "no name"
    return _mark("failed", look), Span(name, "strong"), Span(f": {safe_line(entry.problem or '')}")


def _mark(status: str, look: Look) -> Span:
    mark = look.mark(status)
    return Span(f" {mark.text} ", mark.style)
