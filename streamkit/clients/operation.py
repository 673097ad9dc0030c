'''Operations of a vendor's API, declared as methods: the signature says what is sent, and what comes back.

::

    @get("/messages/{message_id}/suggested")
    async def suggested_questions(self, message_id: str, *, user: str | None = None) -> SuggestedQuestions:
        """Return questions that a person may ask next."""

The decorator is the body. A parameter that the path names is a part of the path; the others are the query of a GET, and
the JSON body of all else, or a form where a file is among them. What is None is not sent, unless it has no default. The
answer is JSON and becomes what the method returns; `bytes` is the body as it came, None says that nothing is read.
'''

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeVar, cast

from streamkit.clients.address import filled
from streamkit.clients.answer import Reading
from streamkit.clients.upload import File, Upload
from streamkit.run.payload import Json

Method = TypeVar("Method", bound=Callable[..., Awaitable[Any]])
"""A declared method. Any: each has its own parameters and its own answer, and keeps them."""

Anything = TypeVar("Anything", bound=Callable[..., Any])
"""A method that is written by hand."""

_NO_DEFAULT: Final = inspect.Parameter.empty


class Call(NamedTuple):
    """A request, all but the server and the key."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    body: Json = None
    """A JSON value; None for no body."""
    fields: Mapping[str, str] = {}
    """Of a form."""
    uploads: tuple[tuple[str, Upload], ...] = ()
    """Files of a form, each with the name of its field; any makes the request a form."""
    headers: Mapping[str, str] = {}
    """Others than those that every request has."""


class Route(NamedTuple):
    """How a generation of an API spells an operation."""

    method: str
    path: str
    renamed: Mapping[str, str] = {}
    """Parameters that are called otherwise on the wire."""
    shaped: Mapping[str, Callable[[Any], Any]] = {}
    """Parameters whose values look otherwise on the wire. Any: each has its own."""
    in_body: bool | None = None
    """Whether what is not of the path stands in the body; by default of all but GET."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Operation:
    """One operation, read from the declaration of its method."""

    def __init__(self, route: Route, declared: Callable[..., Any]) -> None:
        self.route = route
        self.name = declared.__name__
        """What the method is called."""
        self.signature = inspect.signature(declared)
        self.required = frozenset(
            name for name, told in self.signature.parameters.items() if told.default is _NO_DEFAULT and name != "self"
        )
        """Parameters that are sent even if they are None."""
        self.files = frozenset(
            name for name, told in self.signature.parameters.items() if told.annotation in (File, Sequence[File])
        )
        """Parameters that are files: with them the request is a form."""

    def __repr__(self) -> str:
        return f"<Operation {self.name} {self.route}>"

    @property
    def parameters(self) -> tuple[str, ...]:
        """What can be sent, without `self`."""
        return tuple(name for name in self.signature.parameters if name != "self")

    @property
    def answer(self) -> Any:  # noqa: ANN401 - a type, or a union of some
        """The type of what comes back."""
        return self.signature.return_annotation

    @cached_property
    def reading(self) -> Reading[Any]:
        """Reads what comes back."""
        return Reading(self.answer)

    def arguments(self, client: object, given: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a method was called with, by name.

        Raises:
            TypeError: that is not how it can be called.
        """
        bound = self.signature.bind(client, *given, **named)
        return {name: value for name, value in bound.arguments.items() if name != "self"}

    def call(self, arguments: Mapping[str, Any], route: Route | None = None) -> Call:
        """Return the request.

        Args:
            arguments: by the names of the parameters.
            route: how it is spelt; by default as it is declared.

        Raises:
            ValueError: something cannot stand in the path.
        """
        route = route or self.route
        sent = {
            route.renamed.get(name, name): route.shaped[name](value) if name in route.shaped else value
            for name, value in arguments.items()
            if value is not None or name in self.required
        }
        in_path = {name: str(sent.pop(name)) for name in list(sent) if f"{{{name}}}" in route.path}
        path = filled(route.path, in_path)
        if self.files:
            uploads = tuple((name, file) for name in self.files for file in _uploads(sent.pop(name)))
            return Call(
                route.method, path, fields={name: _text(value) for name, value in sent.items()}, uploads=uploads
            )
        if route.in_body if route.in_body is not None else route.method != "GET":
            return Call(route.method, path, body=sent)
        return Call(route.method, path, query={name: _text(value) for name, value in sent.items()})


class Caller(Protocol):
    """Whoever can perform operations: a client."""

    async def perform(self, operation: Operation, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - what it declares
        """Perform an operation and return its answer."""


def get(path: str) -> Callable[[Method], Method]:
    """Declare an operation that only looks."""
    return _declared(Route("GET", path))


def post(path: str) -> Callable[[Method], Method]:
    """Declare an operation that makes or does something."""
    return _declared(Route("POST", path))


def put(path: str) -> Callable[[Method], Method]:
    """Declare an operation that changes something."""
    return _declared(Route("PUT", path))


def delete(path: str) -> Callable[[Method], Method]:
    """Declare an operation that takes something away."""
    return _declared(Route("DELETE", path))


def performs(*routes: str) -> Callable[[Anything], Anything]:
    """Say of a method that is written by hand which operations it performs, like "POST /chat-messages"."""

    def mark(method: Anything) -> Anything:
        vars(method)["routes"] = tuple(_route(route) for route in routes)
        return method

    return mark


def operations_of(client: type) -> dict[str, Operation]:
    """Return the operations that a client declares, by the names of their methods, in order."""
    found = {name: vars(value).get("operation") for name, value in _methods(client)}
    return {name: operation for name, operation in found.items() if isinstance(operation, Operation)}


def routes_of(client: type) -> dict[str, tuple[Route, ...]]:
    """Return by the names of methods what each of them asks a server for, in order."""
    found = {name: vars(value).get("routes", ()) for name, value in _methods(client)}
    return {name: routes for name, routes in found.items() if routes}


def _route(text: str) -> Route:
    method, _, path = text.partition(" ")
    return Route(method, path)


def _methods(client: type) -> list[tuple[str, Callable[..., Any]]]:
    owners = reversed(client.__mro__)
    return [(name, value) for owner in owners for name, value in vars(owner).items() if inspect.isfunction(value)]


def _declared(route: Route) -> Callable[[Method], Method]:
    def declare(method: Method) -> Method:
        operation = Operation(route, method)

        @wraps(method)
        async def perform(self: Caller, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - as it is declared
            return await self.perform(operation, operation.arguments(self, given, named))

        vars(perform).update(operation=operation, routes=(route,))
        return cast("Method", perform)

    return declare


def _uploads(value: File | Sequence[File]) -> list[Upload]:
    files = [value] if isinstance(value, str | Path | Upload) else value
    return [Upload.of(file) for file in files]


def _text(value: Any) -> str:  # noqa: ANN401 - an argument
    """Return an argument as it stands in a query or a form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
