"""Every operation of every document: a method asks for it as the document says, and reads what the document answers."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest
from aiohttp import web

from streamkit.clients import DifyClient, ParadigmClient, RAGFlowClient, Upload
from streamkit.clients.client import Client
from streamkit.clients.operation import Operation as Declared
from streamkit.clients.operation import operations_of, routes_of
from streamkit.clients.upload import File
from streamkit.errors import DifyError, ParadigmError, RAGFlowError, Refused
from tests.integration.clients.openapi import NAMES, Document, Operation
from tests.integration.clients.served import serving, streamed

DOCUMENTS = {name: Document(name) for name in NAMES}
CLIENTS = {
    "dify-chat": lambda url: DifyClient(url, "key", mode="chat"),
    "dify-chatflow": lambda url: DifyClient(url, "key", mode="advanced-chat"),
    "ragflow-v0.15": lambda url: RAGFlowClient(url, "key"),
    "ragflow-2024-10": lambda url: RAGFlowClient(url, "key", api="2024-10"),
    "lighton": lambda url: ParadigmClient(url, "key"),
}
OPERATIONS = [
    pytest.param(operation, id=f"{name} {operation}")
    for name, document in DOCUMENTS.items()
    for operation in document.operations
]
every_operation = pytest.mark.parametrize("operation", OPERATIONS)

CONTRADICTED = {("dify-chat", "POST /text-to-audio")}
"""What one document says and another one contradicts: this is JSON in the document of chatflows, and in the server."""
LEFT_OUT = {"headers"}
"""What answers do not keep: the headers of a tool, which may hold its keys."""


# ---- whose method it is


def declared(client: Client, operation: Operation) -> Declared | None:
    """The operation of the client's table that is this one; None if it is none of the table."""
    for one in operations_of(type(client)).values():
        try:
            route = client.route_of(one)
        except ValueError:
            continue
        if (route.method, bare(route.path)) == (operation.method, bare(operation.path)):
            return one
    return None


def bare(path: str) -> str:
    """A path whatever its parts are called."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def by_hand(client: Client, operation: Operation) -> list[str]:
    wanted = f"{operation.method} {bare(operation.path)}"
    routes = [(name, route) for name, found in routes_of(type(client)).items() for route in found]
    return [name for name, route in routes if f"{route.method} {bare(route.path)}" == wanted]


@every_operation
def test_an_operation_is_one_method_away(operation):
    client = CLIENTS[operation.document.name]("http://host")
    assert declared(client, operation) or by_hand(client, operation)


def test_there_are_as_many_operations_as_the_documents_have():
    """Else the tests here would pass on a part of them."""
    counted = {name: len(document.operations) for name, document in DOCUMENTS.items()}
    assert counted == {"dify-chat": 24, "dify-chatflow": 28, "ragflow-v0.15": 29, "ragflow-2024-10": 24, "lighton": 1}


# ---- what it asks


def arguments(client: Client, one: Declared, known: set[str], *, everything: bool) -> dict[str, Any]:
    """What a method is called with: all that the document knows, or as little as can be."""
    told, route = one.signature.parameters, client.route_of(one)
    called = {name: route.renamed.get(name, name) for name in one.parameters}
    return {
        name: value_of(told[name].annotation)
        for name in one.parameters
        if told[name].default is inspect.Parameter.empty
        or f"{{{called[name]}}}" in route.path
        or (everything and called[name] in known)
    }


def value_of(annotation: Any) -> Any:
    """A value that a parameter takes."""
    upload = Upload("a.txt", b"hello", "text/plain")
    if annotation == File:
        return upload
    if annotation == Sequence[File]:
        return [upload, upload]
    kinds = (
        [kind for kind in get_args(annotation) if kind is not type(None)] if is_optional(annotation) else [annotation]
    )
    kind = kinds[0]
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) is Sequence:
        return [value_of(get_args(kind)[0])]
    if get_origin(kind) is Mapping:
        return {"temperature": 0.1}
    return {str: "text", int: 7, float: 0.5, bool: True, Any: "anything"}[kind]


def is_optional(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


class Judge:
    """A server that looks at what it is asked, and answers as a document shows."""

    def __init__(self, operation: Operation, base: str, answer: Any) -> None:
        self.operation = operation
        self.base = base
        self.answer = answer
        self.faults: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(self.base)
        found = self.operation.document.find(request.method, path)
        if found is None:
            self.faults.append(f"{request.method} {path}: unknown")
            return web.Response(status=404)
        if request.headers.get("Authorization") != "Bearer key":
            self.faults.append("no key")
        body, content_type = await body_of(request)
        self.faults += found.faults(request.query, content_type, body)
        status, kind, _ = found.success
        if found.path.endswith(("/chat-messages", "/completions", "/completion")):
            return await streamed(request, b'data: {"event": "message_end", "task_id": "t"}\n\n')
        answer = self.answer if found is self.operation else {"code": 0, "data": {"id": "s"}}
        if kind == "application/json":
            return web.json_response(answer, status=status)
        return web.Response(body=answer if kind else None, content_type=kind or None, status=status)


async def body_of(request: web.Request) -> tuple[Any, str]:
    if request.content_type == "multipart/form-data":
        fields = await request.post()
        return {
            name: value if isinstance(value, str) else "a file" for name, value in fields.items()
        }, request.content_type
    if not request.can_read_body:
        return None, ""
    return await request.json(), request.content_type


BASES = {"dify-chat": "/v1", "dify-chatflow": "/v1"}


@every_operation
@pytest.mark.parametrize("everything", [True, False], ids=["all", "least"])
async def test_a_request_is_as_the_document_says(operation, everything):
    name = operation.document.name
    judge = Judge(operation, BASES.get(name, ""), next(iter(operation.answers()), None))
    async with serving(judge) as served, CLIENTS[name](served.url) as client:
        await ask(client, operation, everything=everything)
    if (name, str(operation)) not in CONTRADICTED:
        assert [fault for fault in judge.faults if fault not in elsewhere(operation)] == []
    assert any((operation.matches(method, path.removeprefix(judge.base))) for method, path in served.asked)


def elsewhere(operation: Operation) -> set[str]:
    """What a document calls unknown, and the vendor's other one knows: each leaves something out."""
    vendor = operation.document.name.partition("-")[0]
    others = [
        one
        for name, document in DOCUMENTS.items()
        if vendor == "dify" and name.startswith(vendor)
        for one in document.operations
    ]
    return {f"query {name}: unknown" for one in others if str(one) == str(operation) for name in one.known()}


async def ask(client: Client, operation: Operation, *, everything: bool) -> Any:
    """Call the method that performs an operation."""
    one = declared(client, operation)
    if one is None:
        return await ask_by_hand(client, operation, everything=everything)
    return await getattr(client, one.name)(**arguments(client, one, operation.known(), everything=everything))


async def ask_by_hand(client: Client, operation: Operation, *, everything: bool) -> None:
    """Ask for what stands in no table."""
    if operation.path.endswith("/stop"):
        await client.stop("task")
    elif isinstance(client, DifyClient):
        file = {"type": "image", "transfer_method": "remote_url", "url": "https://host/a.png"}
        more = {"conversation_id": "c", "files": [file], "auto_generate_name": False} if everything else {}
        async with client.stream("hello", inputs={"city": "Rome"} if everything else {}, **more) as stream:
            await stream.finish()
    else:
        which = {"agent": "a"} if "agents" in operation.path else {"chat": "c"}
        more = {"session_id": "s"} if everything else {}
        async with client.stream("hello", **which, **more) as stream:
            await stream.finish()


@pytest.mark.parametrize("vendor", ["dify", "ragflow", "lighton"])
def test_no_parameter_is_made_up(vendor):
    """All that methods can send is in a document, for at least one of its generations."""
    operations = [one for name, document in DOCUMENTS.items() if name.startswith(vendor) for one in document.operations]
    client = CLIENTS[next(name for name in NAMES if name.startswith(vendor))]("http://host")
    for one in operations_of(type(client)).values():
        known = [
            told.known()
            for told in operations
            if (told.method, bare(told.path)) == (one.route.method, bare(one.route.path))
        ]
        if one.name not in NEWER:
            assert set(one.parameters) <= set.union(*known) | NEWER_PARAMETERS.get(one.name, set()), one


NEWER = {"agent_logs", "upload"}
"""RAGFlow's, since v0.25.1; the documents are older. (Dify's `upload` is in its documents, and tested above.)"""
NEWER_PARAMETERS = {"create_session": {"user_id"}, "sessions": {"user_id"}}


# ---- what it reads


@every_operation
async def test_an_answer_keeps_all_that_the_document_shows(operation):
    name = operation.document.name
    for example in operation.answers():
        judge = Judge(operation, BASES.get(name, ""), example)
        async with serving(judge) as served, CLIENTS[name](served.url) as client:
            one = declared(client, operation)
            if one is None:
                return
            answer = await getattr(client, one.name)(**arguments(client, one, set(), everything=False))
        told = example.get("data") if "ragflow" in name and isinstance(example, dict) else example
        if one.answer is None:
            assert answer is None
        elif told is not None:
            assert list(lost(told, answer)) == []


def lost(told: Any, answer: Any, path: str = "$") -> Iterator[str]:
    """Yield what stands in a document's answer and not in ours."""
    if isinstance(answer, msgspec.Struct):
        names = dict(zip(answer.__struct_encode_fields__, answer.__struct_fields__, strict=True))
        for name, inside in told.items():
            if name in names:
                yield from lost(inside, getattr(answer, names[name]), f"{path}.{name}")
            elif name not in LEFT_OUT:
                yield f"{path}.{name}"
    elif isinstance(answer, tuple | list):
        told = told if isinstance(told, list) else [told]
        assert len(told) == len(answer)
        for index, (one, other) in enumerate(zip(told, answer, strict=True)):
            yield from lost(one, other, f"{path}[{index}]")
    elif isinstance(answer, msgspec.Raw):
        yield from lost(told, msgspec.json.decode(answer), path)
    elif answer != told and str(answer) != str(told):
        yield f"{path}: {told!r} became {answer!r}"


# ---- what it refuses

REFUSALS = {
    "dify-chat": (400, {"code": "invalid_param", "message": "Invalid user", "status": 400}, DifyError, "invalid_param"),
    "dify-chatflow": (404, {"code": "not_found", "message": "Not there", "status": 404}, DifyError, "not_found"),
    "ragflow-v0.15": (200, {"code": 102, "message": "You don't own it."}, RAGFlowError, "102"),
    "ragflow-2024-10": (200, {"code": 3016, "message": "Can't connect database"}, RAGFlowError, "3016"),
    "lighton": (403, {"detail": "No permission"}, ParadigmError, ""),
}


@every_operation
async def test_a_refusal_is_typed(operation):
    name = operation.document.name
    status, document, kind, code = REFUSALS[name]

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response(document, status=status)

    async with serving(refuse) as served, CLIENTS[name](served.url) as client:
        with pytest.raises(kind) as raised:
            await ask(client, operation, everything=True)
    assert isinstance(raised.value, Refused)
    assert (raised.value.code, raised.value.status) == (code, status)
    assert raised.value.message in (document.get("message"), document.get("detail"))
    assert len(served.asked) == 1
