"""Lines of curl, as vendors' pages and shells have them."""

import shlex

import pytest

from streamkit.cli.asking.curl_line import read
from streamkit.cli.asking.inputs import BadInput

DIFY = """curl -X POST 'https://api.dify.ai/v1/chat-messages' \\
--header 'Authorization: Bearer {api_key}' \\
--header 'Content-Type: application/json' \\
--data-raw '{
    "inputs": {},
    "query": "What are the specs?",
    "response_mode": "streaming",
    "user": "abc-123",
    "files": [{"type": "image", "transfer_method": "remote_url", "url": "https://cloud.dify.ai/logo/logo-site.png"}]
}'"""

RAGFLOW = """curl --request POST \\
     --url http://{address}/api/v1/chats/c1/completions \\
     --header 'Content-Type: application/json' \\
     --header 'Authorization: Bearer <YOUR_API_KEY>' \\
     --data-binary '
     {
          "question": "Who are you",
          "stream": true,
          "session_id":"9fa7691cb85c11ef9c5f0242ac120005"
     }'"""

OCTOBER = """curl --request POST
--url http://{address}/api/v1/chat/554e/session/791a/completion
--header 'Content-Type: application/json'
--header 'Authorization: Bearer {YOUR_ACCESS_TOKEN}'
--data-binary '{
"question": "Hello!",
"stream": true,
}'"""

PARADIGM = """curl --request POST \\
  --url https://paradigm.lighton.ai/api/v2/tools/chatflows/ \\
  --header 'Authorization: Bearer <token>' \\
  --header 'Content-Type: application/json' \\
  --data '
{
  "messages": "<string>",
  "workspace_ids": [
    123
  ]
}
'"""


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name, value in {
        "DIFY_API_KEY": "app-1",
        "RAGFLOW_API_KEY": "ragflow-1",
        "RAGFLOW_BASE_URL": "http://rag.example:9380/api/v1",
        "PARADIGM_API_KEY": "paradigm-1",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def line(text):
    """Part a line as a shell does, for which a line end behind a backslash is none."""
    return read(shlex.split(text.replace("\\\n", " ")))


@pytest.mark.parametrize(
    ("text", "vendor", "origin", "path", "key"),
    [
        (DIFY, "dify", "https://api.dify.ai", "/v1/chat-messages", "app-1"),
        (RAGFLOW, "ragflow", "http://rag.example:9380", "/api/v1/chats/c1/completions", "ragflow-1"),
        (OCTOBER, "ragflow", "http://rag.example:9380", "/api/v1/chat/554e/session/791a/completion", "ragflow-1"),
        (PARADIGM, "paradigm", "https://paradigm.lighton.ai", "/api/v2/tools/chatflows/", "paradigm-1"),
    ],
    ids=["dify", "ragflow", "ragflow 2024-10", "paradigm"],
)
def test_the_line_of_a_page_is_taken_as_it_is(text, vendor, origin, path, key):
    told = line(text)
    assert (told.method, told.vendor, told.origin, told.path, told.key) == ("POST", vendor, origin, path, key)
    assert isinstance(told.body, dict)
    assert told.headers == {}


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/v1/info", "https://api.dify.ai"),
        ("/api/v1/datasets", "http://rag.example:9380"),
        ("/api/v2/tools/chatflows/", "https://paradigm.lighton.ai"),
        ("/v1/chat/completions", "https://paradigm.lighton.ai"),
    ],
)
def test_an_address_that_is_left_open_is_the_environment_s_or_the_vendor_s_own(path, origin):
    assert line(f"curl http://{{host}}{path}").origin == origin


def test_a_comma_too_many_is_taken_out():
    assert line(OCTOBER).body == {"question": "Hello!", "stream": True}


@pytest.mark.parametrize(
    ("text", "method", "body"),
    [
        ("curl http://h/v1/info", "GET", None),
        ("curl -sN -XPOST http://h/v1/x -d{}", "POST", {}),
        ("curl http://h/v1/x --json '[1]'", "POST", [1]),
        ("curl -X PUT --url=http://h/v1/x --data='{\"a\": 1}'", "PUT", {"a": 1}),
        ("http://h/v1/x -o out -m 5 --compressed -L -i", "GET", None),
    ],
)
def test_options_are_read_as_curl_reads_them(text, method, body):
    told = line(text)
    assert (told.method, told.body) == (method, body)


def test_data_may_stand_in_a_file(tmp_path):
    path = tmp_path / "body.json"
    path.write_text('{"a": 1}')
    assert line(f"curl http://h/v1/x -d @{path}").body == {"a": 1}
    with pytest.raises(BadInput, match="no such file"):
        line(f"curl http://h/v1/x -d @{path}.none")


def test_a_form_has_fields_and_files(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"png")
    told = line(f"curl http://h/v1/files/upload -F user=ada -F 'file=@{path};type=image/x'")
    ((name, upload),) = told.uploads
    assert (told.method, told.fields, name, upload.name, upload.content_type) == (
        "POST",
        (("user", "ada"),),
        "file",
        "a.png",
        "image/x",
    )


def test_the_name_of_a_file_may_stand_in_quotes(tmp_path):
    (tmp_path / "a b.png").write_bytes(b"png")
    ((_, upload),) = line(f"curl http://h/v1/files/upload -F 'file=@\"{tmp_path}/a b.png\"'").uploads
    assert upload.name == "a b.png"


def test_headers_go_along_and_the_key_apart():
    told = line("curl http://h/v1/x -H 'X-Trace-Id: 7' -H 'authorization: Bearer app-9'")
    assert (told.headers, told.key) == ({"x-trace-id": "7"}, "app-9")


def test_a_query_stays():
    assert line("curl 'http://h/v1/messages?user=a&limit=3'").query == "user=a&limit=3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("curl", "one address is needed"),
        ("curl http://a http://b", "and this has 2"),
        ("curl ftp://a/b", "no http or https address"),
        ("curl http://a/v1/x --proxy http://p", "--proxy is not known here"),
        ("curl http://a/v1/x -zq", "-z is not known here"),
        ("curl http://a/v1/x -d", "-d has no value"),
        ("curl http://a/v1/x -d '{'", "no JSON"),
        ("curl http://a/v1/messages/{message_id}/suggested", "leaves {message_id} open"),
        ("curl 'http://a/api/v1/datasets?page={page}&desc=<desc>'", "leaves {page} and <desc> open"),
        ("curl http://a/v1/files -F file=@/nowhere.pdf", "no such file"),
    ],
)
def test_what_is_not_understood_is_told(text, said):
    with pytest.raises(BadInput, match=said):
        line(text)


def test_what_a_page_leaves_open_must_be_in_the_environment(environment):
    environment.delenv("DIFY_API_KEY")
    with pytest.raises(BadInput, match="set DIFY_API_KEY"):
        line(DIFY)
    environment.delenv("PARADIGM_API_KEY")
    with pytest.raises(BadInput, match="set PARADIGM_API_KEY"):
        line(PARADIGM)
    environment.delenv("RAGFLOW_BASE_URL")
    with pytest.raises(BadInput, match="set RAGFLOW_BASE_URL"):
        line(RAGFLOW)
