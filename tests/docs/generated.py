"""What the pages take from the code: tables, the schema, help texts, the output of a command.

A page marks such a part: `<!-- generated: NAME -->`, the text, `<!-- end -->`. `test_docs.py` compares; `pytest
tests/docs --update-golden` writes.
"""

import ast
import contextlib
import inspect
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import msgspec
from click.testing import CliRunner
from msgspec import Raw, Struct, UnsetType

from streamkit.cli import COMMANDS, main
from streamkit.cli.summary import Group, Listed
from streamkit.clients import DifyClient, ParadigmClient, RAGFlowClient
from streamkit.clients.client import Client
from streamkit.clients.operation import routes_of
from streamkit.clients.ragflow.october import OCTOBER
from streamkit.dialects import lighton
from streamkit.dialects.base import Event
from streamkit.dialects.dify import events as dify
from streamkit.dialects.openai import events as openai
from streamkit.dialects.ragflow import events as ragflow
from streamkit.gateway import listed
from streamkit.gateway.told import BodyLine
from streamkit.run import KINDS, RunState
from streamkit.shape import Change
from streamkit.where import FIELDS
from viewer.help import keys_markdown

ROOT: Final = Path(__file__).parents[2]

_PART: Final = re.compile(r"(<!-- generated: (?P<name>[\w :./-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_parts(page: str) -> str:
    """Return a page with every generated part as it must be."""
    return _PART.sub(lambda part: part[1] + _part(part["name"]) + part[3], page)


def _part(name: str) -> str:
    kind, _, rest = name.partition(":")
    return _PARTS[kind](rest.strip())


# ---- events


_TABLES: Final[Mapping[str, tuple[type[Event], Iterable[type[Event]]]]] = {
    "dify streamed": (dify.DifyEvent, dify.STREAMED),
    "dify documents": (dify.DifyEvent, dify.DOCUMENTS),
    "ragflow events": (ragflow.RagflowEvent, ragflow.EVENTS),
    "ragflow envelopes": (ragflow.RagflowEvent, ragflow.ENVELOPES),
    "openai streamed": (openai.OpenAIEvent, openai.STREAMED),
    "openai documents": (openai.OpenAIEvent, openai.DOCUMENTS),
    "lighton": (Event, (lighton.Chatflow,)),
}
"""What a table shows: events, and the root whose fields stand above the table."""

_ROOTS: Final[Mapping[str, type[Event]]] = {"dify": dify.DifyEvent, "ragflow": ragflow.RagflowEvent}
_MODULES: Final[Mapping[str, types.ModuleType]] = {
    "dify": dify,
    "ragflow": ragflow,
    "openai": openai,
    "lighton": lighton,
}
_PAYLOADS: Final = tuple(module.Payload for module in _MODULES.values())


def events_table(which: str) -> str:
    """One row for each event, in the order of the source, which is that of the protocol."""
    root, structs = _TABLES[which]
    rows = [
        f"| `{event.__struct_config__.tag}` | `{event.__name__}` | {_own_fields(event, root)} | {_doc(event)} |"
        for event in sorted(structs, key=_line)
    ]
    return "\n".join(["| word | struct | fields of its own | what it says |", "|---|---|---|---|", *rows]) + "\n"


def _line(struct: type[Struct]) -> int:
    return inspect.getsourcelines(struct)[1]


def envelope_list(which: str) -> str:
    """What every event of a dialect may carry around its payload."""
    return _described(_ROOTS[which])


def payload_sections(which: str) -> str:
    """A section for each struct inside an event."""
    structs = sorted((struct for _, struct in inspect.getmembers(_MODULES[which], _is_payload)), key=_line)
    return "\n".join(f"#### {_section(struct)}\n\n{_doc(struct)}\n\n{_described(struct)}" for struct in structs)


def _is_payload(thing: object) -> bool:
    return inspect.isclass(thing) and issubclass(thing, _PAYLOADS) and thing not in _PAYLOADS


def _section(struct: type[Struct]) -> str:
    """Name the section of a struct: the same name may stand in several dialects."""
    vendor = next(name for name, module in _MODULES.items() if module.__name__ == struct.__module__)
    return struct.__name__ if vendor == "dify" else f"{vendor} {struct.__name__}"


def _own_fields(event: type[Struct], root: type[Struct]) -> str:
    envelope = set(root.__struct_fields__)
    return ", ".join(_field(field) for field in msgspec.structs.fields(event) if field.name not in envelope) or "none"


def _described(struct: type[Struct]) -> str:
    fields = msgspec.structs.fields(struct)
    notes = _notes(struct)
    lines = [", ".join(_field(field) for field in fields if field.name not in notes)]
    lines += [""] if lines[0] and notes else []
    lines += [f"* {_field(field)}: {notes[field.name]}" for field in fields if field.name in notes]
    return "\n".join(lines).strip("\n") + "\n"


def _field(field: msgspec.structs.FieldInfo) -> str:
    return f"`{field.encode_name}` {_type(field.type)}"


def _type(annotation: Any) -> str:
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind not in (types.NoneType, UnsetType)]
        return "number" if set(kinds) == {int, float} else " or ".join(map(_type, kinds))
    if get_origin(annotation) is Literal:
        return "text"
    if get_origin(annotation) in (list, tuple, Sequence):
        return f"list of {_type(get_args(annotation)[0])}"
    if get_origin(annotation) is dict:
        return f"object of {_type(get_args(annotation)[1])}"
    if _is_payload(annotation):
        section = _section(annotation)
        return f"[{annotation.__name__}](#{section.lower().replace(' ', '-')})"
    names = {datetime: "time", str: "text", int: "integer", float: "number", bool: "true or false", Decimal: "decimal"}
    return "JSON" if annotation in (Raw, Any) else names[annotation]


def _doc(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())


def _notes(struct: type[Struct]) -> Mapping[str, str]:
    """Read the strings under the fields of a struct."""
    found: dict[str, str] = {}
    for name, note in _pairs(ast.parse(inspect.getsource(struct)).body[0]):
        found[name] = " ".join(inspect.cleandoc(note).split())
    return found


def _pairs(node: ast.stmt) -> Iterator[tuple[str, str]]:
    body = node.body if isinstance(node, ast.ClassDef) else []
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            yield ast.unparse(field.target), str(below.value.value)


# ---- the state of a run


def schema() -> str:
    """The JSON Schema of a published state."""
    about = "What `streamkit inspect --json` prints and `Run.snapshot()` is. More keys may be added."
    return _schema(RunState, "The state of a run", about)


def line_schema() -> str:
    """The JSON Schema of a line of the proxy's log."""
    return _schema(BodyLine, "A response body", "A line of `streamkit proxy`. More keys may be added.")


def _schema(struct: type[Struct], title: str, description: str) -> str:
    """The JSON Schema of a struct: all keys are always there, so no key has a default."""
    described = msgspec.json.schema(struct)
    for defined in described["$defs"].values():
        defined["required"] = list(defined["properties"])
        defined["properties"] = {name: _tidy(value) for name, value in defined["properties"].items()}
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": description,
    }
    return msgspec.json.format(msgspec.json.encode({**about, **described}), indent=2).decode() + "\n"


def _tidy(value: dict[str, Any]) -> dict[str, Any]:
    value = {key: inside for key, inside in value.items() if key != "default"}
    if not value or {} in value.get("anyOf", ()):
        return {"description": "Any JSON value."}
    return value


# ---- anomalies


def anomalies(_: str) -> str:
    """A section for each kind of anomaly."""
    return "\n".join(f"## {kind}\n\n{sentence}\n" for kind, sentence in KINDS.items())


# ---- commands


def help_text(command: str) -> str:
    """What `--help` prints."""
    return _console(" ".join(["streamkit", *command.split(), "--help"]))


def output(arguments: str) -> str:
    """What a command prints, on files of the project."""
    return _console(f"streamkit {arguments}")


def _console(line: str) -> str:
    with contextlib.chdir(ROOT):  # paths are relative to the project, as for whoever reads the page
        done = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"}).invoke(main, line.split()[1:], prog_name="streamkit")
    assert done.exit_code == (1 if line.startswith("streamkit diff --shape") else 0), done.output
    text = "\n".join(text.rstrip() for text in done.output.rstrip().split("\n"))
    return f"```console\n$ {line}\n{text}\n```\n"


def commands_table(_: str) -> str:
    """One row for each command."""
    rows = [f"| [`{name}`](#{name}) | {entry.summary} |" for name, entry in COMMANDS.items()]
    return "\n".join(["| command | does |", "|---|---|", *rows]) + "\n"


def fields_of(struct: str) -> str:
    """The fields of an object that a command prints as JSON."""
    return _described(_PRINTED[struct])


_PRINTED: Final[Mapping[str, type[Struct]]] = {
    "ls": Listed,
    "stats": Group,
    "changes": Change,
    "line": BodyLine,
    "runs": listed.Listed,
}


def filter_table(_: str) -> str:
    """One row for each field of a filter."""
    rows = [f"| `{name}` | {_SORTS[field.kind]} | {field.about} |" for name, field in FIELDS.items()]
    return "\n".join(["| field | is | says |", "|---|---|---|", *rows]) + "\n"


def keys_table(_: str) -> str:
    """A table for each group of the viewer's keys."""
    return keys_markdown()


# ---- clients


_CLIENTS: Final[Mapping[str, type[Client]]] = {
    "dify": DifyClient,
    "ragflow": RAGFlowClient,
    "paradigm": ParadigmClient,
}


def operations_table(vendor: str) -> str:
    """One row for each operation that a client performs, as its API spells it, with the method that does it."""
    client = _CLIENTS[vendor]
    rows = []
    for name, routes in sorted(routes_of(client).items(), key=lambda told: (told[1][0].path, told[0])):
        method = getattr(client, name)
        told = [f"`{route}`" for route in routes]
        old = [f"`{OCTOBER[name]}`" if name in OCTOBER else ""] if vendor == "ragflow" else []
        words = [
            " <br> ".join(told),
            *old,
            f"`{name}({_sent(method)})`",
            _answer(inspect.signature(method).return_annotation),
        ]
        rows.append(f"| {' | '.join(words)} |")
    heads = ["operation", *(["in October 2024"] if vendor == "ragflow" else []), "method", "answer"]
    return "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *rows]) + "\n"


def _sent(method: Callable[..., Any]) -> str:
    """Return what a method takes: what may be left out stands in brackets."""
    told = [one for one in inspect.signature(method).parameters.values() if one.name != "self"]
    needed = [one.name for one in told if one.default is one.empty and one.kind is not one.VAR_KEYWORD]
    optional = [
        one.name if one.kind is not one.VAR_KEYWORD else f"**{one.name}" for one in told if one.name not in needed
    ]
    return ", ".join([*needed, *([f"[{', '.join(optional)}]"] if optional else [])])


def _answer(annotation: Any) -> str:
    if annotation in (None, Any, bytes):
        return {None: "nothing", Any: "JSON", bytes: "bytes"}[annotation]
    if get_origin(annotation) is tuple:
        return f"list of `{get_args(annotation)[0].__name__}`"
    return f"`{annotation.__name__}`"


# ---- modules


def rooms(package: str) -> str:
    """One row for each module of a package: how its documentation begins."""
    rows = []
    for path in sorted((ROOT / package).rglob("*.py"), key=lambda path: (len(path.parts), path)):
        if path.name != "__init__.py":
            told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            rows.append(f"| `{name}` | {told.partition(chr(10))[0].rstrip('.')} |")
    return "\n".join(["| module | is |", "|---|---|", *rows]) + "\n"


_SORTS: Final[Mapping[str, str]] = {
    "status": "a status",
    "name": "a name",
    "prose": "text",
    "id": "an id",
    "figure": "a number",
    "duration": "a duration",
    "money": "an amount",
}


_PARTS: Final[Mapping[str, Callable[[str], str]]] = {
    "events": events_table,
    "envelope": envelope_list,
    "payloads": payload_sections,
    "anomalies": anomalies,
    "commands": commands_table,
    "help": help_text,
    "output": output,
    "fields": fields_of,
    "filters": filter_table,
    "keys": keys_table,
    "rooms": rooms,
    "operations": operations_table,
}
