"""Which requests start a run, or go on with one, by their method and path: the APIs and the vendors' own front ends.

A path may stand below a prefix of somebody's own. A request that is not in the table may still be a run: a body that
is an event stream is looked at, too, and its frames tell.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple


class Stop(NamedTuple):
    """The request that stops a run."""

    method: str
    path: str
    """With `{task}` where the id of the task belongs."""


class Route(NamedTuple):
    """What a request asks for."""

    vendor: str
    kind: Literal["run", "resume"]
    """`resume`: the events of a run that began in another body."""
    name: str
    """The path, with names in place of ids."""
    app_id: str | None = None
    """The app, agent or chat that the path names."""
    run_id: str | None = None
    """The run that the path names."""
    stop: Stop | None = None
    """How to stop the run, where the vendor can."""


class _Rule(NamedTuple):
    vendor: str
    kind: Literal["run", "resume"]
    pattern: re.Pattern[str]
    stop: str | None = None
    """A method and a path; `{base}` is what stands before the group `own` of the pattern, `{path}` the whole of it."""


def _rule(vendor: str, kind: Literal["run", "resume"], pattern: str, stop: str | None = None) -> _Rule:
    return _Rule(vendor, kind, re.compile(f"(?:^|(?<=[^/]))(?:{pattern})/?$"), stop)


_ID: Final = "[^/]+"
_OTHER: Final = f"({_ID})"
"""An id that is of no interest; in the name of a route it stands as `:id`."""
_DIFY_APP: Final = rf"/console/api/(?:apps|rag/pipelines|snippets)/(?P<app>{_ID})"
RAGFLOW_TASK: Final = "/tasks/{task}/cancel"
"""How RAGFlow's API calls a run that is to be stopped."""
_RULES: Final[Sequence[_Rule]] = (
    # Dify's service API (/v1), its web app (/api), apps that are installed in a workspace, the studio's debugger
    _rule("dify", "run", "/(?:v1|api)/(?:chat|completion)-messages", "POST {path}/{task}/stop"),
    _rule(
        "dify",
        "run",
        rf"/console/api/(?:installed-apps|apps)/(?P<app>{_ID})/(?:chat|completion)-messages",
        "POST {path}/{task}/stop",
    ),
    _rule("dify", "run", rf"/(?:v1|api)/workflows(?P<own>(?:/{_OTHER})?/run)", "POST {base}/tasks/{task}/stop"),
    _rule(
        "dify",
        "run",
        rf"/console/api/installed-apps/(?P<app>{_ID})/workflows(?P<own>/run)",
        "POST {base}/tasks/{task}/stop",
    ),
    _rule("dify", "run", rf"/v1/datasets/(?P<app>{_ID})/pipeline/(?:datasource/nodes/{_OTHER}/)?run"),
    # Dify Studio's preview: drafts of workflows, chatflows and pipelines, and of one iteration or loop
    _rule(
        "dify",
        "run",
        rf"{_DIFY_APP}(?P<own>(?:/advanced-chat)?/workflows/(?:draft|published)/(?:(?:iteration|loop)/nodes/{_OTHER}/)?run)",
        "POST {base}/workflow-runs/tasks/{task}/stop",
    ),
    _rule("dify", "resume", rf"/(?:v1|api|console/api)/workflow/(?P<run>{_ID})/events"),
    # RAGFlow's API, its bots, its own pages: chats, searches and the canvas. A chat cannot be stopped.
    _rule("ragflow", "run", rf"/api/v1/chats(?:_openai)?/(?P<app>{_ID})(?:/sessions/{_OTHER}|/chat)?/completions"),
    _rule("ragflow", "run", rf"/api/v1/openai/(?P<app>{_ID})/chat/completions"),
    _rule("ragflow", "run", rf"/api/v1/(?:chatbots|searches)/(?P<app>{_ID})/completions?"),
    _rule("ragflow", "run", "/api/v1/(?:sessions|searchbots|chats)/ask"),
    _rule("ragflow", "run", "/api/v1(?P<own>/agents/chat/completions?)", f"POST {{base}}{RAGFLOW_TASK}"),
    _rule(
        "ragflow",
        "run",
        rf"/api/v1(?P<own>/(?:agents|agents_openai|agentbots)/(?P<app>{_ID})(?:/chat)?/completions)",
        f"POST {{base}}{RAGFLOW_TASK}",
    ),
    _rule("ragflow", "run", rf"/v1/canvas(?P<own>(?:/(?P<app>{_ID}))?/completion)", "PUT {base}/cancel/{task}"),
    _rule("ragflow", "run", "/v1/(?:conversation/(?:completion|ask)|api/completion)"),
    _rule("ragflow", "run", rf"/api/v1/(?:chat|session)/(?:{_OTHER}/session/{_OTHER}/)?completion"),
    # One of OpenAI's, whoever's server it is; and LightOn's chatflows
    _rule("openai", "run", "/chat/completions"),
    _rule("lighton", "run", r"/api/v\d+/tools/chatflows"),
)
_METHODS: Final = {"run": "POST", "resume": "GET"}


def recognise(method: str, path: str) -> Route | None:
    """Return what a request asks for, as far as its method and path tell; None if it is no run by that.

    Args:
        method: of the request.
        path: without the query.
    """
    for rule in _RULES:
        found = rule.pattern.search(path) if method == _METHODS[rule.kind] else None
        if found is not None:
            return _route(rule, found, path.rstrip("/"))
    return None


def _route(rule: _Rule, found: re.Match[str], path: str) -> Route:
    ids = found.groupdict()
    stop = None
    if rule.stop is not None:
        base = path[: found.start("own")] if "own" in ids else path
        method, _, template = rule.stop.partition(" ")
        stop = Stop(method, template.replace("{path}", path).replace("{base}", base))
    return Route(rule.vendor, rule.kind, _name(found), ids.get("app"), ids.get("run"), stop)


def _name(found: re.Match[str]) -> str:
    """Return the path with names in place of its ids."""
    names = {number: name for name, number in found.re.groupindex.items()}
    name, start = found[0], found.start()
    for number in range(found.re.groups, 0, -1):
        first, last = found.span(number)
        if first >= 0 and names.get(number) != "own":
            name = f"{name[: first - start]}:{names.get(number, 'id')}{name[last - start :]}"
    return name.rstrip("/")
