"""Runs an iterator in a thread, some items ahead of its consumer."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T], depth: int) -> Iterator[T]:
    """Yields `items`, which a thread makes meanwhile; its errors come out here.

    When the consumer stops early, by an error or `close`, so does the thread.

    Args:
        items: What to run through.
        depth: How many finished items may wait.
    """
    finished = queue.Queue(depth)
    stop = threading.Event()
    end = object()

    def put(item) -> bool:
        while not stop.is_set():
            try:
                finished.put(item, timeout=0.1)
                return True
            except queue.Full:
                pass
        return False

    def work():
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
            item, error = finished.get()
            if error is not None:
                raise error
            if item is end:
                return
            yield item
    finally:
        stop.set()
        thread.join()
