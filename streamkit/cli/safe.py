"""Text that came from a server, made harmless before it reaches a terminal.

A terminal obeys what it is shown: escape sequences retitle the window or clear the screen, C1 controls do the same in
one character, and bidirectional controls make text read as something else. None of them may pass.
"""

import re
import unicodedata
from typing import Final

_SEQUENCES: Final = re.compile(
    # Whole sequences, so that their parameters do not stay behind as litter.
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, screen
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, …
    r"|\x1b[ -/]*[0-~]"  # everything else that an escape introduces
)
_LINE_ENDS: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BLANKS: Final = re.compile(r"[ \n]+")
_NO_BASE: Final = "\u25cc"
"""What Unicode shows a mark upon that has no letter before it."""
_JSON_UNSAFE: Final = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def safe_text(text: str) -> str:
    """Return text of several lines without anything that a terminal obeys; every line end becomes a line feed."""
    text = _LINE_ENDS.sub("\n", _SEQUENCES.sub("", text))
    return _CONTROLS.sub("", text).replace("\t", "    ")


def safe_line(text: str) -> str:
    """Return text for one line: as `safe_text`, with line ends and runs of blanks as one space.

    A mark at its beginning gets a base of its own: else it would change what stands before the text, and its width.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    line = _BLANKS.sub(" ", safe_text(text)).strip()
    return _NO_BASE + line if unicodedata.category(line[:1] or " ").startswith("M") else line


def safe_json(text: str) -> str:
    r"""Return the same JSON with the characters that a terminal obeys written as \uXXXX.

    C0 controls cannot stand in valid JSON, so what is left are DEL, C1 and what turns or ends lines.
    """
    return _JSON_UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
