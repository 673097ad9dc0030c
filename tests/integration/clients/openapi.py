"""OpenAPI documents as a judge: what is wrong with a request, and what a server would answer.

As much of OpenAPI 3.0 as the documents use. What is not known to a schema is wrong, so that a parameter that we made up
is found.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCUMENTS = Path(__file__).parent / "documents"
NAMES = sorted(path.stem for path in DOCUMENTS.glob("*.json"))
KINDS = {"string": str, "integer": int, "number": int | float, "boolean": bool, "array": list, "object": dict}


class Operation:
    """An operation of a document."""

    def __init__(self, document: "Document", method: str, path: str, told: Mapping[str, Any]) -> None:
        self.document = document
        self.method = method
        self.path = path
        self.parameters = told.get("parameters", ())
        self.content: Mapping[str, Any] = told.get("requestBody", {}).get("content", {})
        self.responses = {code: document.resolved(response) for code, response in told["responses"].items()}
        self._path = re.compile(re.sub(r"\{\w+\}", "([^/]+)", path))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def matches(self, method: str, path: str) -> bool:
        return method == self.method and self._path.fullmatch(path) is not None

    def known(self) -> set[str]:
        """The names of all that can be sent."""
        schemas = (self.document.resolved(told.get("schema", {})) for told in self.content.values())
        in_body = {name for schema in schemas for name in schema.get("properties", {})}
        return {told["name"] for told in self.parameters} | in_body

    def faults(self, query: Mapping[str, str], content_type: str, body: Any) -> Iterator[str]:
        """Yield what is wrong with a request; the body is JSON, the fields of a form, or None."""
        told = {parameter["name"]: parameter for parameter in self.parameters if parameter["in"] == "query"}
        yield from (f"query {name}: unknown" for name in query if name not in told)
        yield from (f"query {name}: missing" for name, one in told.items() if one.get("required") and name not in query)
        for name in query.keys() & told.keys():
            schema = told[name].get("schema", {})
            value = query[name] if schema.get("type") == "string" else _parsed(query[name])
            yield from self.document.faults(value, schema, f"query {name}")
        if not self.content:
            yield from ["a body, where none is taken"] if body not in (None, {}) else []
        elif content_type not in self.content:
            yield f"{content_type or 'no body'}, and not {' or '.join(self.content)}"
        else:
            yield from self.document.faults(body, self.content[content_type]["schema"], "body")

    @property
    def success(self) -> tuple[int, str, Mapping[str, Any]]:
        """The status, the content type and the rest of the answer of a server that does it."""
        code = min(code for code in self.responses if code.startswith("2"))
        content = self.responses[code].get("content", {})
        kind = next(iter(content), "")
        return int(code), kind, content.get(kind, {})

    def answers(self) -> list[Any]:
        """What a server may answer: the document's examples, else one made after the schema; none where it has neither."""
        _, kind, told = self.success
        examples = [one["value"] for name, one in told.get("examples", {}).items() if name != "refusal"]
        if kind != "application/json":
            return [b"bytes"] if kind else []
        return examples or ([self.document.sample(told["schema"])] if "schema" in told else [])


class Document:
    """A document."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._told = json.loads((DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))
        self.operations = [
            Operation(self, method.upper(), path, told)
            for path, methods in self._told["paths"].items()
            for method, told in methods.items()
        ]

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation of a request; of two that match, the one with fewer names in its path."""
        found = [operation for operation in self.operations if operation.matches(method, path)]
        return min(found, key=lambda operation: operation.path.count("{"), default=None)

    def resolved(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in told:
            _, _, kind, name = told["$ref"].split("/")
            told = self._told["components"][kind][name]
        return told

    def faults(self, value: Any, schema: Mapping[str, Any], where: str, *, strict: bool = True) -> Iterator[str]:
        """Yield what is wrong with a value."""
        schema = self.resolved(schema)
        if value is None and schema.get("nullable"):
            return
        kind = schema.get("type")
        if kind in KINDS and (not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")):
            yield f"{where}: {value!r} is no {kind}"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{where}: {value!r} is none of {schema['enum']}"
        yield from self._bounds(value, schema, where)
        for word in ("anyOf", "oneOf"):
            if word in schema and all(any(self.faults(value, one, where, strict=False)) for one in schema[word]):
                yield f"{where}: {value!r} is none of the {word}"
        if "not" in schema and not any(self.faults(value, schema["not"], where, strict=False)):
            yield f"{where}: {value!r} is what it must not be"
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.faults(item, schema.get("items", {}), f"{where}[{index}]", strict=strict)
        if isinstance(value, dict):
            yield from self._object(value, schema, where, strict=strict)

    def _bounds(self, value: Any, schema: Mapping[str, Any], where: str) -> Iterator[str]:
        low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
        if isinstance(value, int | float) and not low <= value <= high:
            yield f"{where}: {value!r} is not within {low} and {high}"

    def _object(self, value: dict[str, Any], schema: Mapping[str, Any], where: str, *, strict: bool) -> Iterator[str]:
        known = schema.get("properties")
        yield from (f"{where}.{name}: missing" for name in schema.get("required", ()) if name not in value)
        for name, item in value.items():
            if known and name in known:
                yield from self.faults(item, known[name], f"{where}.{name}", strict=strict)
            elif strict and known is not None and not schema.get("additionalProperties"):
                yield f"{where}.{name}: unknown"

    def sample(self, schema: Mapping[str, Any]) -> Any:
        """Return a value that a schema describes."""
        schema = self.resolved(schema)
        if "example" in schema:
            return schema["example"]
        for word in ("oneOf", "anyOf"):
            if word in schema:
                return self.sample(schema[word][0])
        match schema.get("type"):
            case "object":
                return {name: self.sample(one) for name, one in schema.get("properties", {}).items()}
            case "array":
                return [self.sample(schema.get("items", {}))]
            case "integer":
                return 7
            case "number":
                return 0.5
            case "boolean":
                return True
        return next((one for one in schema.get("enum", ()) if one is not None), "text")


def _parsed(text: str) -> Any:
    """Return what a text in a query stands for: JSON, where it is some."""
    try:
        return json.loads(text)
    except ValueError:
        return text
