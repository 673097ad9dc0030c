"""`streamkit view`: runs in the terminal viewer, live or recorded."""

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from streamkit.cli import CONTEXT, options
from streamkit.cli.body import BODIES
from streamkit.cli.output import can_show, complain, is_in_browser, is_screen, print_text, wants_colour
from streamkit.cli.render.look import UNICODE
from streamkit.cli.tokens import ENVIRONMENT, admin_token
from streamkit.errors import BadWhere, RecordingError
from streamkit.where import parse

if TYPE_CHECKING:
    from viewer.sources import Source

_FPS: Final = "120"
"""How often Textual looks whether to paint: with its own 60, a key waits up to 17 ms for that alone."""
_RARELY: Final = 20_000
"""New objects between two collections of garbage: with Python's own 700, to look through what is imported takes a tenth
of the time to the first frame."""
_FPS_AFAR: Final = "30"
"""The same over a network."""
_DRAWN: Final = "".join(UNICODE.marks.values()) + UNICODE.branch
_EXPECTED: Final = (*BODIES, ".txt")


def _filter(_: click.Context, __: click.Parameter, text: str) -> str:
    try:
        parse(text) if text else None
    except BadWhere as error:
        raise click.BadParameter(str(error)) from None
    return text


@click.command(context_settings=CONTEXT)
@click.argument("sources", metavar="FILE|FOLDER|URL...|-", nargs=-1, required=True, type=click.Path(path_type=str))
@click.option("--follow", is_flag=True, help="Wait for more of the files, as they grow.")
@click.option("--play", is_flag=True, help="Begin at the beginning, and play the run as it happened.")
@click.option("--speed", type=click.FloatRange(0.125, 8192), help="How fast to play.  [default: 1.0]")
@click.option(
    "--where", "wanted", default="", callback=_filter, metavar="FILTER", help="Show only executions that match."
)
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    help="Keep what standard input gives in this file: a .skrec or .skrec.zst has its times, too, and no secrets.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"What the admin listener of a proxy asks for.  [env: {ENVIRONMENT}]",
)
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII alone.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keys and settings, in place of the user's own viewer.toml.",
)
@options.dialect
@click.option("--web", is_flag=True, help="Show it in a browser on this machine: each tab has a viewer of its own.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where --web listens.")
@click.option("--port", default=8377, show_default=True, type=click.IntRange(0, 65535), help="The port of --web.")
@click.option(
    "--let-anyone-in",
    is_flag=True,
    help="Allow a --host that others can reach: they see the runs and can write exports. There is no password.",
)
@click.pass_context
def view(
    ctx: click.Context,
    /,
    sources: tuple[str, ...],
    web: bool,
    host: str,
    port: int,
    let_anyone_in: bool,
    **how: Any,  # noqa: ANN401 - as `show` has them
) -> None:
    """Look at runs while they happen, or as they happened: tree, waterfall, tokens, forms.

    A folder shows every run in it, and those that come; a URL, those that pass the proxy whose admin listener it is.
    Without a terminal this prints what `inspect` prints.

    \b
    Examples:
      streamkit view x.sse
      streamkit view recordings/
      streamkit view --play --speed 4 x.skrec
      curl -N … | streamkit view - --record x.skrec
      streamkit view --where 'status:failed' x.sse
      streamkit view --web recordings/
      streamkit view http://127.0.0.1:8401,http://127.0.0.1:8501

    Press ? for the keys.
    """  # noqa: D301 - click looks for the character
    sources = tuple(part for source in sources for part in (source.split(",") if is_url(source) else [source]))
    if not (web or is_screen() or is_in_browser()):
        if any(map(is_url, sources)):
            raise click.UsageError("a proxy is looked at in a terminal; in a pipe, ask its admin listener for /runs")
        if how["record"] is not None:
            raise click.UsageError("--record needs a terminal; in a pipe `tee` does the same")
        from streamkit.cli.inspect import inspect

        ctx.invoke(inspect, sources=tuple(_files(sources)), dialect=how["dialect"])
        return
    if "-" in sources and sys.stdin is not None and sys.stdin.isatty():  # the viewer reads keys there
        raise click.UsageError("nothing is piped into it, as in `curl -N … | streamkit view -`")
    for source in sources:
        if source != "-" and not is_url(source) and not how["follow"] and not Path(source).exists():
            raise click.BadParameter(f"{source}: no such file or folder")
    raise click.exceptions.Exit(
        _serve(sources, how, host, port, let_anyone_in=let_anyone_in) if web else show(sources, **how)
    )


def show(
    sources: tuple[str, ...],
    *,
    dialect: str = "auto",
    follow: bool = False,
    record: Path | None = None,
    play: bool = False,
    speed: float | None = None,
    wanted: str = "",
    ascii_only: bool = False,
    config: Path | None = None,
    hello: str = "",
    token_file: Path | None = None,
    more: Callable[[], Sequence["Source"]] = tuple,
) -> int:
    """Open the viewer, and return its exit code; tell what to install where it is missing.

    `hello` is said in it until the first key, and `more` makes sources that have no name; all else is as the options
    have it.
    """
    if not is_installed():
        return 2
    from viewer import main
    from viewer.settings import BadSettings, load

    token = admin_token(token_file) if any(map(is_url, sources)) else ""
    try:
        settings = load(config)
        found = [*main.sources_of(sources, follow=follow, record=record, token=token), *more()]
    except OSError as error:
        complain(f"{error.filename}: {(error.strerror or str(error)).lower()}")
        return 2
    except (BadSettings, RecordingError) as error:
        complain(str(error))
        return 2
    return main.run(
        found,
        dialect=dialect,
        ascii_only=ascii_only or settings.ascii or not (is_in_browser() or can_show(_DRAWN)),
        colour=wants_colour(),
        play=play,
        speed=settings.speed if speed is None else speed,
        filter=wanted,
        theme=settings.theme,
        keys=settings.keys,
        folder=settings.folder,
        hello=hello,
    )


def is_installed() -> bool:
    """Whether there is a viewer; say what to install where it is missing."""
    gc.set_threshold(_RARELY)
    os.environ.setdefault("TEXTUAL_FPS", _FPS_AFAR if "SSH_CONNECTION" in os.environ else _FPS)  # read when imported
    try:
        import textual  # noqa: F401 - the extra
    except ImportError:
        complain(f"the viewer is not installed: {options.INSTALL}")
        return False
    return True


def _serve(sources: tuple[str, ...], how: Mapping[str, Any], host: str, port: int, *, let_anyone_in: bool) -> int:
    """Show it in a browser, until somebody ends that; return the exit code."""
    if "-" in sources:
        complain("a browser cannot show standard input, as each tab reads anew: keep it in a file, and --follow that")
        return 2
    try:
        from viewer.browser import is_loopback, serve
        from viewer.settings import BadSettings, load
    except ImportError:
        complain(f"the viewer for browsers is not installed: {options.INSTALL_WEB}")
        return 2
    if not (is_loopback(host) or let_anyone_in):
        complain(f"whoever reaches {host} sees the runs and can write exports: --let-anyone-in, if that is meant")
        return 2
    try:
        load(how["config"])
        return serve(_arguments(sources, how), host, port, lambda url: print_text(f"{url}  (Ctrl-C ends it)"))
    except BadSettings as error:
        complain(str(error))
    except OSError as error:
        complain(f"cannot listen at {host}, port {port}: {(error.strerror or str(error)).lower()}")
    return 2


def _arguments(sources: tuple[str, ...], how: Mapping[str, Any]) -> list[str]:
    """Return the arguments with which a viewer shows the same."""
    words: list[str] = []
    for parameter in view.params:
        value = how.get(parameter.name or "")
        if value is True:
            words.append(parameter.opts[0])
        elif value:
            words.append(f"{parameter.opts[0]}={value}")
    return [*words, "--", *sources]


def is_url(source: str) -> bool:
    """Whether a source is a proxy's admin listener."""
    return source.startswith(("http://", "https://"))


def _files(sources: tuple[str, ...]) -> list[str]:
    """Return the sources with the files of folders in their place."""
    found: list[str] = []
    for source in sources:
        path = Path(source)
        inside = path.rglob("*") if source != "-" and path.is_dir() else ()
        found += sorted(str(file) for file in inside if file.name.endswith(_EXPECTED)) or [source]
    return found
