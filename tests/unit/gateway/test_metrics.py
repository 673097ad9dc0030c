"""Figures in the text that Prometheus reads: counted once, with labels of bounded variety."""

import re

import aiohttp

from streamkit.gateway.metrics import Counter, Histogram, Metrics, Reading
from tests.unit.gateway.sites import recording, standing
from tests.unit.gateway.test_exchange import playing, stated

LINE = re.compile(
    r'^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})?'
    r" -?\d+(?:\.\d+)?(?:e-?\d+)?)$"
)


def figures(metrics):
    """The figures by name and labels; every line is one that Prometheus reads."""
    text = metrics.text()
    lines = text.removesuffix("\n").split("\n")
    assert [line for line in lines if not LINE.match(line)] == []
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


async def counted(requests, *listeners, **settings):
    metrics = Metrics()
    bodies = dict(requests)

    async def handler(request):
        return await playing(bodies[request.raw_path])(request)

    async with standing(handler, metrics, **settings) as site, aiohttp.ClientSession() as client:
        for path, _ in requests:
            method = client.get if path.endswith("events") else client.post
            await (await method(site.url + path)).read()
        await site.proxy.finish()
    return metrics


async def test_runs_tokens_and_money_are_counted():
    body, failed = recording("dify/chat_llm_400_chunks"), recording("dify/wf_failed")
    metrics = await counted([("/v1/chat-messages", body), ("/b/v1/workflows/run", failed)])
    found, run = figures(metrics), stated(body)
    assert found['streamkit_runs_total{app="unknown",dialect="dify",status="failed"}'] == 1
    assert found[f'streamkit_runs_total{{app="unknown",dialect="dify",status="{run.status}"}}'] == 1
    assert found['streamkit_tokens_total{app="unknown"}'] == run.leaf_tokens + stated(failed).leaf_tokens
    assert found['streamkit_cost_total{app="unknown",currency="USD"}'] == float(run.leaf_cost["USD"])
    assert found['streamkit_bodies_total{app="unknown",ended="eof"}'] == 2
    assert found["streamkit_observer_errors_total"] == 0


async def test_a_run_in_three_bodies_is_one_run_and_each_token_counts_once():
    names = ("june26_chat_human_timeout_1_paused", "june26_chat_human_timeout_2_resumed")
    paused, resumed = (recording(f"dify/{name}") for name in names)
    end = resumed[resumed.index(b'data: {"event":"workflow_finished"') :]
    events = f"/v1/workflow/{stated(paused).id}/events"
    for store in (True, False):  # through one process, and through three
        requests = [("/v1/chat-messages", paused), (events, resumed), (f"/x{events}", end)]
        if store:
            found = figures(await counted(requests))
        else:
            parts = [figures(await counted([request])) for request in requests]
            found = {name: sum(part.get(name, 0) for part in parts) for part in parts for name in part}
        assert found['streamkit_runs_total{app="unknown",dialect="dify",status="succeeded"}'] == 1
        assert found['streamkit_tokens_total{app="unknown"}'] == 21
        assert found['streamkit_bodies_total{app="unknown",ended="eof"}'] == 3


async def test_anomalies_are_counted_by_kind():
    body = b'data: {"event":"message","task_id":"t","message_id":"m","answer":"x"}\n\ndata: {oops\n\n'
    found = figures(await counted([("/v1/chat-messages", body)]))
    assert found['streamkit_anomalies_total{kind="malformed-event"}'] == 1


async def test_what_is_no_run_is_not_counted():
    found = figures(await counted([("/ticker", b'data: {"price": 1}\n\n' * 20)]))
    assert not any(name.startswith(("streamkit_runs", "streamkit_bodies")) for name in found)


async def test_apps_beyond_so_many_are_counted_together():
    body = recording("dify/wf_failed")
    paths = [(f"/console/api/apps/a{number}/workflows/draft/run", body) for number in range(503)]
    found = figures(await counted(paths))
    assert found['streamkit_runs_total{app="a499",dialect="dify",status="failed"}'] == 1
    assert found['streamkit_runs_total{app="other",dialect="dify",status="failed"}'] == 3


async def test_what_a_server_or_a_client_says_does_not_make_labels_without_end():
    body = recording("dify/chat_llm_400_chunks").replace(b'"USD"', b'"a currency of somebody\'s own"')
    found = figures(await counted([(f"/console/api/apps/{'a' * 500}/chat-messages", body)]))
    cost = float(stated(recording("dify/chat_llm_400_chunks")).leaf_cost["USD"])
    assert found[f'streamkit_cost_total{{app="{"a" * 100}",currency="other"}}'] == cost


def test_a_counter_has_a_figure_for_each_set_of_labels():
    counter = Counter("runs", "Runs.")
    counter.add(app="a")
    counter.add(2, app="a")
    counter.add(app='"\\\n')
    assert list(counter.lines()) == [
        "# HELP runs Runs.",
        "# TYPE runs counter",
        'runs{app="a"} 3',
        r'runs{app="\"\\\n"} 1',
    ]


def test_a_reading_is_read_when_it_is_asked_for():
    values = {(): 1.5}
    reading = Reading("open", "Open.", "gauge", lambda: values)
    assert list(reading.lines())[-2:] == ["# TYPE open gauge", "open 1.5"]
    values[()] = 0
    assert list(reading.lines())[-1] == "open 0"


def test_a_histogram_counts_what_is_no_more_than_its_bounds():
    histogram = Histogram("seconds", "Seconds.", (1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 3.0):
        histogram.observe(value, app="a")
    assert list(histogram.lines())[2:] == [
        'seconds_bucket{app="a",le="1.0"} 2',
        'seconds_bucket{app="a",le="2.0"} 3',
        'seconds_bucket{app="a",le="+Inf"} 4',
        'seconds_sum{app="a"} 6',
        'seconds_count{app="a"} 4',
    ]
