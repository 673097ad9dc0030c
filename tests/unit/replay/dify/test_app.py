"""What is told of an app, in the vendor's shape."""

import aiohttp

from tests.unit.replay.serving import DIFY, recorded, serving


async def told(path, key="", *recordings):
    async with serving(*(recordings or [DIFY / "wf_iter_seq5.sse", DIFY / "chat_ifelse.sse"])) as client:
        return await client.read(path, key)


async def test_an_app_has_the_name_and_the_mode_of_what_the_key_names():
    assert await told("/v1/info") == {
        "name": "wf_iter_seq5", "description": "", "tags": [], "mode": "workflow", "author_name": "streamkit",
    }  # fmt: skip
    assert (await told("/v1/info", "chat_ifelse"))["mode"] == "advanced-chat"


async def test_without_an_app_there_is_a_chat():
    assert (await told("/v1/info", "", recorded(b"")))["mode"] == "chat"
    assert (await told("/v1/site", "", recorded(b"")))["title"] == "replay"


async def test_its_inputs_are_those_that_were_recorded():
    form = (await told("/v1/parameters", "chat_ifelse"))["user_input_form"]
    assert [control["text-input"]["variable"] for control in form] == ["lang"]


async def test_it_has_the_keys_that_clients_look_for():
    parameters = await told("/v1/parameters")
    assert {
        "opening_statement",
        "suggested_questions",
        "file_upload",
        "system_parameters",
        "speech_to_text",
    } <= parameters.keys()
    assert await told("/v1/meta") == {"tool_icons": {}}
    assert {"title", "icon", "default_language", "show_workflow_steps"} <= (await told("/api/site")).keys()


async def test_a_file_is_taken_and_has_an_id_of_its_own():
    async with serving(recorded(b"")) as client:
        ids = []
        for name in ("a.pdf", "a.pdf", "b"):
            form = aiohttp.FormData({"user": "u"})
            form.add_field("file", b"12345", filename=name, content_type="application/pdf")
            async with client.request("POST", "/v1/files/upload", data=form) as answer:
                assert answer.status == 201
                file = await answer.json()
                ids.append(file["id"])
        assert (file["name"], file["extension"], file["size"], file["mime_type"]) == ("b", "", 5, "application/pdf")
        assert ids[0] == ids[1] != ids[2]
        async with client.post("/v1/files/upload", {}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, "no_file_uploaded")
