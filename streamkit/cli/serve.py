"""`streamkit serve`: recordings, played as if the vendor's server were there."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from streamkit.cli import CONTEXT
from streamkit.cli.output import complain, print_text
from streamkit.cli.ready import announced
from streamkit.cli.safe import safe_line
from streamkit.errors import ReplayError

if TYPE_CHECKING:  # aiohttp takes a while to import
    from streamkit.replay import JournalEntry, ReplayServer

_SHOWN: Final = 20
"""So many recordings are listed."""
_ENDS: Final = (signal.SIGINT, signal.SIGTERM)


@click.command(context_settings=CONTEXT)
@click.argument("sources", metavar="FILE|FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen. There is no password.")
@click.option("--port", default=8378, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option(
    "--admin-port",
    type=click.IntRange(0, 65535),
    help="Where tests in other languages control it, on this machine alone. [default: none, or a free one with "
    "--ready-file]",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path),
    help='There as long as it listens: {"url": …, "admin": …, "pid": …}.',
)
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="How many times as fast as recorded; 0 is as fast as possible. A body without times is sent at once.",
)
@click.option("--chunk-size", metavar="N|random:SEED", help="Cut bodies into N bytes, or at random.")
@click.option(
    "--retime", type=click.Choice(["now"]), help="Move all times, so that each run begins when it is asked for."
)
@click.option("--fresh-ids", metavar="SEED", help="Give each run ids of its own, the same for the same seed.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help="What goes wrong; repeatable. See below.")
@click.option(
    "--strict", is_flag=True, help="At the end, exit with 1 if a request had no answer, or a recording was not played."
)
@click.option("--journal", type=click.Path(path_type=Path), help="Append one JSON line for each request to this file.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but the URL.")
def serve(
    sources: tuple[Path, ...],
    host: str,
    port: int,
    admin_port: int | None,
    ready_file: Path | None,
    quiet: bool,
    strict: bool,
    **how: Any,  # noqa: ANN401 - as `ReplayServer` has them
) -> None:
    """Play recordings on the vendors' own paths, as if their server were there.

    Which recording answers follows from the path, the key (a name or a folder of recordings), the conversation and the
    recorded request; what is left plays in order of names. Ctrl-C ends it.

    \b
    Examples:
      streamkit serve recordings/
      streamkit serve refund.skrec --speed 0 --fault cut-before=message_end,times=1
      streamkit serve v1.13/ v1.14/ --strict --journal requests.jsonl
      streamkit serve recordings/ --port 0 --ready-file ready.json &

    \b
    Faults, each with times=N (so many answers) and on=NAME (one recording):
      cut-after=BYTES           close the connection; also cut-before=PLACE
      stall-after=BYTES         send nothing more; also stall-before=PLACE, seconds=S
      reset-after=BYTES         reset the connection; also reset-before=PLACE
      status=429, html=502      an error of the vendor's, a page of a proxy
      slow-headers=SECONDS      wait before the headers
      drop=PLACE                leave a frame out; duplicate=PLACE sends it twice
      gzip, content-type=TYPE   what proxies do to streams

    A place is an event (message_end), an event of a node (node_finished:LLM), the second such one (message#2), or a
    frame counted from 0.
    """  # noqa: D301 - click looks for the character
    from streamkit.replay import ReplayServer

    if ready_file is not None:  # of a server that was killed
        ready_file.unlink(missing_ok=True)
    try:
        server = ReplayServer(sources, on_request=None if quiet else _tell, **how)
    except ReplayError as error:
        complain(str(error))
        raise click.exceptions.Exit(2) from None
    if admin_port is None and ready_file is not None:
        admin_port = 0
    try:
        asyncio.run(_run(server, host, port, admin_port, ready_file, quiet))
    except OSError as error:
        what = error.filename or f"cannot listen at {host}, port {port}"
        complain(f"{what}: {(error.strerror or str(error)).lower()}")
        raise click.exceptions.Exit(2) from None
    except ReplayError as error:
        complain(str(error))
        raise click.exceptions.Exit(2) from None
    complaints = server.complaints() if strict else []
    for line in complaints:
        complain(line)
    if complaints:
        raise click.exceptions.Exit(1)


async def _run(
    server: "ReplayServer", host: str, port: int, admin_port: int | None, ready_file: Path | None, is_quiet: bool
) -> None:
    """Serve until somebody ends it."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # on Windows, where Ctrl-C raises
        for number in _ENDS:
            loop.add_signal_handler(number, over.set)
    async with server.run(host, port, admin_port=admin_port):
        with announced(ready_file, {"url": server.url, "admin": server.admin_url, "pid": os.getpid()}):
            print_text(server.url if is_quiet else _what_there_is(server))
            await over.wait()


def _what_there_is(server: "ReplayServer") -> str:
    from streamkit.replay.trying import example_of

    examples = [example_of(take, server.library) for take in server.takes]
    width = max((len(example.key) for example in examples[:_SHOWN]), default=0)
    lines = [f"{server.url}  (Ctrl-C ends it)"]
    if server.admin_url is not None:
        lines.append(f"{server.admin_url}  for tests")
    for take, example in zip(server.takes[:_SHOWN], examples, strict=False):
        lines.append(f"  {safe_line(example.key):{width}}  {safe_line(example.path)}  {safe_line(take.kind)}")
    if len(examples) > _SHOWN:
        lines.append(f"  and {len(examples) - _SHOWN} more")
    return "\n".join([*lines, safe_line(examples[0].as_curl(server.url))] if examples else lines)


def _tell(entry: "JournalEntry") -> None:
    """Print one line for a request."""
    what = entry.unmatched or entry.recording or ""
    turn = f" turn {entry.turn}" if entry.turn > 1 else ""
    how = f" {entry.outcome}" if entry.outcome in ("cut", "left", "stopped") else ""
    figures = f"{entry.sent:,} bytes in {(entry.took or 0) * 1000:,.0f}ms"
    line = f"{entry.method} {entry.path} {entry.status or '-'} {what}{turn}{how} {figures}"
    click.echo(safe_line(line), err=True)
