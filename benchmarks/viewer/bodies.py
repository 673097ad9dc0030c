"""One long run, as a server would write it: made in code, and kept in files that processes share."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.shapes import frame
from benchmarks.wire import EPOCH, Dify, Json, compact

_CONTAINER: Final = "per document"


class LongRun:
    """A run that does not end: an iteration of many rounds, in each a node, and a model that says something."""

    def __init__(self, seed: int = 40) -> None:
        self._app = Dify(seed, chat=False)
        self._rounds = 0

    def opening(self, rounds: int) -> Iterator[bytes]:
        """Frames until the first round."""
        app = self._app
        more = {"metadata": {"iteration_length": rounds}, "inputs": {}, "inputs_truncated": False, "extras": {}}
        yield from _frames([app.workflow_started(), *app.ran("start", "start", {}, {})])
        yield from _frames([app.container("iteration_started", _CONTAINER, "iteration", created_at=EPOCH, **more)])

    def rounds(self, says: int = 1) -> Iterator[bytes]:
        """Frames of one round after the other, for ever: two executions in each, and 5 events beside what is said."""
        while True:
            yield from _frames(self._round(self._rounds, says))
            self._rounds += 1

    def _round(self, index: int, says: int) -> Iterator[Json]:
        app, model = self._app, self._app.id()
        metadata = {"iteration_id": _CONTAINER, "iteration_index": index}
        yield app.container("iteration_next", _CONTAINER, "iteration", index=index, created_at=EPOCH, extras={})
        item, result = {"item": index}, {"result": app.prose(40)}
        yield from app.ran("fetch", "code", item, result, iteration_id=_CONTAINER, metadata=metadata)
        yield app.started(model, "summarise", "llm", iteration_id=_CONTAINER)
        said = app.tokens(says)
        for token in said:
            yield app.text_chunk(token, "summarise")
        spent = {"total_tokens": 1000 + says, "total_price": "0.0040000", "currency": "USD"}
        text, told = {"text": "".join(said)}, metadata | spent
        yield app.finished(model, "summarise", "llm", item, text, iteration_id=_CONTAINER, metadata=told)


def huge_payload(size: int) -> bytes:
    """A run of one execution whose outputs are so many bytes of JSON."""
    app = Dify(41, chat=False)
    ran = app.ran("find", "knowledge-retrieval", {}, {"result": app.documents(size)})
    return b"".join(_frames([app.workflow_started(), *ran, app.workflow_finished({})]))


def body(folder: Path, executions: int) -> Path:
    """Return a file with a run of so many executions and three times as many events; a folder has it once."""
    path, run, rounds = folder / f"{executions}.sse", LongRun(), executions // 2
    if not path.exists():
        with path.open("wb") as file:
            file.writelines(run.opening(rounds))
            file.writelines(islice(run.rounds(), rounds * 6))
    return path


def _frames(told: Iterable[Json]) -> Iterator[bytes]:
    return (frame(compact(each)).wire for each in told)
