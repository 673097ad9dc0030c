import json
from decimal import Decimal
from pathlib import Path

import pytest

from streamkit.cli.summary import OF_NODES, OF_RUNS, Group, groups
from streamkit.run import NodeUsage, Run
from streamkit.subjects import RunSubject
from streamkit.where import parse

FIXTURES = Path(__file__).parents[2] / "fixtures"
DIFY = FIXTURES / "dify"
ITERATION = DIFY / "wf_iter_fail_par_continue.sse"
CHAT = DIFY / "preview_chat_plain.sse"
FAILED = DIFY / "wf_failed.sse"


def objects(result):
    return {line["group"]: line for line in map(json.loads, result.stdout.splitlines())}


def run_of(*seconds, model=None, tokens=None, cost=None, status="succeeded"):
    """A run of one node that was run so many times."""
    run = Run("dify")
    for number, each in enumerate(seconds):
        node = run.open_execution(f"x{number}", "n", type="llm", title="N")
        run.close_execution(node, status, elapsed_time=each)
        if tokens is not None:
            run.spend(node, NodeUsage(tokens, tokens - 1, 1, cost, model))
    return RunSubject(run)


def test_executions_are_summed_up_by_node(cli):
    result = cli("stats", ITERATION, FAILED, "--by", "node")
    assert (result.exit_code, result.stderr) == (0, "")
    titles, *lines = result.stdout.splitlines()
    names = ["node", "n", "errors", "p50", "p95", "max", "time", "in", "out", "tokens", "mean", "cost"]
    assert [title.strip() for title in titles.split("\t")] == names
    rows = {cells[0].strip(): [cell.strip() for cell in cells[1:7]] for cells in (line.split("\t") for line in lines)}
    assert rows["For each item"] == ["1", "", "684ms", "684ms", "684ms", "684ms"]
    assert rows["Work"][:2] == ["6", "2"]
    assert next(iter(rows)) == "For each item"


def test_json_has_the_documented_fields(cli):
    found = objects(cli("stats", CHAT, "--by", "type", "--json"))
    assert list(found["llm"]) == list(Group.__struct_fields__)
    llm = found["llm"]
    assert (llm["count"], llm["errors"], llm["total_tokens"], llm["cost"]) == (1, 0, 42, {"USD": "0.0002550"})
    assert llm["prompt_tokens"] + llm["completion_tokens"] == 42
    assert llm["p50"] == llm["max"] == llm["time"]
    assert found["start"]["total_tokens"] is None


@pytest.mark.parametrize("by", [*OF_NODES, *OF_RUNS])
@pytest.mark.parametrize("mode", [(), ("--json",)])
def test_every_fixture_can_be_summed_up(cli, by, mode):
    result = cli("stats", FIXTURES, "--by", by, *mode)
    assert result.exit_code == 2  # some are empty on purpose
    assert result.stdout


def test_percentiles_are_nearest_ranks():
    [group] = groups([run_of(*range(1, 101))], "node", parse(""))
    assert (group.count, group.p50, group.p95, group.max, group.time) == (100, 50, 95, 100, 5050)
    [group] = groups([run_of(3.0, 1.0, 2.0, None)], "node", parse(""))
    assert (group.count, group.p50, group.p95, group.max, group.time) == (4, 2.0, 3.0, 3.0, 6.0)
    [group] = groups([run_of(None)], "node", parse(""))
    assert (group.p50, group.max, group.time) == (None, None, None)


def test_tokens_and_cost_are_summed_by_currency():
    usd, eur = {"USD": Decimal("0.1")}, {"EUR": Decimal("0.2")}
    runs = [
        run_of(1, 2, model="m", tokens=10, cost=usd),
        run_of(3, model="m", tokens=40, cost=eur),
        run_of(4, model="k"),
    ]
    [group] = groups(runs, "model", parse(""))
    assert (group.group, group.count, group.total_tokens, group.mean_total_tokens) == ("m", 3, 60, 20)
    assert (group.prompt_tokens, group.completion_tokens) == (57, 3)
    assert group.cost == {"USD": Decimal("0.2"), "EUR": Decimal("0.2")}


def test_what_spent_tokens_without_a_model_is_a_group_without_a_name(cli):
    [group] = groups([run_of(1, tokens=5), run_of(2)], "model", parse(""))
    assert (group.group, group.count) == (None, 1)


def test_a_container_spends_nothing_of_its_own(cli, streams):
    """Else the sum over groups would count twice what is in it."""
    found = objects(cli("stats", "-", "--by", "node", "--json", stdin=streams.workflow(streams.iteration(3))))
    assert found["LLM"]["total_tokens"] == 30
    assert found["Each"]["total_tokens"] is None


@pytest.mark.parametrize("path", sorted(DIFY.glob("*.sse")), ids=lambda path: path.stem)
def test_groups_add_up_to_the_leaves_of_the_runs(cli, path):
    state = json.loads(cli("inspect", path, "--json").stdout)
    for by in ("node", "type"):
        lines = objects(cli("stats", path, "--by", by, "--json")).values()
        assert sum(line["total_tokens"] or 0 for line in lines) == state["leaf_tokens"]


def test_a_filter_chooses_what_is_grouped(cli):
    found = objects(cli("stats", ITERATION, FAILED, "--by", "node", "--where", "status:failed type:code", "--json"))
    assert {name: line["count"] for name, line in found.items()} == {"Work": 2, "Divide": 1}
    found = objects(cli("stats", ITERATION, FAILED, "--by", "status", "--where", "status:failed", "--json"))
    assert {name: (line["count"], line["errors"]) for name, line in found.items()} == {"failed": (1, 1)}


def test_nothing_that_matches_is_said(cli):
    result = cli("stats", FAILED, "--by", "node", "--where", "type:llm")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "streamkit: nothing matches\n")


def test_an_app_that_nobody_names_goes_by_its_workflow(cli, streams):
    assert list(objects(cli("stats", "-", "--by", "app", "--json", stdin=streams.workflow()))) == ["w"]
    output = cli("stats", "-", "--by", "app", stdin=b'{"code": "x", "message": "m", "status": 400}').stdout
    assert "no app" in output


def test_a_group_must_be_named(cli):
    for arguments in ((), ("--by", "colour")):
        result = cli("stats", FAILED, *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.count("\n") == 1
