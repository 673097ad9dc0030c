"""Requests that start a run are known by method and path: of the APIs, and of the vendors' own pages."""

import pytest

from streamkit.gateway.recognise import Stop, recognise

RUNS = {
    # Dify: service API
    "/v1/chat-messages": ("dify", "/v1/chat-messages", None, "POST /v1/chat-messages/{task}/stop"),
    "/v1/completion-messages": ("dify", "/v1/completion-messages", None, "POST /v1/completion-messages/{task}/stop"),
    "/v1/workflows/run": ("dify", "/v1/workflows/run", None, "POST /v1/workflows/tasks/{task}/stop"),
    "/v1/workflows/w-7/run": ("dify", "/v1/workflows/:id/run", None, "POST /v1/workflows/tasks/{task}/stop"),
    "/v1/datasets/d/pipeline/run": ("dify", "/v1/datasets/:app/pipeline/run", "d", None),
    # Dify: web app, installed apps
    "/api/chat-messages": ("dify", "/api/chat-messages", None, "POST /api/chat-messages/{task}/stop"),
    "/api/workflows/run": ("dify", "/api/workflows/run", None, "POST /api/workflows/tasks/{task}/stop"),
    "/console/api/installed-apps/a/workflows/run": (
        "dify",
        "/console/api/installed-apps/:app/workflows/run",
        "a",
        "POST /console/api/installed-apps/a/workflows/tasks/{task}/stop",
    ),
    # Dify Studio's preview
    "/console/api/apps/a/workflows/draft/run": (
        "dify",
        "/console/api/apps/:app/workflows/draft/run",
        "a",
        "POST /console/api/apps/a/workflow-runs/tasks/{task}/stop",
    ),
    "/console/api/apps/a/advanced-chat/workflows/draft/run": (
        "dify",
        "/console/api/apps/:app/advanced-chat/workflows/draft/run",
        "a",
        "POST /console/api/apps/a/workflow-runs/tasks/{task}/stop",
    ),
    "/console/api/apps/a/advanced-chat/workflows/draft/loop/nodes/n/run": (
        "dify",
        "/console/api/apps/:app/advanced-chat/workflows/draft/loop/nodes/:id/run",
        "a",
        "POST /console/api/apps/a/workflow-runs/tasks/{task}/stop",
    ),
    "/console/api/apps/a/chat-messages": (
        "dify",
        "/console/api/apps/:app/chat-messages",
        "a",
        "POST /console/api/apps/a/chat-messages/{task}/stop",
    ),
    "/console/api/rag/pipelines/p/workflows/draft/run": (
        "dify",
        "/console/api/rag/pipelines/:app/workflows/draft/run",
        "p",
        "POST /console/api/rag/pipelines/p/workflow-runs/tasks/{task}/stop",
    ),
    # RAGFlow: API of all generations, bots
    "/api/v1/chats/c/completions": ("ragflow", "/api/v1/chats/:app/completions", "c", None),
    "/api/v1/chats/c/sessions/s/completions": ("ragflow", "/api/v1/chats/:app/sessions/:id/completions", "c", None),
    "/api/v1/chats_openai/c/chat/completions": ("ragflow", "/api/v1/chats_openai/:app/chat/completions", "c", None),
    "/api/v1/openai/c/chat/completions": ("ragflow", "/api/v1/openai/:app/chat/completions", "c", None),
    "/api/v1/chatbots/c/completions": ("ragflow", "/api/v1/chatbots/:app/completions", "c", None),
    "/api/v1/searches/s/completion": ("ragflow", "/api/v1/searches/:app/completion", "s", None),
    "/api/v1/sessions/ask": ("ragflow", "/api/v1/sessions/ask", None, None),
    "/api/v1/agents/g/completions": (
        "ragflow",
        "/api/v1/agents/:app/completions",
        "g",
        "POST /api/v1/tasks/{task}/cancel",
    ),
    "/api/v1/agents/chat/completions": (
        "ragflow",
        "/api/v1/agents/chat/completions",
        None,
        "POST /api/v1/tasks/{task}/cancel",
    ),
    "/api/v1/agentbots/g/completions": (
        "ragflow",
        "/api/v1/agentbots/:app/completions",
        "g",
        "POST /api/v1/tasks/{task}/cancel",
    ),
    "/api/v1/agents_openai/g/chat/completions": (
        "ragflow",
        "/api/v1/agents_openai/:app/chat/completions",
        "g",
        "POST /api/v1/tasks/{task}/cancel",
    ),
    # RAGFlow's canvas and its other pages
    "/v1/canvas/completion": ("ragflow", "/v1/canvas/completion", None, "PUT /v1/canvas/cancel/{task}"),
    "/v1/canvas/g/completion": ("ragflow", "/v1/canvas/:app/completion", "g", "PUT /v1/canvas/cancel/{task}"),
    "/v1/conversation/completion": ("ragflow", "/v1/conversation/completion", None, None),
    "/v1/api/completion": ("ragflow", "/v1/api/completion", None, None),
    # others
    "/api/v1/chat/completions": ("openai", "/chat/completions", None, None),
    "/v1/chat/completions": ("openai", "/chat/completions", None, None),
    "/api/v2/tools/chatflows/": ("lighton", "/api/v2/tools/chatflows", None, None),
    # below a prefix of somebody's own
    "/dify/v1/chat-messages/": ("dify", "/v1/chat-messages", None, "POST /dify/v1/chat-messages/{task}/stop"),
}


@pytest.mark.parametrize("path", RUNS)
def test_a_request_that_starts_a_run_is_known(path):
    route = recognise("POST", path)
    stop = f"{route.stop.method} {route.stop.path}" if route.stop else None
    assert (route.vendor, route.name, route.app_id, stop) == RUNS[path]
    assert (route.kind, route.run_id) == ("run", None)
    assert recognise("GET", path) is None


@pytest.mark.parametrize("base", ["/v1", "/api", "/console/api"])
def test_the_events_of_a_run_that_began_elsewhere_are_known_and_so_is_the_run(base):
    route = recognise("GET", f"{base}/workflow/r-1/events")
    assert (route.kind, route.run_id, route.name) == ("resume", "r-1", f"{base}/workflow/:run/events")
    assert recognise("POST", f"{base}/workflow/r-1/events") is None


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/apps",
        "/v1/chat-messages/t/stop",
        "/v1/workflows/tasks/t/stop",
        "/v1/form/human_input/token",
        "/console/api/apps/a/workflows/draft",
        "/console/api/apps/a/workflows/draft/nodes/n/run",  # one plain node: JSON, no run
        "/api/v1/agents/g/sessions",
        "/api/v1/tasks/t/cancel",
        "/not/v1/workflows/run/again",
        "/v1/info",
    ],
)
def test_what_starts_no_run_is_none(path):
    assert recognise("POST", path) is None


def test_stop_is_a_method_and_a_path():
    assert recognise("POST", "/v1/workflows/run").stop == Stop("POST", "/v1/workflows/tasks/{task}/stop")
