"""Small facts out of large payloads: what is missing or of another shape is simply not known."""

import json
from decimal import Decimal

import msgspec
import pytest
from msgspec import Raw

from streamkit import Run
from streamkit.dialects.dify.events import NodeFinishedData, UsagePayload
from streamkit.dialects.dify.facts import metadata_of, node_usage, true_error, usage_of, user_of
from streamkit.run import NO_CURRENCY, NodeUsage, Usage

from .streams import anomalies, live, loop_started, outline, tree_of

NOTHING = [b"null", b"{}", b"", b"[]", b"5", b'"text"', b"{", b'"\xff"', b"[" * 100_000]
"""Nothing at all, JSON of another shape, and no JSON."""

nothing = pytest.mark.parametrize("nothing", NOTHING, ids=lambda data: repr(data[:8]))

METADATA = {
    "total_tokens": 12,
    "total_price": "0.5",
    "currency": "USD",
    "iteration_id": "it",
    "iteration_index": 1,
    "loop_id": "lp",
    "loop_index": 2,
    "parallel_mode_run_id": "0af1",
    "iteration_duration_map": {"1": 0.5, "0": 0.75},
    "loop_duration_map": {"0": None},
    "error_strategy": "fail-branch",
}


def raw(value: object) -> Raw:
    return Raw(value if isinstance(value, bytes) else json.dumps(value).encode())


def run() -> Run:
    return Run("dify")


def said(metadata: object) -> dict:
    """What is known of some metadata."""
    known = msgspec.to_builtins(metadata)
    return {key: value for key, value in known.items() if value is not None}


# ---- execution metadata (C.5, C.7)


def test_metadata_tells_what_was_spent_and_where():
    known = metadata_of(run(), raw(METADATA))
    assert said(known) == METADATA
    assert known.total_price == Decimal("0.5")


def test_the_keys_of_a_duration_map_keep_their_order():
    """Correction 3: it is the order of completion."""
    known = metadata_of(run(), raw(METADATA))
    assert list(known.iteration_duration_map) == ["1", "0"]


def test_unknown_keys_of_metadata_are_passed_over():
    """C.7: they stay in the run's own copy."""
    assert said(metadata_of(run(), raw({"agent_log": [], "completed_reason": "loop_break", "loop_index": 0}))) == {
        "loop_index": 0
    }


@nothing
def test_metadata_of_another_shape_tells_nothing(nothing):
    assert said(metadata_of(run(), raw(nothing))) == {}


def test_a_wrong_field_of_metadata_costs_only_itself_and_is_counted():
    """DESIGN 6: `bad-field` with its path. What can be converted without loss is known."""
    here = run()
    wrong = {**METADATA, "total_tokens": {"n": 12}, "total_price": "free", "iteration_index": "1", "currency": [5]}
    known = said(metadata_of(here, raw(wrong)))
    assert known == {
        key: value for key, value in METADATA.items() if key not in ("total_tokens", "total_price", "currency")
    }
    assert sorted(anomalies(here)) == [
        ("bad-field", "data.execution_metadata.currency"),
        ("bad-field", "data.execution_metadata.iteration_index"),
        ("bad-field", "data.execution_metadata.total_price"),
        ("bad-field", "data.execution_metadata.total_tokens"),
    ]


def test_what_metadata_lacks_is_no_fault():
    here = run()
    assert said(metadata_of(here, raw({"loop_index": 1, "currency": {}}))) == {"loop_index": 1}
    assert anomalies(here) == [("bad-field", "data.execution_metadata.currency")]


@pytest.mark.parametrize(
    "metadata",
    [
        b'{"loop_index":1,"x":"\xff"}',
        b'{"loop_index":1,"currency":"U\xff"}',
        b'{"loop_index":1,"x":"\\ud800"}',
        b'{"loop_index":1,"currency":"U\\ud800"}',
        b'{"loop_index":1,"x":NaN}',
        b'{"loop_index":1,"total_price":NaN}',
    ],
)
def test_what_breaks_the_standard_inside_metadata_costs_no_round(metadata):
    """In a run, where the decoder may have mended it before."""
    frame = b'data: {"event":"node_%s","data":{"id":"a.1","node_id":"a","loop_id":"lp"%s}}\n\n'
    end = frame % (b"finished", b',"status":"succeeded","execution_metadata":' + metadata)
    assert tree_of(live(loop_started("lp"), frame % (b"started", b""), end)) == outline("""
        lp#0 running
          round 1 running
            a.1
    """)


@pytest.mark.parametrize("index", [-1, 2**40])
def test_a_round_may_have_any_number(index):
    assert metadata_of(run(), raw({"loop_index": index})).loop_index == index


# ---- usage of a run (B.3)


def test_usage_of_a_run():
    payload = UsagePayload(
        prompt_tokens=812,
        completion_tokens=41,
        total_tokens=853,
        total_price=Decimal("0.0001475"),
        currency="USD",
        latency=2.06,
    )
    assert usage_of(run(), payload) == Usage(
        prompt_tokens=812, completion_tokens=41, total_tokens=853, latency=2.06, cost={"USD": Decimal("0.0001475")}
    )


def test_usage_that_says_nothing():
    """#8544"""
    assert usage_of(run(), UsagePayload()) == Usage()


@pytest.mark.parametrize("currency", [None, ""])
def test_a_price_without_a_currency_has_none(currency):
    """C.7: ISO 4217's code for it."""
    usage = usage_of(run(), UsagePayload(total_price=Decimal(1), currency=currency))
    assert usage.cost == {NO_CURRENCY: Decimal(1)}
    assert NO_CURRENCY == "XXX"


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-Infinity", "sNaN", "1E+31", "1E-31", "1E+999999999"])
def test_a_price_that_cannot_be_summed_is_no_cost(price):
    here = run()
    usage = usage_of(here, UsagePayload(total_tokens=3, total_price=Decimal(price), currency="USD"))
    assert (usage.total_tokens, usage.cost) == (3, {})
    assert [kind for kind, _ in anomalies(here)] == ["bad-number"]


@pytest.mark.parametrize("price", ["0", "0E-7", "0E+999999999", "-0.5", "1E-30", "1E+30"])
def test_a_price_of_any_sensible_size_is_a_cost(price):
    """A.6: zero in any spelling; a refund is the server's business."""
    here = run()
    usage = usage_of(here, UsagePayload(total_price=Decimal(price), currency="USD"))
    assert usage.cost == {"USD": Decimal(price)}
    assert anomalies(here) == []


# ---- usage of an execution (C.7)


INSIDE = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "total_price": "0.5", "currency": "USD"}


def spent(metadata: object = None, **payload: object) -> NodeUsage | None:
    here = run()
    data = NodeFinishedData(**{name: raw(value) for name, value in payload.items()})
    return node_usage(here, metadata_of(here, raw(metadata)), data)


def test_the_sum_is_in_the_metadata_and_its_parts_in_the_process_data():
    process_data = {"usage": INSIDE, "model_name": "gpt", "model_provider": "openai", "prompts": []}
    assert spent({"total_tokens": 12, "total_price": "0.5", "currency": "USD"}, process_data=process_data) == NodeUsage(
        total_tokens=12,
        prompt_tokens=10,
        completion_tokens=2,
        cost={"USD": Decimal("0.5")},
        model="gpt",
        provider="openai",
    )


def test_the_parts_may_be_in_the_outputs():
    assert spent({"total_tokens": 12}, outputs={"text": "", "usage": INSIDE}) == NodeUsage(
        total_tokens=12, prompt_tokens=10, completion_tokens=2
    )


def test_outputs_of_a_node_without_tokens_are_no_usage():
    """A code node may call anything `usage`."""
    assert spent(outputs={"usage": INSIDE}) is None


def test_a_node_without_a_model_has_no_usage():
    assert spent() is None
    assert spent({}, process_data={}, outputs={"x": 1}) is None


def test_a_model_is_known_without_its_tokens():
    """#20796: usage may be all zero, or missing."""
    assert spent(process_data={"model_name": "gpt"}) == NodeUsage(model="gpt")
    assert spent({"total_tokens": 0}) == NodeUsage(total_tokens=0)


def test_a_price_that_is_wrong_costs_neither_model_nor_tokens():
    process_data = {"usage": INSIDE | {"total_price": ["?"]}, "model_name": "gpt"}
    assert spent(process_data=process_data) == NodeUsage(prompt_tokens=10, completion_tokens=2, model="gpt")


@nothing
def test_payloads_of_another_shape_tell_no_usage(nothing):
    assert spent({"total_tokens": 12}, process_data=nothing, outputs=nothing) == NodeUsage(total_tokens=12)


# ---- the true error (correction 10)


OUTPUTS = {"error_message": "503 Service Unavailable", "error_type": "HTTPError"}


@pytest.mark.parametrize("error", ["Unknown error", "", None])
def test_what_an_exception_hides_stands_in_its_outputs(error):
    assert (
        true_error(NodeFinishedData(status="exception", error=error, outputs=raw(OUTPUTS))) == "503 Service Unavailable"
    )


def test_what_an_exception_says_is_true():
    assert true_error(NodeFinishedData(status="exception", error="timeout", outputs=raw(OUTPUTS))) == "timeout"


@pytest.mark.parametrize("status", ["failed", "succeeded", None])
def test_outputs_of_any_other_end_are_no_error(status):
    assert true_error(NodeFinishedData(status=status, error="Unknown error", outputs=raw(OUTPUTS))) == "Unknown error"
    assert true_error(NodeFinishedData(status=status, error="", outputs=raw(OUTPUTS))) is None
    assert true_error(NodeFinishedData(status=status, outputs=raw(OUTPUTS))) is None


@nothing
def test_an_exception_whose_outputs_tell_nothing(nothing):
    assert (
        true_error(NodeFinishedData(status="exception", error="Unknown error", outputs=raw(nothing))) == "Unknown error"
    )
    assert true_error(NodeFinishedData(status="exception", outputs=raw({"error_message": ""}))) is None


# ---- the user


def test_the_user_is_among_the_inputs_under_a_dotted_key():
    """B.4"""
    assert user_of(raw({"q": "?", "sys.user_id": "u", "sys": {"user_id": "other"}})) == "u"


@nothing
def test_inputs_of_another_shape_name_no_user(nothing):
    assert user_of(raw(nothing)) is None
    assert user_of(raw({"sys.user_id": 5})) is None
