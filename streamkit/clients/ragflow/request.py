"""The request that runs a chat or an agent of RAGFlow, by the API that the server has.

Rule 1: `stream` is always sent: what it is by default has changed four times. An agent's question is sent by both of the
names that it has had.
Rule 2: a chat is asked in a session, which is begun if need be: servers from v0.15 to v0.25.0 drop the first question of a
conversation that they begin themselves. An agent is not: in a session that was made before, servers since v0.25.6 tell no
node that starts (protocol B.3, B.6). Agents of the old engine (to v0.19.1) drop the question, too.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypedDict

from streamkit.clients.address import filled
from streamkit.clients.operation import Call
from streamkit.clients.ragflow.october import COMPLETION
from streamkit.run import HumanInput
from streamkit.run.payload import Json

Api = Literal["current", "v0.19", "2024-10"]
"""Which API a server has: that of v0.20 and later; that of v0.13 to v0.19, whose agents are of another kind; or that of
October 2024, which was never released."""

CHAT: Final = "/api/v1/chats/{chat_id}/completions"
AGENT: Final = "/api/v1/agents/{agent_id}/completions"
AGENT_SESSIONS: Final = "/api/v1/agents/{agent_id}/sessions"


class Asked(TypedDict, total=False):
    """What a run is asked, beside the question; each may be left out."""

    session_id: str
    """The conversation to go on with; by default a new one."""
    inputs: Mapping[str, Json]
    """What the begin component of an agent asks for."""
    files: Sequence[Json]
    """Files for an agent, as `upload` returns them."""
    user_id: str
    """On whose behalf."""
    options: Mapping[str, Json]
    """Anything else that the server takes: `reasoning`, `quote`, `return_trace`, …"""


def chat_call(chat: str, session_id: str, question: str, asked: Asked, *, api: Api, stream: bool) -> Call:
    """Return the request that asks a chat."""
    body = {**_common(question, asked, stream=stream)}
    if api == "2024-10":
        return Call("POST", filled(COMPLETION, {"chat_id": chat, "session_id": session_id}), body=body)
    return Call("POST", filled(CHAT, {"chat_id": chat}), body={**body, "session_id": session_id})


def agent_call(agent: str, question: str, asked: Asked, *, stream: bool) -> Call:
    """Return the request that runs an agent."""
    session = {"session_id": asked["session_id"]} if "session_id" in asked else {}
    inputs = asked.get("inputs", {})
    body = {
        **inputs,  # where the old engine looks for them; the new one does not
        **_common(question, asked, stream=stream),
        "query": question,
        **session,
        **({"inputs": {name: _valued(value) for name, value in inputs.items()}} if inputs else {}),
        **({"files": list(asked["files"])} if asked.get("files") else {}),
    }
    return Call("POST", filled(AGENT, {"agent_id": agent}), body=body)


def answer_call(agent: str, session_id: str, form: HumanInput, inputs: Mapping[str, Json], user_id: str | None) -> Call:
    """Return the request that answers what an agent asked, in which the run goes on (protocol C.7).

    Raises:
        ValueError: the form does not ask for one of the inputs.
    """
    fields = {str(field.get("key")): field for field in form.inputs if isinstance(field, dict)}
    unknown = [name for name in inputs if name not in fields]
    if unknown:
        raise ValueError(
            f"the form does not ask for {', '.join(unknown)}; it asks for {', '.join(fields) or 'nothing'}"
        )
    told = {name: {**fields[name], "value": value} for name, value in inputs.items()}
    body = {"question": "", "query": "", "stream": True, "session_id": session_id, "inputs": told}
    return Call("POST", filled(AGENT, {"agent_id": agent}), body=body | ({"user_id": user_id} if user_id else {}))


def _common(question: str, asked: Asked, *, stream: bool) -> dict[str, Json]:
    user = {"user_id": asked["user_id"]} if "user_id" in asked else {}
    return {**asked.get("options", {}), "question": question, "stream": stream, **user}


def _valued(value: Json) -> Json:
    """Return an input as agents take it: an object with a `value`."""
    return value if isinstance(value, dict) and "value" in value else {"value": value}
