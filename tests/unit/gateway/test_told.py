"""One line of JSON for each body that ended: what it was and what it spent; never what was said in it."""

import json
from datetime import UTC, datetime

import aiohttp
import msgspec
import pytest

from streamkit.gateway.asked import fingerprint
from streamkit.gateway.told import BodyLine, Lines
from tests.unit.gateway.sites import recording, standing
from tests.unit.gateway.test_exchange import ask, playing, stated

BODY = recording("dify/chat_llm_400_chunks")
CHAT = "/v1/chat-messages"
KEY = "app-AbCdEfGhIjKlMnOp"


async def told(body=BODY, *, path=CHAT, headers=None, upstream_headers=None, **settings):
    lines = []
    handler = playing(body, headers=upstream_headers or {"Content-Type": "text/event-stream"})
    async with standing(handler, Lines(lines.append), **settings) as site, aiohttp.ClientSession() as client:
        await ask(client, site.url, path, headers=headers or {})
    return lines


async def test_a_body_is_told_in_one_line():
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    (line,) = await told(
        headers={"Authorization": f"Bearer {KEY}", "X-Request-Id": "r-1", "traceparent": trace},
        apps={fingerprint(KEY): "support"},
    )
    found, run = json.loads(line), stated(BODY)
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert abs(datetime.fromisoformat(found.pop("at")) - datetime.now(UTC)).total_seconds() < 60
    assert 0 <= found.pop("first_token") <= found.pop("duration") < 60
    assert found == {
        "format": 1,
        "run_id": run.id,
        "message_id": run.message_id,
        "conversation_id": run.conversation_id,
        "task_id": run.task_id,
        "app": "support",
        "key": fingerprint(KEY),
        "user": "u-1",
        "dialect": "dify",
        "mode": "chatflow",
        "route": CHAT,
        "http_status": 200,
        "status": run.status,
        "error_code": None,
        "ended": "eof",
        "segment": 0,
        "segment_tokens": run.leaf_tokens,
        "run_tokens": run.total_tokens,
        "tokens_source": "leaf",
        "cost": {currency: str(amount) for currency, amount in run.leaf_cost.items()},
        "usage_complete": True,
        "client_gone_at": None,
        "stop_status": None,
        "bytes": len(BODY),
        "events": sum(run.events.values()),
        "heartbeats": run.heartbeats,
        "anomalies": {},
        "observer_errors": 0,
        "request_id": "r-1",
        "traceparent": trace,
        "recording": None,
    }


async def test_nothing_that_was_said_is_told():
    (line,) = await told(recording("dify/chat_unicode"))
    run = stated(recording("dify/chat_unicode"))
    assert run.text
    assert json.dumps(run.text)[1:-1][:20].encode() not in line
    assert run.text[:10].encode() not in line


async def test_an_error_is_told_by_its_code_alone():
    body = recording("dify/chat_app_error_midstream")
    (line,) = await told(body)
    error = stated(body).error
    assert json.loads(line)["error_code"] == error.code
    assert error.message.encode() not in line


async def test_a_secret_is_masked_wherever_it_hides():
    body = BODY.replace(stated(BODY).task_id.encode(), KEY.encode())
    (line,) = await told(body, headers={"Authorization": f"Bearer {KEY}", "X-Request-Id": KEY})
    assert KEY.encode() not in line
    assert b"REDACTED" in line


@pytest.mark.parametrize("path", ["/ticker", "/v1/parameters"])
async def test_what_is_no_run_is_not_told(path):
    assert await told(b'data: {"price": 1}\n\n' * 20, path=path) == []


async def test_an_id_of_the_request_may_be_the_servers():
    (line,) = await told(upstream_headers={"Content-Type": "text/event-stream", "X-Request-Id": "from-upstream"})
    assert json.loads(line)["request_id"] == "from-upstream"


async def test_a_line_can_be_read_back():
    (line,) = await told()
    assert msgspec.json.decode(line, type=BodyLine).status == stated(BODY).status
