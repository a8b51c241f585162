import threading
import time

import pytest

from pgd2jax.infer.ahead import ahead


def test_items_come_in_their_order():
    assert list(ahead(range(20), depth=3)) == list(range(20))


def test_what_an_item_fails_with_comes_out_behind_those_before():
    def items():
        yield 1
        raise ValueError("the second")

    rest = ahead(items(), depth=3)
    assert next(rest) == 1
    with pytest.raises(ValueError, match="the second"):
        next(rest)


def test_a_consumer_that_stops_closes_the_items():
    closed = threading.Event()

    def items():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    some = ahead(items(), depth=3)
    next(some)
    some.close()
    assert closed.is_set()


def test_bands_that_nobody_wants_any_more_are_not_finished():
    begun, finished = threading.Event(), []

    def tiles():
        for tile in range(5_000):
            begun.set()
            time.sleep(0.001)
            yield tile

    def bands():
        yield sum(ahead(tiles(), depth=2))
        finished.append("band")

    def rows():
        yield "the journal's"
        yield from ahead(bands(), depth=1)
        finished.append("scene")

    written = ahead(rows(), depth=1)
    next(written)
    assert begun.wait(10)
    written.close()
    assert not finished
