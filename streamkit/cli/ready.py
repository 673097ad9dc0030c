"""A file that says where a server listens, for scripts that start one on a free port."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec


@contextlib.contextmanager
def announced(path: Path | None, told: object) -> Iterator[None]:
    """Keep a file as long as a server listens; whoever sees it sees all of it.

    Args:
        path: of the file; None for none.
        told: what stands in it, as JSON.

    Raises:
        OSError: it cannot be written.
    """
    if path is None:
        yield
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(msgspec.json.encode(told) + b"\n")
        beside.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None  # the name that was given
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
