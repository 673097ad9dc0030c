"""`Fold`: what one run has of one body, for who reads the body by themselves."""

import json

from streamkit.fold import Fold
from streamkit.reader import Reader
from streamkit.records import Burst, Flagged
from streamkit.run import Run


def frame(event, **fields):
    return f"data: {json.dumps({'event': event, **fields})}\n\n".encode()


STARTED = frame("workflow_started", workflow_run_id="r", data={"id": "r"})
NODE = frame("node_started", workflow_run_id="r", data={"id": "e", "node_id": "n"})
PING = b"event: ping\n\n"


def test_an_event_that_changes_nothing_shows_in_the_statistics_at_once():
    reader, run = Reader("dify"), Run("dify")
    fold = Fold(run, reader)
    started, speech = reader.feed(STARTED + frame("tts_message", audio="x"))
    assert fold.fold(started)
    assert run.snapshot().stats.events == {"workflow_started": 1}
    assert fold.fold(speech)
    assert run.snapshot().stats.events == {"workflow_started": 1, "tts_message": 1}


def test_a_record_that_is_a_heartbeat_folds_to_nothing():
    reader, run = Reader("dify"), Run("dify")
    (ping,) = reader.feed(frame("ping"))
    assert not Fold(run, reader).fold(ping, at=3)
    assert (run.heartbeats, run.last_heartbeat_at, run.events, run.frames) == (1, 3, {}, 1)


def test_what_was_lost_before_a_heartbeat_is_reported():
    """A frame over the limit, then a ping as JSON: the loss belongs to no event, and is told all the same."""
    reader, run = Reader("dify", max_frame_bytes=100), Run("dify")
    fold = Fold(run, reader)
    for record in reader.feed(frame("message", answer="x" * 200) + frame("ping")):
        fold.fold(record)
    assert [(anomaly.kind, anomaly.frame) for anomaly in run.anomalies] == [("frame-too-large", None)]


def test_only_the_run_that_opens_a_body_knows_how_the_body_opened():
    """A ping before the first frame makes a stream of messages a chatflow's: of the first run, not of the second."""
    body = PING + b"".join(frame("message", message_id=m, conversation_id="c", answer="Hi") for m in "ab")
    reader = Reader("dify")
    first, second = reader.feed(body)
    runs = Run("dify"), Run("dify")
    folds = Fold(runs[0], reader), Fold(runs[1], reader, is_first=False)
    folds[0].fold(first)
    folds[1].fold(second)
    assert [run.mode for run in runs] == ["chatflow", "chat"]


def test_frames_are_numbered_in_the_run_that_they_belong_to():
    reader, run = Reader("dify"), Run("dify")
    fold = Fold(run, reader)
    _, mine = reader.feed(STARTED + frame("new_word"))
    fold.fold(mine)
    assert (run.frames, run.anomalies[0].frame) == (1, 0)


def test_what_the_reader_has_left_is_the_runs_that_closes_first():
    reader, run, other = Reader("dify"), Run("dify"), Run("dify")
    folds = Fold(run, reader), Fold(other, reader)
    for record in reader.feed(STARTED + b"data: {"):
        folds[0].fold(record)
    reader.close()
    for fold in folds:
        fold.close(at=1)
    assert (run.anomaly_counts, other.anomaly_counts) == ({"unterminated-frame": 1}, {})
    assert (run.status, run.ended_at) == ("interrupted", 1)


def test_bytes_and_heartbeats_are_counted_as_they_are_told():
    reader, run = Reader("dify"), Run("dify")
    fold = Fold(run, reader)
    fold.count(bytes=5)
    fold.count(heartbeats=2, at=7)
    assert (run.bytes, run.heartbeats, run.last_heartbeat_at) == (5, 2, 7)


def test_deltas_are_folded_at_once_where_one_was_folded_before_and_nothing_else_since():
    reader, run = Reader("dify"), Run("dify")
    fold = Fold(run, reader)
    body = b"".join(frame("message", message_id="m", answer=text) for text in "abc")
    reader.read(STARTED)
    bursts = [item for item in reader.read(body) if isinstance(item, Burst)]
    (burst,) = bursts
    assert not fold.at_once(burst.pattern, burst.texts, [1.0] * len(burst.texts))
    assert run.text == ""
    fold.deltas(burst.pattern, ["a"], [1.0], 0)
    assert fold.at_once(burst.pattern, ["b", "c"], [2.0, 3.0])
    assert (run.text, run.last_progress_at, run.events["message"]) == ("abc", 3.0, 3)
    fold.fold(Flagged(bursts[0].pattern.event, 9), 4.0)
    assert not fold.at_once(burst.pattern, ["d"], [5.0])
