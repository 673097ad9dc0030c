"""A declared method: its signature alone says what is sent."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from streamkit.clients.operation import (
    Call,
    Operation,
    Route,
    delete,
    get,
    operations_of,
    performs,
    post,
    put,
    routes_of,
)
from streamkit.clients.upload import File, Upload

FILE = Upload("a.txt", b"hello", "text/plain")


class Recording:
    """A client that only notes what it would do."""

    def __init__(self) -> None:
        self.performed: list[tuple[Operation, dict[str, Any]]] = []

    async def perform(self, operation: Operation, arguments: dict[str, Any]) -> Any:
        self.performed.append((operation, arguments))
        return "done"


class Table(Recording):
    @get("/things/{thing_id}")
    async def thing(self, thing_id: str, *, user: str | None = None, all: bool | None = None) -> str:
        """Return a thing."""

    @post("/things")
    async def make(self, name: str | None, *, size: int | None = None, more: Mapping[str, Any] | None = None) -> str:
        """Make a thing."""

    @put("/things/{thing_id}")
    async def change(self, thing_id: str, ids: Sequence[str]) -> None:
        """Change a thing."""

    @delete("/things/{thing_id}")
    async def remove(self, thing_id: str) -> None:
        """Remove a thing."""

    @post("/files")
    async def upload(self, file: File, *, user: str | None = None, keep: bool | None = None) -> bytes:
        """Send a file."""

    @post("/files/many")
    async def uploads(self, file: Sequence[File]) -> bytes:
        """Send files."""

    @performs("POST /run", "POST /run/{version}")
    def run(self) -> None:
        """Run."""


async def asked(call: Any) -> Call:
    table = Table()
    await call(table)
    ((operation, arguments),) = table.performed
    return operation.call(arguments)


@pytest.mark.parametrize(
    ("ask", "call"),
    [
        (lambda t: t.thing("7"), Call("GET", "/things/7")),
        (lambda t: t.thing("7", user="ada", all=False), Call("GET", "/things/7", {"user": "ada", "all": "false"})),
        (lambda t: t.make("cup"), Call("POST", "/things", body={"name": "cup"})),
        (
            lambda t: t.make("cup", size=3, more={"a": None}),
            Call("POST", "/things", body={"name": "cup", "size": 3, "more": {"a": None}}),
        ),
        (lambda t: t.change("7", ["a", "b"]), Call("PUT", "/things/7", body={"ids": ["a", "b"]})),
        (lambda t: t.remove("7"), Call("DELETE", "/things/7", body={})),
    ],
)
async def test_a_parameter_stands_where_its_method_has_it(ask, call):
    assert await asked(ask) == call


async def test_none_is_left_out_unless_it_must_be_said():
    assert (await asked(lambda t: t.make(None, size=None))).body == {"name": None}


async def test_a_file_makes_the_request_a_form():
    call = await asked(lambda t: t.upload(FILE, user="ada", keep=True))
    assert call == Call("POST", "/files", fields={"user": "ada", "keep": "true"}, uploads=(("file", FILE),))


async def test_several_files_share_the_name_of_their_field():
    call = await asked(lambda t: t.uploads([FILE, FILE]))
    assert call.uploads == (("file", FILE), ("file", FILE))


async def test_a_path_is_a_file_too(tmp_path):
    path = tmp_path / "b.txt"
    call = await asked(lambda t: t.upload(path))
    assert call.uploads == (("file", Upload("b.txt", path, "text/plain")),)


async def test_wrong_use_is_a_type_error_and_sends_nothing():
    table = Table()
    with pytest.raises(TypeError, match="thing_id"):
        await table.thing()
    with pytest.raises(TypeError, match="colour"):
        await table.make("cup", colour="red")
    assert table.performed == []


def test_a_method_is_what_it_was_declared_as():
    assert Table.thing.__name__ == "thing"
    assert Table.thing.__doc__ == "Return a thing."


def test_another_generation_spells_it_otherwise():
    operation = operations_of(Table)["change"]
    route = Route("POST", "/thing", {"thing_id": "id", "ids": "names"}, {"ids": ",".join})
    assert operation.call({"thing_id": "7", "ids": ["a", "b"]}, route) == Call(
        "POST", "/thing", body={"id": "7", "names": "a,b"}
    )


def test_a_renamed_parameter_can_move_into_the_path():
    route = Route("GET", "/thing/{id}", {"thing_id": "id"}, in_body=True)
    assert operations_of(Table)["change"].call({"thing_id": "7", "ids": ["a"]}, route) == Call(
        "GET", "/thing/7", body={"ids": ["a"]}
    )


def test_a_client_can_be_asked_what_it_can_do():
    assert list(operations_of(Table)) == ["thing", "make", "change", "remove", "upload", "uploads"]
    assert {name: [str(route) for route in routes] for name, routes in routes_of(Table).items()} == {
        "thing": ["GET /things/{thing_id}"],
        "make": ["POST /things"],
        "change": ["PUT /things/{thing_id}"],
        "remove": ["DELETE /things/{thing_id}"],
        "upload": ["POST /files"],
        "uploads": ["POST /files/many"],
        "run": ["POST /run", "POST /run/{version}"],
    }
