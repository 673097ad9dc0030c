"""What tests of the viewer's other views share: runs of fixtures with times, large and hostile ones, and screens as text."""

from pathlib import Path
from time import process_time

from textual.app import App

from streamkit import Run, Tap
from streamkit.cli.render.look import ASCII, UNICODE, Look
from streamkit.run import NodeUsage
from streamkit.run.state import LogEntry

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAMES = sorted(str(path.relative_to(FIXTURES)) for path in FIXTURES.rglob("*.sse") if 0 < path.stat().st_size < 60_000)
LOOK = Look(glyphs=UNICODE)
PLAIN = Look(glyphs=ASCII)
SIZES = [(80, 24), (100, 30), (140, 40), (220, 60)]

HOSTILE = '\x1b]0;owned\x07\x1b[2J\x9b31m\x00\u202eeno\u2066 `` ``` <script> | $(id) "; rm -rf ~ #\n\r\t\x7f'
CONTROLS = {
    *map(chr, range(32)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
}


def run_of(name, piece=400):
    """Return the run of a fixture, as if pieces of it had come a tenth of a second after each other."""
    body, tap, at = (FIXTURES / name).read_bytes(), Tap("auto"), 0.0
    for start in range(0, len(body), piece):
        tap.feed(body[start : start + piece], at=at)
        at += 0.1
    tap.close(at=at)
    return tap.run


def execution(run, name, *, inside=None, index=None, begin=None, end=None, status="succeeded", tokens=None, **options):
    """Add an execution like `node#2` of a node."""
    told = {"type": "llm", "title": name.split("#")[0].title(), "at": begin, **options}
    node = run.open_execution(name, name.split("#")[0], **told)
    if inside is not None:
        run.place(node, inside, index)
    if tokens is not None:
        run.spend(node, NodeUsage(total_tokens=tokens, model="m"))
    if end is not None:
        run.close_execution(node, status, elapsed_time=end - begin, at=end)
    return node


def large(count, rounds=0):
    """Return a run of so many executions, one after another, perhaps in rounds of a loop."""
    run = Run("dify")
    loop = execution(run, "loop", begin=0.0, is_container=True) if rounds else None
    for number in range(count):
        place = {"inside": loop, "index": number * rounds // count} if loop is not None else {}
        name = f"n{number % 50}#{number}"
        execution(run, name, begin=number / 10, end=number / 10 + 0.05 * (number % 4), tokens=number % 97, **place)
    return run


def hostile():
    """Return a run that says the worst wherever a server can say something."""
    run = Run("dify")
    run.identify(id=HOSTILE, conversation_id=None, user=HOSTILE)
    run.set_mode(HOSTILE)
    node = run.open_execution(HOSTILE, HOSTILE, type=HOSTILE, title=HOSTILE, is_container=True, at=0.0)
    inner = run.open_execution("inner", HOSTILE, type=HOSTILE, title=HOSTILE, at=0.0)
    run.place(inner, node, 3)
    run.spend(inner, NodeUsage(total_tokens=3, model=HOSTILE, provider=HOSTILE))
    run.append_execution_text(inner, HOSTILE, 0.0)
    run.retry_execution(inner, 1, HOSTILE, 0.1)
    run.log(inner, LogEntry(id="a", label=HOSTILE, status=HOSTILE, error=HOSTILE, data={HOSTILE: HOSTILE}), None)
    run.close_execution(inner, "failed", error=HOSTILE, elapsed_time=1.0, at=1.0)
    run.close_execution(node, "failed", error=HOSTILE, at=1.0)
    run.report("non-standard-json", HOSTILE)
    return run


def keys_of(run):
    """Return the keys of all rows that the tree of a run can have."""
    yield ("run",)
    for node in run.walk():
        yield ("x", node.id)
        yield from (("t", node.id, attempt.index) for attempt in node.attempts)
        yield from (("l", node.id, entry_id) for entry_id in node.entries)
        yield from (("r", node.id, turn.index) for turn in node.rounds)


def text(spans):
    return "".join(span.text for span in spans)


def screen(app: App) -> str:
    """Return what stands on the screen."""
    return "\n".join("".join(piece.text for piece in strip) for strip in app.screen._compositor.render_strips())


def growth(work, small, large):
    """Return how many times as long work takes for a large input as for a small one, each time the best of three."""
    return _seconds(work, large) / _seconds(work, small)


def _seconds(work, given):
    times = []
    for _ in range(3):
        before = process_time()
        work(given)
        times.append(process_time() - before)
    return min(times)
