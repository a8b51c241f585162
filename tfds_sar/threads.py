"""Work done ahead on other threads, handed on in order."""

import collections
import concurrent.futures
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

WORKERS = 2  # JAX lets go of the interpreter's lock while it computes.

T = TypeVar("T")
R = TypeVar("R")


def ordered(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yields function(item) for each item, in order, few computed ahead."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        waiting = iter(items)
        ahead = collections.deque(
            pool.submit(function, item)
            for item in itertools.islice(waiting, 2 * WORKERS)
        )
        while ahead:
            future = ahead.popleft()
            ahead.extend(
                pool.submit(function, item) for item in itertools.islice(waiting, 1)
            )
            yield future.result()
