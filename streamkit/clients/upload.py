"""Files that are sent: from the disk, or from memory."""

import mimetypes
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from aiohttp import FormData

_UNKNOWN: Final = "application/octet-stream"


class Upload(NamedTuple):
    """A file to send."""

    name: str
    """What the server is told that it is called."""
    content: bytes | Path
    """What is in it, or where that is."""
    content_type: str
    """Its MIME type."""

    @classmethod
    def of(cls, file: "File") -> "Upload":
        """Return a file to send; of a path, the type is told by the name."""
        if isinstance(file, Upload):
            return file
        path = Path(file)
        return cls(path.name, path, mimetypes.guess_type(path.name)[0] or _UNKNOWN)

    def open(self, stack: ExitStack) -> bytes | BinaryIO:
        """Return what is sent; a file is open until the stack is closed.

        Raises:
            OSError: it cannot be read.
        """
        return self.content if isinstance(self.content, bytes) else stack.enter_context(self.content.open("rb"))


File = Upload | Path | str
"""A file to send, or its path."""


def form_of(fields: dict[str, str], uploads: list[tuple[str, Upload]], stack: ExitStack) -> FormData:
    """Return a multipart form.

    Args:
        fields: what is sent beside the files.
        uploads: the files, each with the name of its field.
        stack: keeps files open until they are sent.

    Raises:
        OSError: a file cannot be read.
    """
    form = FormData(default_to_multipart=True)
    for name, text in fields.items():
        form.add_field(name, text)
    for name, upload in uploads:
        form.add_field(name, upload.open(stack), filename=upload.name, content_type=upload.content_type)
    return form
