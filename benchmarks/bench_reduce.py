"""Folding alone, events that are decoded already to a run: `python -m benchmarks.bench_reduce --shape loops`."""

from benchmarks.cases import Case
from benchmarks.daily import command
from streamkit import Run
from streamkit.fold import Fold
from streamkit.reader import Reader
from streamkit.records import Record


class _Folding:
    """Folds the records of a case, which are decoded once."""

    def __init__(self) -> None:
        self._case: Case | None = None
        self._reader = Reader("dify")
        self._records: list[Record] = []

    def __call__(self, case: Case) -> None:
        if case is not self._case:
            self._case, self._reader = case, Reader(case.dialect)
            self._records = [record for chunk in case.chunks for record in self._reader.feed(chunk)]
        run = Run(case.dialect)
        fold = Fold(run, self._reader)
        for at, record in enumerate(self._records):
            fold.fold(record, at)
        fold.close(at=0)
        assert run.status == "succeeded"


if __name__ == "__main__":
    command({"reduce": _Folding()}, "Measure folding: events to a run.")()
