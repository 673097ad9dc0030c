"""JSON with filler for its texts: which strings are structure, by the names under which they stand.

What stays are keys, numbers, and strings under names of structure (ids, statuses, types, titles of nodes, models,
prices), unless they stand in what was given to a node or came out of it. Everything else is taken for text of people,
also under names that nobody knows.
"""

import re
from collections.abc import Iterator
from typing import Final

from streamkit.recording.filler import fill
from streamkit.recording.spelling import is_placeholder

_STRUCTURE: Final = re.compile(
    r"event|kind|dialect|object|role|code|method|version|currency|tool|variable|extension|language"
    r"|ids?|(?!user_id)\w+_ids?|\w*(?:status|mode|type|TYPE|reason|provider|selector|price|unit|strategy)|\w+_at|\w+_tokens"
    r"|model|model_name|component_name|provider_name|transfer_method|button_style|belongs_to|retriever_from|last_event"
    r"|dify_model_identity|output_variable_name|paused_nodes|_?next|message_files|approval_channels"
)
"""Names whose strings are structure, if they are one word."""
_TITLES: Final = re.compile(r"(?:node_)?title|label|model|model_name|component_name|agent_strategy|tool")
"""Names whose strings are structure, also if they are several words."""
_GIVEN: Final = re.compile(
    r"inputs|outputs?|process_data|submitted_data|resolved_default_values|arguments|tool_input|tool_output|observation"
)
"""Names under which stands what was given to a node or came out of it."""
_STRUCTURE_OF_GIVEN: Final = re.compile(
    r"model_provider|model_name|model_mode|finish_reason|currency|\w+_price|\w+_unit"
    r"|dify_model_identity|transfer_method|output_variable_name"
)
"""Names that are structure even there: of models and what they cost, of files, of fields of a form."""
_TYPES: Final = re.compile(
    r"text-input|paragraph|select|options|line|file|file-list|image|document|audio|video|string|number|integer|float"
    r"|boolean|object|array|json|constant|variable"
)
"""Values of `type` that are structure even there."""
_WORD: Final = re.compile(r"\S{0,200}")

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],]', re.DOTALL)


class _Level:
    """An object or a list, while what is in it is read."""

    __slots__ = ("awaits_name", "is_given", "is_object", "name", "owner")

    def __init__(self, *, is_object: bool, owner: str, is_given: bool) -> None:
        self.is_object = is_object
        self.owner = owner
        """The name under which it stands itself."""
        self.is_given = is_given
        """Whether it is, or stands in, what was given to a node or came out of it."""
        self.name = "" if is_object else owner
        """The name under which stands what is read next: what is in a list stands under the name of the list."""
        self.awaits_name = is_object

    def inside(self, sign: str) -> "_Level":
        """Return the level of an object or a list that begins here."""
        is_given = self.is_given or _GIVEN.fullmatch(self.name) is not None or (self.name == self.owner == "data")
        return _Level(is_object=sign == "{", owner=self.name, is_given=is_given)

    def keeps(self, text: str) -> bool:
        """Whether a string that stands here is structure."""
        if is_placeholder(text):
            return True
        if self.is_given or _GIVEN.fullmatch(self.name) is not None:
            is_type = self.name.endswith("type") and _TYPES.fullmatch(text) is not None
            return is_type or (_STRUCTURE_OF_GIVEN.fullmatch(self.name) is not None and _is_word(text))
        if _TITLES.fullmatch(self.name) or (self.name == "name" and self.owner == "function"):
            return True
        return _STRUCTURE.fullmatch(self.name) is not None and _is_word(text)


def scrub_json(data: bytes) -> bytes:
    """Return JSON without text of people: as many bytes, the same keys and numbers."""
    text = data.decode("utf-8", "surrogateescape")
    return "".join(_pieces(text)).encode("utf-8", "surrogateescape")


def _pieces(text: str) -> Iterator[str]:
    levels = [_Level(is_object=False, owner="", is_given=False)]
    done = 0
    for token in _TOKEN.finditer(text):
        level, sign = levels[-1], token[0][0]
        if sign in "{[":
            levels.append(level.inside(sign))
        elif sign in "}]":
            levels.pop()
        elif sign == ",":
            level.awaits_name = level.is_object
        elif level.awaits_name:
            level.name, level.awaits_name = token[0][1:-1], False
        elif not level.keeps(token[0][1:-1]):
            yield text[done : token.start()] + '"' + fill(token[0][1:-1]) + '"'
            done = token.end()
    yield text[done:]


def _is_word(text: str) -> bool:
    return _WORD.fullmatch(text) is not None
