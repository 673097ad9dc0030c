"""Asks for completions with OpenAI's own client, streamed and whole; prints what it heard."""

import json
import sys

from openai import APIStatusError, OpenAI

MESSAGES = [{"role": "user", "content": "hi"}]


def heard(url: str) -> dict[str, object]:
    client = OpenAI(api_key="chat_openai_delta", base_url=f"{url}/v1", max_retries=0, timeout=20.0)
    chunks = list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True))
    whole = client.chat.completions.create(model="m", messages=MESSAGES)
    ragflow = OpenAI(api_key="chat_openai_delta", base_url=f"{url}/api/v1/chats_openai/c", max_retries=0)
    alike = list(ragflow.chat.completions.create(model="m", messages=MESSAGES, stream=True))
    agent = OpenAI(api_key="openai_compatible", base_url=f"{url}/api/v1/agents_openai/a", max_retries=0)
    spoken = list(agent.chat.completions.create(model="m", messages=MESSAGES, stream=True))
    try:
        OpenAI(api_key="nobody", base_url=f"{url}/v2", max_retries=0).models.list()
    except APIStatusError as error:
        refused = error.status_code
    return {
        "text": text_of(chunks),
        "again": text_of(alike),
        "agent": text_of(spoken),
        "whole": whole.choices[0].message.content,
        "tokens": [whole.usage.total_tokens, chunks[-1].usage.total_tokens],
        "reason": whole.choices[0].finish_reason,
        "models": [model.id for model in client.models.list()],
        "refused": refused,
    }


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


json.dump(heard(sys.argv[1]), sys.stdout)
