"""`streamkit proxy`: stand between any client and its server, pass everything on, and know the runs."""

import logging
import os
import signal
import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from streamkit.cli import CONTEXT, options
from streamkit.cli.amounts import address, duration, origin, size
from streamkit.cli.output import complain, is_screen
from streamkit.cli.ready import announced
from streamkit.cli.render.figures import counted
from streamkit.cli.tokens import ENVIRONMENT, admin_token
from streamkit.errors import BadWhere
from streamkit.where import Where, parse

if TYPE_CHECKING:
    from streamkit.gateway.server import Address
    from streamkit.gateway.service import Plan, Service
    from viewer.sources import Source

_LINES: Final = 10_000
"""So many lines of the log wait for a reader that is slow."""


def _keep(_: click.Context, __: click.Parameter, text: str | None) -> Where | None:
    try:
        return parse(text) if text else None
    except BadWhere as error:
        raise click.BadParameter(str(error)) from None


def _apps(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    apps = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise click.BadParameter(f"{text!r} is not NAME=FINGERPRINT or NAME=ID")
        apps[value] = name
    return apps


@click.command(context_settings=CONTEXT)
@click.option(
    "--upstream", callback=origin, required=True, metavar="URL", help="The server: its origin, without a path."
)
@click.option("--listen", callback=address, default="127.0.0.1:8400", show_default=True, metavar="HOST:PORT")
@click.option("--reuse-port", is_flag=True, help="Let several processes listen on the same port.")
@click.option(
    "--allow-path", "allow_paths", multiple=True, metavar="PATTERN", help="Serve these paths alone, like '/v1/*'."
)
@click.option("--keep-host", is_flag=True, help="Tell the server the host that the client asked for, not its own.")
@click.option(
    "--app",
    "apps",
    multiple=True,
    callback=_apps,
    metavar="NAME=ID",
    help="What an app is called, by the fingerprint of its key (12 digits, as in the log) or the id in its path.",
)
@click.option("--ask-names", is_flag=True, help="Ask Dify once for the name of each app, with the client's key.")
@click.option(
    "--on-client-gone",
    type=click.Choice(["drain", "stop", "close"]),
    default="drain",
    show_default=True,
    help="A client leaves in the middle of a run: read it to its end, have it stopped by the vendor, or let it go.",
)
@click.option(
    "--drain-time",
    callback=duration,
    metavar="TIME",
    default="10m",
    show_default=True,
    help="How long one run is drained.",
)
@click.option(
    "--drain-size", callback=size, metavar="SIZE", default="64MB", show_default=True, help="How much of one run."
)
@click.option(
    "--drain-count", type=click.IntRange(min=0), default=1000, show_default=True, help="How many runs at a time."
)
@click.option("--log", default="-", show_default=True, metavar="FILE|-", help="Where a JSON line for each body goes.")
@click.option(
    "--admin", callback=address, metavar="HOST:PORT", help="Tell those who run this of runs and figures there."
)
@click.option(
    "--admin-token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"What --admin asks for.  [env: {ENVIRONMENT}]",
)
@click.option("--admin-content", is_flag=True, help="Let --admin show what was said in runs, too.")
@click.option("--record", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Record runs there.")
@click.option(
    "--keep", callback=_keep, metavar="FILTER", help="Keep only what matches, like 'status!=succeeded or dur>30s'."
)
@click.option("--sample", type=click.FloatRange(0, 1), default=0.0, help="Keep this part of the others, too.")
@click.option(
    "--max-size",
    callback=size,
    metavar="SIZE",
    default="10GB",
    show_default=True,
    help="Of all recordings; the oldest go.",
)
@click.option("--max-age", callback=duration, metavar="TIME", default="30d", show_default=True, help="Of a recording.")
@click.option(
    "--grace",
    callback=duration,
    metavar="TIME",
    default="30s",
    show_default=True,
    help="How long streams may go on after SIGTERM.",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='There as long as it listens: {"url": …, "admin": …, "pid": …}.',
)
@click.option("--view", is_flag=True, help="Show the runs in the viewer, all in this process.")
@options.dialect
def proxy(
    upstream: Any,  # noqa: ANN401 - a yarl.URL, which is not loaded for --help
    view: bool,
    log: str,
    admin_token_file: Path | None,
    ready_file: Path | None,
    **how: Any,  # noqa: ANN401 - as `_plan` has them
) -> None:
    """Stand between any client and a Dify or RAGFlow server, studio included: pass everything on, and know the runs.

    Nothing is changed for either side. Each body of a run that ended is one line of JSON: its tokens and cost, why it
    ended, how long it took; never what was said. SIGTERM lets streams end.

    \b
    Examples:
      streamkit proxy --upstream https://dify.example
      streamkit proxy --upstream https://dify.example --view
      streamkit proxy --upstream http://10.0.0.5 --listen 0.0.0.0:8400 --allow-path '/v1/*'
      streamkit proxy --upstream … --record runs/ --keep 'status!=succeeded or dur>30s' --sample 0.01
      streamkit proxy --upstream … --admin 127.0.0.1:8401
    """  # noqa: D301 - click looks for the character
    if admin_token_file is not None and how["admin"] is None:
        raise click.UsageError("--admin-token-file is the token of --admin, which is missing")
    if how["admin_content"] and how["admin"] is None:
        raise click.UsageError("--admin-content is told by --admin, which is missing")
    token = admin_token(admin_token_file) if how["admin"] is not None else ""
    plan = _plan(upstream, token=token, **how)
    if not view:
        raise click.exceptions.Exit(serve(plan, log, ready_file))
    if not is_screen():
        raise click.UsageError("--view needs a terminal")
    raise click.exceptions.Exit(_show(replace(plan, shows_content=True), None if log == "-" else log))


def _show(plan: "Plan", log: str | None) -> int:
    """Run a proxy with the viewer before it, until somebody quits; without a file its log goes nowhere."""
    from streamkit.cli.view import show

    with ExitStack() as stack:
        lines = stack.enter_context(Log(log)) if log is not None else None

        def source() -> "list[Source]":
            from viewer.proxied import ProxySource

            return [ProxySource(plan, write_line=lines.write if lines is not None else None)]

        return show((), dialect=plan.settings.dialect, more=source)


def serve(plan: "Plan", log: str, ready_file: Path | None = None) -> int:
    """Run a proxy until a signal ends it, and return the exit code."""
    import anyio

    from streamkit.gateway.service import Service

    logging.basicConfig(format="streamkit: %(message)s", level=logging.WARNING, stream=sys.stderr)
    with Log(log) as lines:
        service = Service(plan, write_line=lines.write, lost_lines=lambda: lines.lost, say=complain)
        error = anyio.run(_until_signal, service, plan, ready_file)
    if error is None:
        return 0
    file = f"{error.filename}: " if error.filename else ""
    complain(f"{file}{(error.strerror or str(error)).lower()}")
    return 2


async def _until_signal(service: "Service", plan: "Plan", ready_file: Path | None) -> OSError | None:
    """Run it until a signal ends it; return why it cannot run, if it cannot: a task group would wrap it."""
    import anyio

    with ExitStack() as stack:

        def told(front: "Address", back: "Address | None") -> None:
            urls = {"url": f"http://{front}", "admin": f"http://{back}" if back is not None else None}
            beside = f"; --admin is {urls['admin']}" if back is not None else ""
            stack.enter_context(announced(ready_file, {**urls, "pid": os.getpid()}))
            complain(f"{urls['url']} passes on to {plan.settings.upstream}{beside}  (Ctrl-C ends it)")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_listen_to_signals, service)
            try:
                await service.run(told)
            except OSError as error:
                return error
            finally:
                tasks.cancel_scope.cancel()
    return None


async def _listen_to_signals(service: "Service") -> None:
    """Go down at the first signal, and at the second without waiting for streams."""
    import anyio

    if sys.platform == "win32":  # there Ctrl-C raises
        return
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            if service.stopping.is_set():
                service.hurry.set()
            service.stopping.set()


class Log:
    """Where lines go: a file, or standard output. Who reads it slowly loses lines, and no stream waits."""

    def __init__(self, name: str) -> None:
        """Open it.

        Args:
            name: of a file that is appended to; "-" is standard output.

        Raises:
            click.BadParameter: the file cannot be opened.
        """
        from streamkit.gateway.background import Background

        try:
            self._file = sys.stdout.buffer if name == "-" else Path(name).open("ab")  # noqa: SIM115 - closed on exit
        except OSError as error:
            raise click.BadParameter(f"{name}: {(error.strerror or str(error)).lower()}") from None
        self._background = Background("streamkit-log", limit=_LINES)
        self.lost = 0
        """Lines that were not written: who reads is too slow, or gone, or the disk is full."""

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        self._background.close(5.0)
        if self._file is not sys.stdout.buffer:
            with suppress(OSError):  # a disk that is full is so for the rest of a line as well
                self._file.close()
        if self.lost:
            complain(f"lost {counted(self.lost, 'line')} of the log")

    def write(self, line: bytes) -> None:
        """Have a line written."""
        if not self._background.submit(lambda: self._write(line)):
            self.lost += 1

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
            self._file.flush()
        except (OSError, ValueError):  # nobody reads it any more
            self.lost += 1


def _plan(
    upstream: Any,  # noqa: ANN401 - see `proxy`
    *,
    listen: tuple[str, int],
    admin: tuple[str, int] | None,
    token: str,
    record: Path | None,
    keep: Where | None,
    sample: float,
    max_size: int,
    max_age: float,
    **how: Any,  # noqa: ANN401 - see `proxy`
) -> "Plan":
    from streamkit.gateway.server import Address
    from streamkit.gateway.service import Plan, Recording
    from streamkit.gateway.settings import Drain, Settings

    settings = Settings(
        upstream=upstream,
        dialect=how["dialect"],
        on_client_gone=how["on_client_gone"],
        drain=Drain(seconds=how["drain_time"], bytes=how["drain_size"], count=how["drain_count"]),
        allow_paths=how["allow_paths"],
        keep_host=how["keep_host"],
        apps=how["apps"],
        asks_for_names=how["ask_names"],
    )
    plan = Plan(
        settings=settings,
        listen=Address(*listen),
        reuse_port=how["reuse_port"],
        admin=Address(*admin) if admin is not None else None,
        token=token,
        shows_content=how["admin_content"],
        grace=how["grace"],
    )
    if record is None:
        if keep is not None or sample:
            raise click.UsageError("--keep and --sample choose among what --record records, which is missing")
        return plan
    recording = Recording(folder=record, keep=keep, sample=sample, max_bytes=max_size, max_seconds=max_age)
    return replace(plan, record=recording)
