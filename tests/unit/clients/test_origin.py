"""By default a run has one body, and cannot be stopped."""

import pytest

from streamkit import Run
from streamkit.clients.operation import Call
from streamkit.clients.origin import OneBody, Origin


async def test_nothing_more_is_known_of_a_run():
    origin, run = Origin(), Run("openai")
    assert await origin.again(run) is None
    assert await origin.verdict(run) is None
    assert not origin.goes_on(run)
    with pytest.raises(RuntimeError, match="no way to stop"):
        await origin.stop(run)


async def test_one_body_is_asked_for_by_one_request():
    asked = []

    async def open_body(call):
        asked.append(call)
        return "body"

    call = Call("POST", "/a")
    assert await OneBody(open_body, call).first() == "body"
    assert asked == [call]
