"""Dify's paths: the service API, the same of the web app, and the studio's draft runs (protocol D).

What was recorded beside a body wins over what is made here.
"""

from collections.abc import Sequence
from typing import Final

from streamkit.replay.dify.app import info, meta, parameters, site, upload
from streamkit.replay.dify.conversations import conversations, messages, succeed, suggested
from streamkit.replay.dify.events import events
from streamkit.replay.dify.forms import form, submit_form
from streamkit.replay.dify.runs import run_detail, stop
from streamkit.replay.library import EVENTS
from streamkit.replay.routes import Answer, Route

_CHAT: Final = "dify-chat"
_COMPLETION: Final = "dify-completion"
_WORKFLOW: Final = "dify-workflow"
_DATASOURCE: Final = "dify-datasource"


def _routes(prefix: str) -> Sequence[Route]:
    small: list[tuple[str, str, Answer]] = [
        ("POST", "chat-messages/{task_id}/stop", stop),
        ("POST", "completion-messages/{task_id}/stop", stop),
        ("POST", "workflows/tasks/{task_id}/stop", stop),
        ("GET", "workflows/run/{run_id}", run_detail),
        ("GET", "form/human_input/{token}", form),
        ("POST", "form/human_input/{token}", submit_form),
        ("GET", "info", info),
        ("GET", "parameters", parameters),
        ("GET", "meta", meta),
        ("GET", "site", site),
        ("POST", "files/upload", upload),
        ("GET", "messages", messages),
        ("GET", "messages/{message_id}/suggested", suggested),
        ("POST", "messages/{message_id}/feedbacks", succeed),
        ("GET", "conversations", conversations),
    ]
    return [
        Route("POST", f"{prefix}/chat-messages", _CHAT),
        Route("POST", f"{prefix}/completion-messages", _COMPLETION),
        Route("POST", f"{prefix}/workflows/run", _WORKFLOW),
        Route("POST", f"{prefix}/workflows/{{workflow_id}}/run", _WORKFLOW),
        Route("GET", f"{prefix}/workflow/{{run_id}}/events", EVENTS, events),
        *(Route(method, f"{prefix}/{path}", answer=answer) for method, path, answer in small),
    ]


_STUDIO: Final = "/console/api/apps/{app_id}"

ROUTES: Final[Sequence[Route]] = [
    *_routes("/v1"),
    *_routes("/api"),
    Route("POST", "/v1/datasets/{dataset_id}/pipeline/run", _WORKFLOW),
    Route("POST", "/v1/datasets/{dataset_id}/pipeline/datasource/nodes/{node_id}/run", _DATASOURCE),
    Route("POST", f"{_STUDIO}/chat-messages", _CHAT),
    Route("POST", f"{_STUDIO}/completion-messages", _COMPLETION),
    Route("POST", f"{_STUDIO}/advanced-chat/workflows/draft/run", _CHAT),
    Route("POST", f"{_STUDIO}/workflows/draft/run", _WORKFLOW),
    Route("POST", f"{_STUDIO}/workflows/draft/{{kind}}/nodes/{{node_id}}/run", _WORKFLOW),
    Route("POST", f"{_STUDIO}/advanced-chat/workflows/draft/{{kind}}/nodes/{{node_id}}/run", _CHAT),
    Route("POST", f"{_STUDIO}/chat-messages/{{task_id}}/stop", answer=stop),
    Route("POST", f"{_STUDIO}/completion-messages/{{task_id}}/stop", answer=stop),
    Route("POST", f"{_STUDIO}/workflow-runs/tasks/{{task_id}}/stop", answer=stop),
]
"""Every path of Dify's that is answered."""
