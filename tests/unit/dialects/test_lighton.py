"""LightOn Paradigm's chatflow document as a run (protocol F.1, F.3), and dates without a calendar."""

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import Run, Tap
from streamkit.dialects import DIALECTS, detect, dialect
from streamkit.dialects import lighton as room
from streamkit.dialects.base import Dialect, Event, Malformed, Notes, Unknown
from streamkit.dialects.lighton import _APPLY, Chatflow, LightOn, LightOnReducer, epoch_seconds
from streamkit.run import RunError

LIGHTON = dialect("lighton")

TOOL = {
    "id": 4,
    "created_at": "2024-11-12T09:00:00Z",
    "updated_at": "2025-08-30T10:00:00Z",
    "name": "document_search",
    "class_name": "DocumentSearch",
    "description": "Search the selected documents",
    "is_offline_tool": False,
    "parameters": {"type": "object"},
    "require_document": True,
    "enabled": True,
}
OTHER = {
    "id": 5,
    "created_at": "2024-11-12T09:00:00Z",
    "updated_at": "2025-08-30T10:00:00Z",
    "name": "tickets",
    "description": "Somebody's",
    "enabled": True,
    "parameters": [],
    "openapi_schema_file": "f",
    "openapi_schema": {"openapi": "3.1.0"},
    "base_url": "https://tickets.example",
    "endpoint_path": "/search",
    "http_method": "get",
}
CALL = {
    "id": 7741,
    "tool": TOOL,
    "third_party_tool": None,
    "tool_steps": [{}],
    "created_at": "2025-09-03T08:14:22.900000Z",
    "is_forced": True,
    "arguments": {"query": "paid leave"},
    "output": "2.08 days per month",
    "celery_task_id": "b1a9",
    "third_party_tool_events": None,
    "status": "pending",
}
EXTRACT = {
    "id": 990121,
    "created_at": "2025-09-03T08:14:25.101000Z",
    "chat_response_id": 48211,
    "document_id": 1177,
    "page_start": 3,
    "page_end": 4,
    "document_name": "leave-policy.pdf",
    "document_file_type": "pdf",
    "metadata": {"author": "HR"},
    "document_external_url": "https://x.example",
    "document_datasource_name": "drive",
    "document_workspace_name": "HR",
    "text": "Employees accrue 2.08 days.",
}
DOCUMENT = {
    "id": 48211,
    "created_at": "2025-09-03T08:14:22.512000Z",
    "feedback": {
        "id": 1,
        "created_at": "2025-09-03T08:14:22Z",
        "liked": False,
        "copied": False,
        "regenerated": False,
        "comment": "",
        "feedbackCategories": [],
    },
    "document_extracts": [EXTRACT],
    "flag_created_at": None,
    "tool_call": CALL,
    "chat_message": 91002,
    "text": "2.08 days a month.",
    "error_message": None,
    "completion": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
    "is_chosen": True,
    "source": "embeddings",
}
"""Sample 38, every field of F.1 with a plausible value."""

ANSWERED = 1756887262.512
"""2025-09-03T08:14:22.512Z"""


def answer(call=(), **changes):
    """The document with other values; `call`: changes in the tool call, or what stands in its place."""
    tool_call = {**CALL, **call} if isinstance(call, dict) else CALL if call == () else call
    return {**DOCUMENT, "tool_call": tool_call, **changes}


def open_answer(call=(), **changes):
    """A document that is neither text nor error."""
    return answer(call, **{"text": None, **changes})


def folded(*documents) -> Run:
    """Fold documents of one run, each a body of its own."""
    run = None
    for document in documents:
        tap = Tap("lighton", run=run)
        run = tap.run
        tap.feed(json.dumps(document, indent=2).encode())
        tap.close()
    return run


def read(data):
    notes: Notes = []
    return LIGHTON.decode(data if isinstance(data, bytes) else json.dumps(data).encode(), notes), notes


def anomalies(run):
    return [(anomaly.kind, anomaly.detail) for anomaly in run.anomalies]


def call_of(run):
    (node,) = run.nodes
    return node


# ---- the dialect


def test_the_dialect_keeps_nothing_of_a_run():
    assert isinstance(LIGHTON, LightOn)
    first, second = LIGHTON.reducer(), LIGHTON.reducer()
    assert isinstance(first, LightOnReducer)
    assert first is not second
    known: Dialect = LIGHTON
    assert known.name == "lighton"


@pytest.mark.parametrize(
    "body", [DOCUMENT, {"tool_call": None, "feedback": {}}, {"tool_call": {}, "document_extracts": []}]
)
def test_the_document_is_recognised_by_its_shape_and_by_nobody_else(body):
    assert [name for name, known in DIALECTS.items() if known.recognises(body)] == ["lighton"]
    assert detect(json.dumps(body).encode()) is LIGHTON


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": 1, "text": "Hi"},
        {"tool_call": {}},
        {"document_extracts": [], "feedback": {}},
        {"event": "message", "tool_call": {}, "feedback": {}},
        {"choices": [{"delta": {"tool_calls": []}}]},
        {"code": 0, "data": {"answer": "Hi"}},
        {"code": "x", "message": "no", "status": 400},
        {"detail": "Authentication credentials were not provided."},
    ],
)
def test_frames_of_others_are_not_recognised(body):
    assert not LIGHTON.recognises(body)


def test_a_document_is_one_event():
    notes: Notes = []
    (event,) = LIGHTON.decode_document(json.dumps(DOCUMENT).encode(), notes)
    assert (type(event), event.kind, notes) == (Chatflow, "chatflow", [])
    assert LIGHTON.run_keys(event) == ("48211",)


def test_every_field_of_the_document_is_read():
    """F.1: nothing of the table is lost, but for the headers of somebody's endpoint, which may hold secrets."""
    payload = answer({"third_party_tool": {**OTHER, "headers": "Authorization: secret"}})
    event, _ = read(payload)
    del payload["tool_call"]["third_party_tool"]["headers"]
    assert msgspec.json.decode(msgspec.json.encode(event)) == {"event": "chatflow", **payload}
    assert b"secret" not in msgspec.json.encode(event)


def test_a_line_of_streamkit_events_is_the_document():
    assert read({**DOCUMENT, "kind": "chatflow", "dialect": "lighton"}) == read(DOCUMENT)


@pytest.mark.parametrize("payload", [{"tool_call": None}, {"document_extracts": []}])
def test_every_other_field_may_be_missing(payload):
    event, notes = read(payload)
    assert type(event) is Chatflow
    assert (LIGHTON.run_keys(event), notes) == ((), [])


@pytest.mark.parametrize("data", [b"{}", b"[]", b"{", b'{"detail":"no"}', b'{"a":' * 5000 + b"1" + b"}" * 5000])
def test_what_means_nothing_is_malformed(data):
    event, notes = read(data)
    assert type(event) is Malformed
    assert LIGHTON.run_keys(event) == ()
    assert [kind for kind, _ in notes] == ["malformed-event"]


def test_an_event_of_another_vendor_is_unknown():
    assert type(read({"event": "message"})[0]) is Unknown


def test_a_wrong_field_costs_itself_alone():
    run = folded(
        answer({"status": ["pending"], "is_forced": "yes"}, document_extracts=[{**EXTRACT, "page_start": "three"}])
    )
    assert (run.status, run.text, call_of(run).title) == ("succeeded", "2.08 days a month.", "document_search")
    assert "page_start" not in run.citations[0]["metadata"]
    assert [kind for kind, _ in anomalies(run)] == ["bad-field"] * 3


def test_every_event_has_its_place_in_the_table():
    defined = {kind for kind in vars(room).values() if isinstance(kind, type) and issubclass(kind, Event)}
    assert set(_APPLY) == defined - {Event}


# ---- F.3: the run


def test_the_whole_document_is_a_run():
    run = folded(DOCUMENT)
    assert (run.dialect, run.mode, run.status, run.text) == ("lighton", "chatflow", "succeeded", "2.08 days a month.")
    assert (run.id, run.message_id, run.conversation_id, run.task_id) == ("48211", "91002", None, None)
    assert (run.started_at, run.finished_at, run.settled, run.error) == (ANSWERED, None, True, None)
    assert (run.inputs, run.outputs, run.total_tokens, anomalies(run)) == (None, None, 0, [])


def test_the_tool_call_is_an_execution():
    node = call_of(folded(DOCUMENT))
    assert (node.id, node.node_id, node.type, node.title) == ("7741", "7741", "tool", "document_search")
    assert (node.inputs, node.outputs) == ({"query": "paid leave"}, {"output": "2.08 days per month"})
    assert node.metadata == {
        "class_name": "DocumentSearch",
        "is_forced": True,
        "celery_task_id": "b1a9",
        "source": "embeddings",
    }
    assert (node.started_at, node.finished_at, node.process_data) == (1756887262.9, None, None)


def test_a_tool_of_somebody_elses():
    node = call_of(folded(answer({"tool": None, "third_party_tool": OTHER, "third_party_tool_events": [{"n": 1}]})))
    assert (node.title, node.process_data) == ("tickets", [{"n": 1}])
    assert "class_name" not in node.metadata


@pytest.mark.parametrize(
    ("output", "outputs"), [("x", {"output": "x"}), ({"a": 1}, {"output": {"a": 1}}), (None, None)]
)
def test_the_output_is_any_value(output, outputs):
    assert call_of(folded(answer({"output": output}))).outputs == outputs


@pytest.mark.parametrize("call", [None, {}])
def test_without_a_tool_call_there_is_no_execution(call):
    run = folded({**DOCUMENT, "tool_call": call})
    assert (list(run.nodes), run.status) == ([], "succeeded")


def test_a_tool_call_may_say_next_to_nothing():
    run = folded({"id": "", "document_extracts": None, "tool_call": {"status": "pending"}})
    node = call_of(run)
    assert (run.id, run.status, anomalies(run)) == (None, "running", [])
    assert (node.title, node.inputs, node.outputs, node.metadata, node.logs) == ("", None, None, None, ())


def test_a_tool_call_without_an_id_has_one_all_the_same():
    node = call_of(folded(answer({"id": None})))
    assert (node.id, node.node_id) == ("tool_call", "tool_call")


def test_the_extracts_are_citations():
    """F.3: the position by order; workspace for dataset; pages and the like are metadata."""
    second = {"id": 2, "document_name": "b.pdf", "text": "…", "metadata": ["odd"], "document_external_url": ""}
    run = folded(answer(document_extracts=[EXTRACT, second]))
    assert run.citations == (
        {
            "position": 1,
            "marker": "1",
            "id": 990121,
            "document_id": 1177,
            "document_name": "leave-policy.pdf",
            "dataset_name": "HR",
            "content": "Employees accrue 2.08 days.",
            "metadata": {
                "author": "HR",
                "page_start": 3,
                "page_end": 4,
                "document_file_type": "pdf",
                "document_external_url": "https://x.example",
                "document_datasource_name": "drive",
            },
        },
        {"position": 2, "marker": "2", "id": 2, "document_name": "b.pdf", "content": "…", "metadata": {}},
    )


def test_metadata_that_is_nested_too_deeply_is_left_out():
    deep: object = 1
    for _ in range(300):
        deep = {"a": deep}
    run = folded(answer(document_extracts=[{"id": 1, "metadata": deep}], call={"tool_steps": [deep]}))
    assert run.citations[0]["metadata"] == {}
    assert call_of(run).logs[0].data == "[nested too deeply]"


def test_the_steps_of_the_tool_are_its_log_in_order():
    """Opaque: a name where one is easily seen, else the number."""
    steps = [{}, {"name": "search", "status": "done", "hits": 3}, {"label": 5, "title": "read", "status": 7}, "text"]
    logs = call_of(folded(answer({"tool_steps": steps}))).logs
    assert [(entry.label, entry.status, entry.data) for entry in logs] == [
        ("step 1", "", {}),
        ("search", "done", steps[1]),
        ("read", "", steps[2]),
        ("step 4", "", "text"),
    ]


# ---- F.3: how it stands


@pytest.mark.parametrize(
    ("document", "status", "node"),
    [
        # the tool call's word tells nothing once there is an answer; what was never told ended is unknown
        (answer({"status": "pending"}), "succeeded", "unknown"),
        (answer({"status": "SUCCESS"}), "succeeded", "succeeded"),
        (answer({"status": "completed"}), "succeeded", "succeeded"),
        (answer({"status": "FAILURE"}), "succeeded", "failed"),
        (answer({"status": None}), "succeeded", "unknown"),
        (answer(error_message="no"), "failed", "unknown"),
        (open_answer({"status": "error"}, error_message="no"), "failed", "failed"),
        (answer(error_message=""), "succeeded", "unknown"),
        # neither text nor error: the work goes on, after the end of the body too
        (open_answer({"status": "pending"}), "running", "running"),
        (open_answer({"status": "STARTED"}), "running", "running"),
        (open_answer({"status": "in-progress"}), "running", "running"),
        (open_answer({"status": None}), "running", "running"),
        (open_answer({"status": "success"}), "running", "succeeded"),
        (open_answer({"status": "pending"}, text=""), "running", "running"),
        (open_answer({"status": "success"}, text=""), "succeeded", "succeeded"),
        # nothing goes on, and nobody said how it ended
        (open_answer({"status": "failed"}), "interrupted", "failed"),
        (open_answer({"status": "Revoked"}), "interrupted", "stopped"),
        (open_answer(None), "interrupted", None),
        (open_answer(None, text=""), "succeeded", None),
    ],
)
def test_how_a_run_stands(document, status, node):
    run = folded(document)
    assert (run.status, [found.status for found in run.nodes]) == (status, [node] if node else [])
    assert run.settled is (status in ("succeeded", "failed"))
    assert anomalies(run) == []


def test_an_error_says_why():
    assert folded(answer(error_message="No model")).error == RunError("No model")


def test_a_call_of_a_status_that_nobody_knows_goes_on():
    run = folded(open_answer({"status": "marinating"}))
    assert (run.status, call_of(run).status) == ("running", "running")
    assert anomalies(run) == [("unknown-status", "tool call 7741: marinating")]


@pytest.mark.parametrize("document", [answer({"status": "success"}), answer({"status": "success"}, error_message="no")])
def test_the_document_tells_when_it_came(document):
    """Whole only with the end of its body."""
    tap = Tap("lighton")
    tap.feed(json.dumps(document).encode(), at=1.0)
    tap.close(at=2.0)
    node = call_of(tap.run)
    assert (tap.run.ended_at, node.seen_at, node.ended_at) == (2.0, 2.0, 2.0)


def test_an_empty_body_is_interrupted():
    assert folded({"tool_call": None}).status == "interrupted"
    tap = Tap("lighton")
    tap.close()
    assert tap.run.status == "interrupted"


# ---- the same chatflow, asked again


def test_a_later_document_goes_on_with_the_run():
    run = folded(
        open_answer({"status": "pending", "output": None, "tool_steps": []}, document_extracts=[]),
        open_answer({"status": "started", "output": None}, document_extracts=[]),
        answer({"status": "success"}),
    )
    assert (run.status, run.text, len(run.citations), len(run.segments)) == ("succeeded", "2.08 days a month.", 1, 3)
    node = call_of(run)
    assert (node.status, node.outputs, len(node.logs)) == ("succeeded", {"output": "2.08 days per month"}, 1)


def test_a_later_document_may_name_the_tool():
    run = folded(open_answer({"tool": None}), open_answer())
    assert call_of(run).title == "document_search"


def test_a_later_word_mends_one_that_nobody_knows():
    run = folded(open_answer({"status": "marinating"}), open_answer({"status": "pending"}))
    assert (run.status, call_of(run).status) == ("running", "running")


@pytest.mark.parametrize("nothing", [{"detail": "Service unavailable"}, {"id": 5, "tool_call": None, "feedback": {}}])
def test_a_body_that_says_nothing_of_the_run_leaves_it_as_it_was(nothing):
    assert folded(open_answer({"status": "pending"}), nothing).status == "running"


def test_an_older_document_takes_nothing_away():
    """Known beats unknown, an end beats `pending`."""
    run = folded(
        answer({"status": "success"}), open_answer({"status": "pending", "output": None}, document_extracts=[])
    )
    assert (run.status, run.text, len(run.citations)) == ("succeeded", "2.08 days a month.", 1)
    assert (call_of(run).status, call_of(run).outputs) == ("succeeded", {"output": "2.08 days per month"})
    run = folded(answer({"status": "success"}), answer({"status": "marinating"}))
    assert call_of(run).status == "succeeded"


def test_an_interrupted_run_goes_on_with_the_next_document():
    assert folded(open_answer(None), DOCUMENT).status == "succeeded"


def test_another_id_is_another_run():
    run = folded(DOCUMENT, answer(id=5, text="other"))
    assert (run.text, anomalies(run)) == ("2.08 days a month.", [("foreign-run", "chatflow")])
    assert run.wire.belongs(run, Chatflow())
    assert run.wire.belongs(run, Malformed("no JSON", b"{"))


def test_what_is_no_document_changes_nothing():
    run = folded({"detail": "no"})
    assert (run.status, run.mode, [kind for kind, _ in anomalies(run)]) == ("interrupted", None, ["malformed-event"])


# ---- dates


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59Z", -1),
        ("2000-02-29T12:00:00Z", 951825600),
        ("2023-11-07T05:31:56Z", 1699335116),
        ("2023-11-07 05:31:56z", 1699335116),
        ("2025-09-03T08:14:22.512000Z", ANSWERED),
        ("2025-09-03T10:14:22.512+02:00", ANSWERED),
        ("2025-09-03T02:44:22.512-0530", ANSWERED),
        ("2025-09-03T08:14:22.5120000009999Z", ANSWERED),
        ("2016-12-31T23:59:60Z", 1483228800),
        ("0001-01-01T00:00:00Z", -62135596800),
        ("9999-12-31T23:59:59Z", 253402300799),
    ],
)
def test_a_date_is_seconds(text, seconds):
    assert epoch_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "now",
            "2023-11-07",
            "2023-11-07T05:31:56",
            "2023-11-07T05:31Z",
            "2023-11-07T05:31:56 Z",
            "23-11-07T05:31:56Z",
        ),
        *("2023-13-07T05:31:56Z", "2023-00-07T05:31:56Z", "2023-11-31T05:31:56Z", "2023-11-00T05:31:56Z"),
        *("2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2023-12-32T00:00:00Z", "2023-11-07T24:00:00Z"),
        *("2023-11-07T05:60:00Z", "2023-11-07T05:31:61Z", "٢٠٢٣-11-07T05:31:56Z", "2023-11-07T05:31:56Z\n"),
    ],
)
def test_what_is_no_date_or_names_no_zone_is_none(text):
    assert epoch_seconds(text) is None


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-1439, 1439))  # noqa: DTZ001
def test_every_date_is_what_the_calendar_says(naive, minutes):
    zone = timezone(timedelta(minutes=minutes))
    date = naive.replace(tzinfo=zone)
    expected = (date - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
    assert epoch_seconds(date.isoformat()) == pytest.approx(expected, abs=1e-5)


@given(st.dates())
def test_a_day_is_none_exactly_where_the_calendar_has_none(date):
    for day in (28, 29, 30, 31):
        text = f"{date.year:04}-{date.month:02}-{day:02}T00:00:00Z"
        try:
            datetime.fromisoformat(text)
        except ValueError:
            assert epoch_seconds(text) is None
        else:
            assert epoch_seconds(text) is not None


def test_a_date_that_cannot_be_read_is_a_bad_field():
    run = folded(answer({"created_at": "yesterday"}, created_at="2025-09-03T08:14:22"))
    assert (run.started_at, call_of(run).started_at) == (None, None)
    assert anomalies(run) == [("bad-field", "created_at"), ("bad-field", "tool_call.created_at")]
