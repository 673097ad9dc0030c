"""One thread does what may block; what comes too fast is refused, and nothing is lost that was accepted."""

import threading

from streamkit.gateway.background import Background


def test_work_is_done_in_order_and_all_of_it_before_the_end():
    done = []
    background = Background("test", limit=1000)
    for number in range(500):
        assert background.submit(lambda number=number: done.append(number))
    assert background.close(10)
    assert done == list(range(500))
    assert not background.submit(lambda: done.append("late"))


def test_it_is_another_thread():
    names = []
    background = Background("streamkit-test", limit=10)
    background.submit(lambda: names.append(threading.current_thread().name))
    background.close(10)
    assert names == ["streamkit-test"]


def test_what_waits_too_long_is_refused_unless_it_must_be_done():
    gate, begun, done = threading.Event(), threading.Event(), []

    def block():
        begun.set()
        gate.wait(10)

    background = Background("test", limit=10)
    background.submit(block, 1)
    assert begun.wait(10)
    assert background.submit(lambda: done.append("fits"), 9)
    assert background.waiting == 10
    assert not background.submit(lambda: done.append("does not"), 1)
    assert background.submit(lambda: done.append("must"), 1, always=True)
    gate.set()
    assert background.close(10)
    assert done == ["fits", "must"]
    assert background.waiting == 0


def test_one_that_is_stuck_is_left_behind():
    gate = threading.Event()
    background = Background("test", limit=10)
    background.submit(lambda: gate.wait(10))
    assert not background.close(0.05)
    gate.set()
