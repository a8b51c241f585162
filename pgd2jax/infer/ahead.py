"""Runs an iterator in a thread, some items ahead of its consumer."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

POLL = 0.1  # Seconds; how late a thread that waits learns that it is to stop.

_here = threading.local()  # In a thread of `ahead`, `stop`: whether it is to stop.


class _Stopped(Exception):
    """Unwinds a thread whose items nobody wants any more."""


def ahead(items: Iterable[T], depth: int) -> Iterator[T]:
    """Yields `items`, which a thread makes meanwhile; its errors come out here.

    When the consumer stops early, by an error or `close`, so does the thread; and
    where that makes its item out of items of `ahead` in its turn, it does not finish
    it, but stops at the next of those.

    Args:
        items: What to run through.
        depth: How many finished items may wait.
    """
    finished = queue.Queue(depth)
    stop = threading.Event()
    end = object()
    outer = getattr(_here, "stop", None)

    def put(item) -> bool:
        while not stop.is_set():
            try:
                finished.put(item, timeout=POLL)
                return True
            except queue.Full:
                pass
        return False

    def get():
        while outer is not None:
            if outer.is_set():
                raise _Stopped
            try:
                return finished.get(timeout=POLL)
            except queue.Empty:
                pass
        return finished.get()  # Signals interrupt it.

    def work():
        _here.stop = stop
        iterator = iter(items)
        try:
            for item in iterator:
                if not put((item, None)):
                    return
            put((end, None))
        except BaseException as error:
            put((end, error))
        finally:
            if hasattr(iterator, "close"):
                iterator.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item, error = get()
            if error is not None:
                raise error
            if item is end:
                return
            yield item
    finally:
        stop.set()
        thread.join()
