"""The keys, in one table: `?` shows it, the command palette and `:` have the same names, a user's file changes it by id."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

Group = Literal["move", "fold", "find", "show", "time", "panes", "run", "out", "viewer"]


class Command(NamedTuple):
    """Something that a key does."""

    id: str
    """What it is called behind `:` and in a keymap of the user's."""
    keys: str
    """Textual's names of the keys, parted by commas."""
    help: str
    group: Group


COMMANDS: Final = (
    Command("down", "j,down", "next row", "move"),
    Command("up", "k,up", "previous row", "move"),
    Command("top", "g,home", "first row", "move"),
    Command("bottom", "G,end", "last row", "move"),
    Command("half-down", "ctrl+d", "half a page down", "move"),
    Command("half-up", "ctrl+u", "half a page up", "move"),
    Command("page-down", "ctrl+f,pagedown", "a page down", "move"),
    Command("page-up", "ctrl+b,pageup", "a page up", "move"),
    Command("parent", "circumflex_accent", "what holds this row", "move"),
    Command("fold", "h,left", "fold, or go to what holds this row", "fold"),
    Command("unfold", "l,right", "open, or go inside", "fold"),
    Command("toggle", "z", "fold or open", "fold"),
    Command("fold-all", "M", "fold all", "fold"),
    Command("unfold-all", "O", "open all", "fold"),
    Command("unfold-below", "asterisk", "open all below this row", "fold"),
    Command("search", "slash", "search in names and errors", "find"),
    Command("search-next", "n", "next hit", "find"),
    Command("search-previous", "N", "previous hit", "find"),
    Command("filter", "f", "show only what matches, as status:failed dur>2s", "find"),
    Command("next-error", "e", "next error", "find"),
    Command("previous-error", "E", "previous error", "find"),
    Command("next-running", "r", "next that runs", "find"),
    Command("detail", "enter", "look at this row's detail", "show"),
    Command("inputs", "i", "inputs", "show"),
    Command("outputs", "o", "outputs", "show"),
    Command("process", "p", "process data", "show"),
    Command("error", "exclamation_mark", "the error", "show"),
    Command("text", "t", "text and thinking", "show"),
    Command("meta", "m", "metadata", "show"),
    Command("events", "v", "raw events", "show"),
    Command("detail-down", "J", "scroll the detail down", "show"),
    Command("detail-up", "K", "scroll the detail up", "show"),
    Command("sort", "s", "sort", "show"),
    Command("view", "w", "tree, by start, slowest first, most tokens, errors", "show"),
    Command("groups", "W", "figures by node, by model", "show"),
    Command("logical", "L", "hide the plumbing: start, if-else, assigner, template", "show"),
    Command("critical", "c", "the critical path", "show"),
    Command("tokens", "T", "tokens by node, model, round", "show"),
    Command("money", "dollar_sign", "tokens or cost", "show"),
    Command("axis-node", "equals_sign", "time axis to this row", "show"),
    Command("axis-all", "minus", "time axis to the whole run", "show"),
    Command("follow", "F", "follow what happens", "time"),
    Command("pause", "space", "pause or play", "time"),
    Command("step", "full_stop", "one event on", "time"),
    Command("step-back", "comma", "one event back", "time"),
    Command("edge", "right_square_bracket", "next start, end or error", "time"),
    Command("edge-back", "left_square_bracket", "previous start, end or error", "time"),
    Command("forward", "greater_than_sign", "5 seconds on", "time"),
    Command("back", "less_than_sign", "5 seconds back", "time"),
    Command("beginning", "0", "to the beginning", "time"),
    Command("live", "apostrophe", "to the end: live", "time"),
    Command("faster", "right_parenthesis", "twice as fast", "time"),
    Command("slower", "left_parenthesis", "half as fast", "time"),
    Command("runs", "1", "runs", "panes"),
    Command("tree", "2", "tree", "panes"),
    Command("pane-detail", "3", "detail", "panes"),
    Command("pane-tokens", "4", "tokens", "panes"),
    Command("notes", "5", "notes", "panes"),
    Command("scrub", "6", "time", "panes"),
    Command("next-pane", "tab", "next pane", "panes"),
    Command("previous-pane", "shift+tab", "previous pane", "panes"),
    Command("zoom", "plus", "this pane alone, or not", "panes"),
    Command("answer", "a", "answer the form that waits", "run"),
    Command("stop", "X", "stop the run on the server", "run"),
    Command("rerun", "R", "run the same again, and compare", "run"),
    Command("rerun-with", "ctrl+r", "run again with other inputs", "run"),
    Command("next-run", "right_curly_bracket", "next run", "run"),
    Command("previous-run", "left_curly_bracket", "previous run", "run"),
    Command("mark", "B", "mark this run, for a comparison", "run"),
    Command("diff", "d", "compare with the marked run", "run"),
    Command("yank", "y", "copy: id, JSON, path, curl", "out"),
    Command("export", "x", "export: JSON, SVG, Markdown", "out"),
    Command("screenshot", "S", "screenshot as SVG", "out"),
    Command("command", "colon", "a command by its name", "viewer"),
    Command("help", "question_mark", "these keys", "viewer"),
    Command("cancel", "escape", "clear, then back", "viewer"),
    Command("quit", "q,ctrl+q", "quit", "viewer"),
)
"""Every command. A test presses every key."""

GROUPS: Final[Mapping[Group, str]] = {
    "move": "Move",
    "fold": "Fold",
    "find": "Find",
    "show": "Look",
    "time": "Time",
    "panes": "Panes",
    "run": "Runs and forms",
    "out": "Take out",
    "viewer": "Viewer",
}

_SIGNS: Final[Mapping[str, str]] = {
    "slash": "/",
    "circumflex_accent": "^",
    "asterisk": "*",
    "exclamation_mark": "!",
    "equals_sign": "=",
    "minus": "-",
    "plus": "+",
    "full_stop": ".",
    "comma": ",",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "right_parenthesis": ")",
    "left_parenthesis": "(",
    "right_curly_bracket": "}",
    "left_curly_bracket": "{",
    "apostrophe": "'",
    "colon": ":",
    "question_mark": "?",
    "dollar_sign": "$",
}
_NAMES: Final[Mapping[str, str]] = {sign: name for name, sign in _SIGNS.items()}


_DETAIL: Final[Mapping[str, Sequence[str]]] = {
    "detail.down": ("down",),
    "detail.up": ("up",),
    "detail.page_down": ("half-down", "page-down"),
    "detail.page_up": ("half-up", "page-up"),
    "detail.top": ("top",),
    "detail.bottom": ("bottom",),
    "detail.fold": ("detail", "toggle"),
    "detail.search": ("search",),
    "detail.next": ("search-next",),
    "detail.previous": ("search-previous",),
    "detail.in": ("inputs",),
    "detail.out": ("outputs",),
    "detail.proc": ("process",),
    "detail.err": ("error",),
    "detail.text": ("text",),
    "detail.meta": ("meta",),
    "detail.raw": ("events",),
}
"""What the pane of the detail does itself, and for which commands."""


def changed(keys: Mapping[str, str]) -> tuple[Command, ...]:
    """Return the commands with a user's keys, by id. A key that a user gives away is no other command's any more."""
    taken = {key for told in keys.values() for key in told.split(",")}
    return tuple(
        command._replace(
            keys=keys.get(command.id) or ",".join(key for key in command.keys.split(",") if key not in taken)
        )
        for command in COMMANDS
    )


def bindings(keys: Mapping[str, str]) -> dict[str, str]:
    """Return a user's keys as Textual takes them: by the id of each binding, also of those of a single pane."""
    now = {command.id: command.keys for command in changed(keys)}
    inside = {name: ids for name, ids in _DETAIL.items() if not keys.keys().isdisjoint(ids)}
    return {**keys, **{name: ",".join(filter(None, map(now.__getitem__, ids))) for name, ids in inside.items()}}


def long_names(keys: str) -> str:
    """Return keys as Textual names them: `/,ctrl+s` is `slash,ctrl+s`."""
    return ",".join(_NAMES.get(key.strip(), key.strip()) for key in keys.split(","))


def signs(keys: str) -> str:
    """Return keys as a person reads them: `j down`, `^f`, `/`."""
    return " ".join(_SIGNS.get(key, key.replace("ctrl+", "^")) for key in keys.split(","))
