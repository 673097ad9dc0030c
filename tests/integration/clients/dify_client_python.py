"""Chats with an app and runs a workflow with `dify-client-python`, as its own page shows it; prints what it heard."""

import json
import sys

from dify_client import Client, errors, models


def chat(client: Client, conversation: str = "", mode: str = "streaming"):
    return client.chat_messages(
        models.ChatRequest(
            query="Hello there", inputs={}, user="u-lab", conversation_id=conversation, response_mode=mode
        ),
        timeout=20.0,
    )


def workflow(client: Client, mode: str = "streaming"):
    return client.run_workflows(models.WorkflowsRunRequest(inputs={}, user="u-lab", response_mode=mode), timeout=20.0)


def heard(url: str) -> dict[str, object]:
    client = Client(api_key="chat_simple", api_base=f"{url}/v1")
    events = list(chat(client))
    flow = list(workflow(Client(api_key="wf_text_chunk", api_base=f"{url}/v1")))
    stopped = client.stop_chat_messages(events[0].task_id, models.StopRequest(user="u-lab"))
    uploaded = client.upload_files(("a.txt", b"12345", "text/plain"), models.UploadFileRequest(user="u-lab"))
    try:
        chat(Client(api_key="chat_app_error_before_first_token", api_base=f"{url}/v1"), mode="blocking")
    except errors.DifyAPIError as error:
        refused = [error.status, error.code]
    return {
        "events": [str(event.event) for event in events],
        "answer": "".join(event.answer for event in events if event.event == "message"),
        "whole answer": chat(client, mode="blocking").answer,
        "flow": [str(event.event) for event in flow],
        "outputs": flow[-1].data["outputs"],
        "whole outputs": workflow(Client(api_key="wf_text_chunk", api_base=f"{url}/v1"), "blocking").data.outputs,
        "stopped": stopped.result,
        "uploaded": [uploaded.name, uploaded.size],
        "refused": refused,
    }


json.dump(heard(sys.argv[1]), sys.stdout)
