"""The closed set of things that may not fit, with a sentence for each.

An anomaly is never raised: it is kept (the first `KEPT` of a run), counted (all), and shown.
`streamkit explain KIND` prints the sentences. A kind that is not in `KINDS` cannot be reported.
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

Kind = Literal[
    "after-end",
    "after-replace",
    "bad-field",
    "bad-number",
    "bad-utf8",
    "body-too-large",
    "error-in-answer",
    "filtered-session",
    "foreign-run",
    "frame-too-large",
    "malformed-event",
    "non-standard-json",
    "not-an-event-stream",
    "observer-error",
    "orphan-log",
    "replay-unknown",
    "unknown-dialect",
    "unknown-event",
    "unknown-status",
    "unterminated-frame",
]

KEPT: Final = 1000
"""How many anomalies of a run are kept; the rest are only counted."""

KINDS: Final[Mapping[str, str]] = {
    "after-end": "An event that changes a run came after the server had already said how the run ended. "
    "The first end counts; the later event is kept in the statistics only.",
    "after-replace": "Text came after the server had replaced the whole answer (output moderation, or any "
    "replacement in an app without a workflow). What the server stores is the replacement alone, so the text "
    "stays as replaced.",
    "bad-field": "A field had a type that the protocol does not know. The field was converted if that was "
    "possible without loss, else left out; the rest of the event was applied. The detail is the path of the field.",
    "bad-number": "A price was not a finite decimal number of sensible size. It is not part of any sum.",
    "bad-utf8": "The bytes of a frame were not valid UTF-8. Every wrong byte was replaced by U+FFFD.",
    "body-too-large": "A body that is one JSON document, or one line of JSON, was longer than the limit for a "
    "frame. It was not read further than that.",
    "error-in-answer": "The model or its provider failed, and the server sent the error as text of the answer, as if "
    "nothing had happened. The run counts as the server tells it; the detail is the error.",
    "filtered-session": "The server sent no starts of nodes, or no nodes at all: the session was made by `POST …/sessions`, "
    "whose events RAGFlow filters (all of them since v0.20.1, some since v0.25.6). Omit `session_id` in the first request "
    "and take it from the first event, and the whole tree is there.",
    "foreign-run": "A frame belonged to another run (another workflow run id or message id) than the one that "
    "this tap observes. It was not applied. Use one tap for each run; `streamkit inspect` does so by itself.",
    "frame-too-large": "A frame was longer than `max_frame_bytes` and was dropped. Reading went on at the next "
    "blank line. The detail gives its size and the limit.",
    "malformed-event": "A frame held no usable JSON object, or an object without any meaning in this dialect. "
    "The event `Malformed` carries its bytes.",
    "non-standard-json": "A frame held JSON that the standard forbids but real servers send: NaN, Infinity, or "
    "half of a surrogate pair. Such numbers are read as null, such characters as U+FFFD. A second `data:` before the "
    "JSON is passed over.",
    "not-an-event-stream": "The body had bytes, but neither a frame of an event stream nor a JSON document: an "
    "HTML page of a proxy, for example.",
    "observer-error": "streamkit itself failed while it looked at the stream. The stream was not touched; the "
    "run may be incomplete. Please report it with the recording.",
    "orphan-log": "Entries of an agent's log named a node that never came. They are not shown in the tree.",
    "replay-unknown": "After the run had ended, a replay of it named an execution that was not known. A replay "
    "creates nothing; the frame was counted only.",
    "unknown-dialect": "No dialect recognised the events of this body. They were read as Dify's; name the "
    "dialect with `--dialect` (or `Tap(name)`) if you know it.",
    "unknown-event": "The server sent an event of a kind that this version of streamkit does not know. It was "
    "kept raw as the event `Unknown`; the run is otherwise complete.",
    "unknown-status": "The server sent a status word that the protocol does not know. It is shown as `unknown`; "
    "the detail gives the word.",
    "unterminated-frame": "The body ended in the middle of a frame: the connection was cut, or the blank line "
    "after the last event is missing. By the standard such a frame is not dispatched.",
}
"""Each kind with a sentence for people."""

if set(KINDS) != set(get_args(Kind)):  # pragma: no cover - a mistake of ours, found at the first import
    raise AssertionError(set(KINDS) ^ set(get_args(Kind)))
