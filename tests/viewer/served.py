"""What the tests of the browser's viewer share: a server that runs as a process of its own."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Served(NamedTuple):
    """A server that can be asked."""

    url: str
    process: asyncio.subprocess.Process


@contextlib.asynccontextmanager
async def served(*arguments: str | Path) -> AsyncIterator[Served]:
    """Run `streamkit view --web` at a port that is free."""
    words = [sys.executable, "-m", "streamkit", "view", "--web", "--port", "0", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE, env=environment)
    try:
        assert process.stdout is not None
        yield Served((await process.stdout.readline()).decode().split()[0], process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
