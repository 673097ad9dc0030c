import errno
import io
import os
import stat
import sys

import pytest

from viewer.spool import BodySpool, FileSpool, KeptSpool, RecordSpool, TempSpool


@pytest.fixture(params=["temporary", "recording"])
def spool(request, tmp_path):
    made = TempSpool() if request.param == "temporary" else RecordSpool(tmp_path / "x.sse")
    yield made
    made.close()


@pytest.mark.parametrize("size", [1, 1000, 70_000])
def test_what_is_kept_is_read_from_its_place(spool, size):
    body = os.urandom(200_000)
    for start in range(0, len(body), size) if size > 1 else [0]:
        spool.append(body[start : start + size] if size > 1 else body)
    assert spool.size == len(body)
    assert spool.read(0, len(body)) == body
    assert spool.read(199_990, 100) == body[-10:]
    assert spool.read(300_000, 5) == b""
    spool.append(b"more")
    assert spool.read(len(body), 10) == b"more"


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_body_of_a_file_is_read_from_it_or_from_what_was_unpacked(tmp_path, is_packed):
    path = tmp_path / "x"
    path.write_bytes(b"PACKED" if is_packed else b"whole body")
    spool = BodySpool(path)
    if is_packed:
        spool.unpack()
    for piece in (b"whole", b" body"):
        spool.append(piece)
    assert (spool.size, spool.problem) == (10, None)
    assert spool.read(6, 100) == b"body"
    spool.close()
    assert (spool.size, spool.read(0, 5)) == (0, b"")
    assert path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_a_temporary_file_is_its_owners_alone(spool):
    assert stat.S_IMODE(os.fstat(spool._file.fileno()).st_mode) == 0o600


def test_a_temporary_file_is_gone_after_close(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    spool = TempSpool()
    spool.append(b"secret" * 50_000)
    spool.close()
    assert list(tmp_path.iterdir()) == []
    assert spool.size == 0
    assert spool.read(0, 10) == b""


def test_a_recording_stays_and_is_not_overwritten(tmp_path):
    spool = RecordSpool(tmp_path / "x.sse")
    spool.append(b"data: {}\n\n")
    spool.close()
    assert (tmp_path / "x.sse").read_bytes() == b"data: {}\n\n"
    with pytest.raises(FileExistsError):
        RecordSpool(tmp_path / "x.sse")


class FullDisk(io.BytesIO):
    """Has room for so many bytes."""

    room = 100_000

    def write(self, data):
        if self.tell() >= self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data[: self.room - self.tell()])


def test_a_full_disk_keeps_what_it_has_room_for():
    spool = KeptSpool(FullDisk())
    for _ in range(5):
        spool.append(b"x" * 70_000)
    assert spool.problem == "no space left on device"
    assert spool.size == 100_000
    assert len(spool.read(0, 200_000)) == 100_000
    spool.close()


def test_a_file_is_read_as_far_as_it_was_taken(tmp_path):
    path = tmp_path / "x.sse"
    path.write_bytes(b"0123456789")
    spool = FileSpool(path)
    spool.append(b"0123")
    assert (spool.size, spool.read(2, 10), spool.read(4, 1)) == (4, b"23", b"")
    spool.close()
    assert (spool.size, spool.read(0, 4)) == (0, b"")


def test_a_file_that_is_gone_is_a_problem_and_no_error(tmp_path):
    spool = FileSpool(tmp_path / "x.sse")
    spool.append(b"0123")
    assert spool.read(0, 4) == b""
    assert spool.problem == "no such file or directory"
