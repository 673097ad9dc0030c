"""A request of aiohttp's, read as far as an answer depends on it."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from streamkit.replay.frames import decoded
from streamkit.replay.routes import Asked, Upload

FAULT_HEADER: Final = "X-Streamkit-Fault"
"""With this, a request asks for a fault itself."""
_KEYS: Final = ("Authorization", "X-Api-Key", "Api-Key")


async def asked_of(request: web.Request, params: Mapping[str, str]) -> Asked:
    """Read a request to its end.

    Args:
        request: what came.
        params: the parts of its path that the route names.
    """
    body, upload = await _content(request)
    return Asked(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        key=_key(request.headers),
        body=body,
        params=params,
        upload=upload,
        fault=request.headers.get(FAULT_HEADER, ""),
    )


async def _content(request: web.Request) -> tuple[Mapping[str, Any], Upload | None]:
    """Return the fields of a request, and the file in it if there is one. Any: JSON."""
    if not request.content_type.startswith("multipart/"):  # JSON is taken for JSON, whatever curl calls it
        return decoded(await request.read()), None
    fields = await request.post()
    files = [field for field in fields.values() if isinstance(field, web.FileField)]
    texts = {name: field for name, field in fields.items() if isinstance(field, str)}
    if not files:
        return texts, None
    file = files[0]
    return texts, Upload(file.filename, file.content_type, file.file.seek(0, 2))


def _key(headers: Mapping[str, str]) -> str:
    told = next((headers[name] for name in _KEYS if name in headers), "")
    scheme, _, key = told.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else told.strip()
