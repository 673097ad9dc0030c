"""A body, read by who keeps its bytes: each event with where its frame begins, those of token streams in bursts.

`Reader.feed` tells where each frame begins, and decodes each by itself. `Reader.read` decodes deltas by the hundred, and
does not tell where they were. Here frames are found as `feed` does, and deltas decoded as `read` does.
"""

from collections import deque
from collections.abc import Sequence

from streamkit.dialects.base import Dialect
from streamkit.frames import Frame
from streamkit.reader import Reader
from streamkit.records import PlacedBurst, Record


class PlacingReader(Reader):
    """A reader that can tell of bursts where their frames begin."""

    __slots__ = ()

    def place(self, chunk: bytes) -> Sequence[Record | PlacedBurst]:
        """Read as `feed` does, for who folds deltas by the hundred.

        Returns:
            The events that are complete, in order: each with what it was made of, or in bursts.

        Raises:
            RuntimeError: the reader was closed.
        """
        parser, known = self._parser, self.dialect
        if parser is None or known is None or self._closed:
            return self.feed(chunk)
        frames = parser.feed(chunk)
        self.heartbeats = parser.heartbeats
        if parser.dropped or self.troubles:
            return self._take_all(frames, deque(parser.take_dropped()))
        return self._placed(known, frames)

    def _placed(self, known: Dialect, frames: list[Frame]) -> list[Record | PlacedBurst]:
        found: list[Record | PlacedBurst] = []
        alike: list[Frame] = []  # that fit the pattern, one after the other
        middles: list[bytes] = []
        for frame in frames:
            data, pattern = bytes(frame.data), self._pattern
            if pattern is not None:
                rest = data.removeprefix(pattern.start)
                middle = rest.removesuffix(pattern.end)
                if rest is not data and middle is not rest:
                    alike.append(frame)
                    middles.append(middle)
                    continue
            if middles:
                found += self._burst_at(alike, middles)
                alike, middles = [], []
            self._alone(known, frame, data, found)
        if middles:
            found += self._burst_at(alike, middles)
        return found

    def _burst_at(self, frames: list[Frame], middles: list[bytes]) -> Sequence[Record | PlacedBurst]:
        """Decode frames that begin and end as the pattern says."""
        texts = self._pattern.texts(middles) if self._pattern is not None else None
        if self._pattern is None or texts is None:
            return self._take_all(frames, deque())
        return [PlacedBurst(self._pattern, texts, [frame.offset for frame in frames])]

    def _alone(self, known: Dialect, frame: Frame, data: bytes, found: list[Record | PlacedBurst]) -> None:
        """Decode a frame that no pattern fits, and learn one from it if it is a delta."""
        records: list[Record] = []
        self._take(frame.number, frame.offset, data, records)
        (record,) = records
        found.append(record)
        delta = known.deltas.get(type(record.event))
        if delta is not None and not record.notes:
            self._learn(known, data, record.event, delta, frame.number + 1)
