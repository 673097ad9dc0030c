"""Frames of zstd: `zstd` reads them, each alone, and where they stand is found with and without a table."""

import io
import random
import shutil
import subprocess
import sys

import pytest

from streamkit.errors import RecordingError
from streamkit.recording import zstd

CHANCE = random.Random(1)  # noqa: S311 - the same in every run
LINES = [b'[%d.5,"m","%s"]\n' % (number, CHANCE.randbytes(200).hex().encode()) for number in range(2000)]
PLAIN = b"".join(LINES)


@pytest.fixture
def packed():
    file = io.BytesIO()
    writer = zstd.FrameWriter(file, "x")
    for line in LINES:
        writer.write(line)
    writer.close()
    return file.getvalue()


@pytest.fixture
def on_disk(tmp_path):
    """Open some bytes as a file."""
    files = []

    def open_file(data):
        path = tmp_path / f"{len(files)}.zst"
        path.write_bytes(data)
        files.append(path.open("rb"))
        return files[-1]

    yield open_file
    for file in files:
        file.close()


def decompressed(pieces):
    """What a file gives that comes in pieces."""
    frames = zstd.Decompressor("x")
    for piece in pieces:
        yield from frames.feed(piece)


def cut(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_what_was_packed_comes_out_however_the_file_is_cut(packed, size):
    assert 3 * 256 * 1024 < len(PLAIN) < 4 * 256 * 1024
    assert b"".join(decompressed(cut(packed, size))) == PLAIN


@pytest.mark.skipif(shutil.which("zstdcat") is None, reason="needs the zstd program")
def test_zstdcat_reads_it(packed):
    assert subprocess.run([shutil.which("zstdcat")], input=packed, capture_output=True, check=True).stdout == PLAIN


def test_every_frame_stands_alone_and_begins_with_a_line(packed, on_disk):
    offsets = zstd.frame_offsets(on_disk(packed), "x")
    assert len(offsets) == 4
    for offset, end in zip(offsets, [*offsets[1:], len(packed)], strict=True):
        alone = b"".join(decompressed([packed[offset:end]]))
        assert alone.splitlines(keepends=True)[0] in LINES
        assert len(alone) < 257 * 1024


def test_frames_are_found_without_a_table(packed, on_disk):
    offsets = zstd.frame_offsets(on_disk(packed), "x")
    table = 8 + len(offsets) * 8 + 9
    without, half_of_it, half_a_frame = packed[:-table], packed[:-5], packed[: -table - 10_000]
    for data in (without, half_of_it, half_a_frame):
        assert zstd.frame_offsets(on_disk(data), "x") == offsets


def test_a_table_that_does_not_fit_is_not_believed(packed, on_disk):
    offsets = zstd.frame_offsets(on_disk(packed), "x")
    assert zstd.frame_offsets(on_disk(packed + packed), "x") == offsets + [len(packed) + offset for offset in offsets]


def test_a_table_of_another_writer_with_checksums_is_read(on_disk):
    frames = [zstd.codec("x").compress(line) for line in LINES[:3]]
    rows = b"".join(len(frame).to_bytes(4, "little") + bytes(8) for frame in frames)
    footer = (3).to_bytes(4, "little") + b"\x80" + (0x8F92EAB1).to_bytes(4, "little")
    table = b"\x5e\x2a\x4d\x18" + len(rows + footer).to_bytes(4, "little") + rows + footer
    assert zstd.frame_offsets(on_disk(b"".join(frames) + table), "x") == [
        0,
        len(frames[0]),
        len(frames[0] + frames[1]),
    ]


def test_what_was_flushed_is_there_before_the_frame_ends():
    file = io.BytesIO()
    writer = zstd.FrameWriter(file, "x")
    for line in LINES[:5]:
        writer.write(line)
        writer.flush()
    assert b"".join(decompressed([file.getvalue()])) == b"".join(LINES[:5])


def test_a_file_that_was_cut_off_is_read_to_its_last_block(packed):
    read = b"".join(decompressed([packed[:-20_000]]))
    assert PLAIN.startswith(read)
    assert len(read) > len(PLAIN) / 2


def test_few_bytes_that_expand_to_many_come_in_pieces():
    bomb = zstd.codec("x").compress(bytes(64 * 1024 * 1024))
    assert len(bomb) < 10_000
    assert max(map(len, decompressed([bomb]))) <= 1024 * 1024


@pytest.mark.parametrize("at", [10, 5000])
def test_a_damaged_file_says_so(packed, at):
    damaged = packed[:at] + bytes(200) + packed[at + 200 :]
    with pytest.raises(RecordingError, match=r"^x: is damaged, or no zstd file$"):
        list(decompressed([damaged]))


def test_a_missing_library_names_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "compression", None)
    monkeypatch.setitem(sys.modules, "backports", None)
    with pytest.raises(RecordingError) as raised:
        zstd.codec("x.skrec.zst")
    assert str(raised.value) == "x.skrec.zst: needs an extra: pip install 'chatflow-streamkit[zstd]'"
