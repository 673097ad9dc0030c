"""Every fixture in the viewer: what it shows in the end is what a tap makes of it, and nothing of it reaches the terminal."""

import random
from pathlib import Path

import anyio
import pytest

from streamkit import Tap
from streamkit.run import NodeExecution
from tests.viewer.bodies import BODIES, ONE_RUN, state
from tests.viewer.bodies import watch as watched
from tests.viewer.over import obeyed
from tests.viewer.program import FIXTURES, opened, shown
from viewer.facts import Now
from viewer.past import Then
from viewer.session import Session
from viewer.sources import FileSource, FolderSource
from viewer.stream import Watch
from viewer.tree import RunTree

pytestmark = pytest.mark.untraced

HOSTILE = [name for name in BODIES if name.startswith("hostile/")]
SMALL = [name for name in ONE_RUN if len(BODIES[name]) < 40_000]
EACH = 6
"""Moments of a body that are looked at."""
MOST = 2**63 - 1
"""More tokens than this a history does not tell."""


async def watch_all(*sources) -> Watch:
    found = Watch()
    for source in sources:
        await source.run(found)
    return found


async def test_every_file_opens_and_ends_as_a_tap_makes_it():
    names = [name for name in ONE_RUN if (FIXTURES / f"{name}.sse").is_file()]
    for name in names:
        found = await watch_all(FileSource(FIXTURES / f"{name}.sse"))
        tap = Tap()
        tap.feed(BODIES[name])
        tap.close()
        assert len(found.runs) == 1, name
        assert state(found.runs[0].run) == state(tap.run), name


async def test_the_whole_folder_opens_and_every_run_of_it_is_shown():
    found = Watch()
    for path in sorted(FIXTURES.rglob("*")):
        if path.suffix in (".sse", ".ndjson", ".json", ".html", ".bin") and not path.name.endswith(".golden.json"):
            await FileSource(path).run(found)
    assert len(found.runs) > 150
    async with shown(watching=found, size=(100, 30)) as viewer:
        app = viewer.app
        for run in found.runs:
            app.session.choose(run)
            app.tick()
            assert app.run_tree.model.run is run.run
            assert app.run_tree.height_now() >= 1
            assert app.notes.caption.startswith("Notes")
        await viewer.settle()
        assert f"{len(found.runs)}/{len(found.runs)}" in viewer.rows[0]


async def test_a_folder_as_a_source_finds_what_is_in_it():
    bodies = {path for path in (FIXTURES / "hostile").iterdir() if path.suffix in (".sse", ".ndjson")}

    def names():
        return {Path(name) for run in found.runs for name in run.names}

    with anyio.move_on_after(60) as scope:
        found = Watch(on_change=lambda: scope.cancel() if names() >= bodies else None)
        await FolderSource(FIXTURES / "hostile").run(found)
    assert names() == bodies
    found.close()


# ---- hostile bodies


@pytest.mark.parametrize("name", HOSTILE)
async def test_no_pane_and_no_tab_shows_what_a_terminal_obeys(name):
    """G16, on the strips; the pty has its own test."""
    found = watched(BODIES[name])
    async with shown(watching=found, size=(140, 40)) as viewer:
        app = viewer.app
        for run in found.runs:
            app.session.choose(run)
            app.commands.do("unfold-all")
            for number in range(min(app.run_tree.height_now(), 12)):
                app.run_tree.move_to(number)
                app.tick()
                for tab in ("in", "out", "proc", "err", "text", "meta", "raw"):
                    app.detail.pick(tab)
                    strips = (app.detail.render_line(y) for y in range(app.detail.size.height))
                    assert obeyed("".join(segment.text for strip in strips for segment in strip)) == set()
            for _ in range(app.notes.height_now()):
                app.notes.move_by(1)
                app.notes.toggle()
            for _ in range(3):
                app.tokens.next_group()
                app.tick()
                await viewer.settle()
                assert obeyed(viewer.text) == set()


@pytest.mark.parametrize("key", ["a", "W", "x", "y", "d", "?"])
async def test_no_screen_over_the_panes_shows_what_a_terminal_obeys(key):
    name = "hostile/escapes_bidi_markup"
    async with shown(name, "dify/wf_human_1_paused", name) as viewer:
        await viewer.press("}", "}", "j", key)
        assert obeyed(viewer.text) == set()


async def test_a_hostile_name_of_a_file_is_shown_without_harm(tmp_path):
    path = tmp_path / "a\x1b[2J\u202eb\x9b.sse"
    path.write_bytes(BODIES["dify/chat_simple"])
    async with shown(watching=await watch_all(FileSource(path)), size=(140, 40)) as viewer:
        assert obeyed(viewer.text) == set()
        assert viewer.app.session.chosen.name == str(path)


# ---- replay is live


@pytest.mark.parametrize("name", SMALL)
def test_facts_of_the_past_are_those_of_a_run_that_came_as_far(name):
    """What `Then` knows from its log is what a fold of so many events says: status, tokens and tries."""
    found = watched(BODIES[name])
    run = found.runs[0]
    chance = random.Random(name)  # noqa: S311 - no secret
    events = sorted({0, run.events, *(chance.randrange(run.events + 1) for _ in range(EACH))}) if run.events else [0]
    for event in events:
        fresh = run.at(event)
        then = Then(run.history, event, RunTree(run.run).rounds_begun)
        now = Now(then.time)
        assert then.facts(run.run).status == fresh.status, event
        for node in fresh.executions.values():
            told = then.facts(run.run.executions.get(node.id, node))
            facts = now.facts(node)
            tokens = None if facts.tokens is None else max(0, min(facts.tokens, MOST))
            assert (told.status, told.tokens, told.attempts) == (facts.status, tokens, facts.attempts), event


@pytest.mark.parametrize("name", SMALL[::3])
def test_a_session_looks_back_at_what_a_live_session_saw(name):
    """A replay at an event, and a viewer that was fed so far, have the same rows in the same state."""
    replayed = watched(BODIES[name]).runs[0]
    session = Session()
    session.take_in([replayed])
    chance = random.Random(name)  # noqa: S311 - no secret
    assert session.chosen is replayed
    for event in {chance.randrange(replayed.events + 1) for _ in range(2)} if replayed.events else ():
        session.seek(event)
        shown_then = facts_of(session)
        fresh = replayed.at(event)
        nodes = {node.id: Now(0.0).facts(node) for node in fresh.executions.values()}
        hidden = nodes.keys() - shown_then.keys()
        assert {key: facts.status for key, facts in nodes.items() if key not in hidden} == shown_then
        assert not hidden or name == "hostile/tangled_containers", "what holds them began later"


def facts_of(session: Session) -> dict[str, str]:
    rows = (row.item for row in session.tree.walk())
    return {item.id: session.moment.facts(item).status for item in rows if isinstance(item, NodeExecution)}


@pytest.mark.parametrize("name", ["dify/wf_iter_fail_par_continue", "ragflow/protocol/09_agent_v027_full_event_stream"])
async def test_a_body_that_came_in_pieces_ends_with_the_screen_of_a_recording(name):
    async with shown(name) as viewer:
        recorded = viewer.rows
    found = Watch()
    stream = opened(found, f"{name}.sse")
    async with shown(watching=found) as viewer:
        for start in range(0, len(BODIES[name]), 997):
            stream.feed(BODIES[name][start : start + 997])
            viewer.app.tick()
        stream.close()
        viewer.app.run_tree.follow = False
        await viewer.press("g")
        assert viewer.rows == recorded
