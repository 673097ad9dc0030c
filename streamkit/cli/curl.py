"""`streamkit curl`: the curl line of a vendor's page, run and shown."""

import sys
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

import click

from streamkit.cli import CONTEXT
from streamkit.cli.asking import flags
from streamkit.cli.asking.apps import App
from streamkit.cli.asking.curl_line import CurlLine, read, variables_of
from streamkit.cli.asking.dify import DifyTarget
from streamkit.cli.asking.inputs import BadInput
from streamkit.cli.asking.paradigm import ParadigmTarget
from streamkit.cli.asking.performing import Outcome, perform, tape_of
from streamkit.cli.asking.ragflow import RAGFlowTarget
from streamkit.cli.asking.reaching import USER
from streamkit.cli.asking.shown import show_of_stdout
from streamkit.cli.asking.targets import Target
from streamkit.cli.indented import indented
from streamkit.cli.output import JsonLines
from streamkit.clients import DifyClient, ParadigmClient, RAGFlowClient
from streamkit.clients.answer import Received
from streamkit.clients.client import Client
from streamkit.clients.dify.runs import DifyRun
from streamkit.clients.operation import Call
from streamkit.clients.origin import OneBody, Origin
from streamkit.clients.ragflow.runs import RAGFlowRun
from streamkit.clients.secret import without_key

_RUNS: Final = ("/chat-messages", "/completion-messages", "/run", "/completions", "/completion", "/events", "/ask")
"""How paths end on which something runs."""
_SHARED: Final = "/v1"
"""What Dify's base has, and its paths have not."""


@click.command(context_settings={**CONTEXT, "ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help="Record the run in this file.")
@click.argument("words", metavar="LINE...", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def curl(ctx: click.Context, record: Path | None, words: tuple[str, ...]) -> None:
    """Send what a line of curl would send, and show the run that comes.

    Paste the line of a vendor's page behind `streamkit`, as it is. A key or an address that the page leaves open is taken from
    the environment: DIFY_API_KEY, DIFY_BASE_URL, RAGFLOW_API_KEY, RAGFLOW_BASE_URL, PARADIGM_API_KEY. A line without a
    key gets one only where it goes to the environment's server. What answers with something else than a run is printed.

    \b
    Examples:
      streamkit curl -X POST 'https://api.dify.ai/v1/chat-messages' \\
        --header 'Authorization: Bearer {api_key}' --header 'Content-Type: application/json' \\
        --data-raw '{"inputs": {}, "query": "hello", "response_mode": "streaming", "user": "ada"}'
      streamkit curl --request GET --url http://{address}/api/v1/datasets \\
        --header 'Authorization: Bearer <YOUR_API_KEY>'
    """  # noqa: D301 - click looks for the character
    if "-h" in words:  # by hand: else it would be found in -Haccept:…, too
        click.echo(ctx.get_help())
        return

    async def send() -> int:
        line = read(words)
        target = _target(line)
        async with target.client:
            if not _is_run(line):
                _print(await target.client.fetch(_call(line, target)))
                return 0
            return (await _run(line, target, record)).exit_code

    raise click.exceptions.Exit(flags.finished(send))


def _is_run(line: CurlLine) -> bool:
    return line.path.endswith("/events") if line.method == "GET" else line.path.endswith(_RUNS)


async def _run(line: CurlLine, target: Target, record: Path | None) -> Outcome:
    tape = tape_of(record, target)
    client = target.client
    origin = _origin(line, client, _call(line, target))
    dialect = None if isinstance(client, DifyClient) else "auto"
    return await perform(
        target,
        lambda: client.stream_of(origin, dialect=dialect, record=tape),
        show_of_stdout(),
        tape,
        is_ours=line.method != "GET",
    )


def _origin(line: CurlLine, client: Client, call: Call) -> Origin:
    """Return where the run comes from, so that it can be stopped, and gone on with, as any other."""

    async def request() -> Call:
        return call

    match client:
        case DifyClient():
            return DifyRun(client, request, _user_of(line))
        case RAGFlowClient():
            return RAGFlowRun(client, request, agent=_app_of(line).agent)
        case _:
            return OneBody(client.open_body, call)


def _user_of(line: CurlLine) -> str:
    told = line.body.get("user") if isinstance(line.body, dict) else dict(parse_qsl(line.query)).get("user")
    return str(told or USER)


def _target(line: CurlLine) -> Target:
    """Return whom a line is meant for."""
    if line.key is None and line.origin != variables_of(line.path).origin:
        raise BadInput(
            "the line has no key, and its server is not the environment's: add -H 'Authorization: Bearer {api_key}'"
        )
    try:
        return _reached(line, line.origin, line.key)
    except ValueError as error:  # no key, there and in the environment
        raise BadInput(str(error)) from None


def _reached(line: CurlLine, base: str, key: str | None) -> Target:
    match line.vendor:
        case "ragflow":
            return RAGFlowTarget(RAGFlowClient(base, key), _app_of(line))
        case "dify":
            prefix = line.path[: line.path.index(_SHARED) + len(_SHARED)]
            user = _user_of(line)
            return DifyTarget(DifyClient(base + prefix, key, user=user), user)
        case _:
            return ParadigmTarget(ParadigmClient(base, key), App(kind="paradigm"))


def _app_of(line: CurlLine) -> App:
    """Return the chat or the agent that a path is about, so that its form can be answered."""
    parts = line.path.split("/")
    for name in ("agents", "chats", "chat"):
        if name in parts[:-1]:
            told = parts[parts.index(name) + 1]
            return App(kind="ragflow", agent=told) if name == "agents" else App(kind="ragflow", chat=told)
    return App(kind="ragflow", chat="")


def _call(line: CurlLine, target: Target) -> Call:
    path = line.path
    if isinstance(target.client, DifyClient):
        path = path[path.index(_SHARED) + len(_SHARED) :]
    return Call(
        line.method,
        path,
        dict(parse_qsl(line.query, keep_blank_values=True)),
        body=line.body,
        fields=dict(line.fields),
        uploads=line.uploads,
        headers=line.headers,
    )


def _print(received: Received) -> None:
    if not received.is_json:
        sys.stdout.buffer.write(without_key(received.body, received.key))
        return
    out = JsonLines()
    out.write(indented(received.body) or received.body)
    out.flush()
