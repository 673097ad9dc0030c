"""A gate holds once, until it is released."""

import asyncio

from streamkit.replay.gates import Gate


async def test_a_gate_holds_until_it_is_released():
    gate = Gate("message_end", 10)
    async with asyncio.TaskGroup() as group:
        held = group.create_task(gate.hold())
        assert await gate.reached()
        assert (gate.is_reached, gate.is_open, held.done()) == (True, False, False)
        gate.release()
    assert gate.is_open


async def test_a_gate_that_was_released_before_holds_nothing():
    gate = Gate("message_end", 10)
    gate.release()
    await asyncio.wait_for(gate.hold(), 60)
    assert gate.is_reached


async def test_who_waits_at_a_gate_is_told_that_nothing_comes_any_more():
    gate = Gate("message_end", 10)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(gate.reached())
        await asyncio.sleep(0)
        gate.give_up()
    assert waiting.result() is False
