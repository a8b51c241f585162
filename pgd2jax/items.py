"""Items of a checkpoint, trees of arrays that Orbax wrote: reading and checksums."""

import pathlib
import zlib
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
import tensorstore as ts

DRIVERS = {".zarray": "zarr", "zarr.json": "zarr3"}  # Of arrays in both formats.


def digest(tree: Any) -> int:
    """Returns a checksum over all arrays, in the order of their names."""
    total = 0
    for leaf in jax.tree.leaves(tree):
        total = zlib.crc32(np.ascontiguousarray(leaf), total)
    return total


def read(item: pathlib.Path) -> Any:
    """Returns an item as nested dicts of NumPy arrays.

    Where it is damaged, Orbax and TensorStore raise all kinds.
    """
    _read_through(item)
    with _reader() as checkpointer:
        return checkpointer.restore(item)


def _read_through(item: pathlib.Path) -> None:
    """Reads the arrays of an item one after another, and raises at a damaged one.

    Orbax reads them all at once, and where one fails the others, which nobody waits for
    any more, print a page each to standard error.
    """
    base = {"driver": "file", "path": f"{item}/"}
    store = ts.KvStore.open({"driver": "ocdbt", "base": base}).result()
    for key in store.list().result():
        array, _, file = key.decode().rpartition("/")
        if file in DRIVERS:
            place = (store / array).spec().to_json()
            found = {"driver": DRIVERS[file], "kvstore": place}
            ts.open(found).result().read().result()


def _reader() -> ocp.Checkpointer:
    """Returns what reads for this process and waits for no other."""
    mine = jax.process_index()
    alone = ocp.options.MultiprocessingOptions(
        primary_host=mine,
        active_processes={mine},
        barrier_sync_key_prefix=f"process_{mine}",
    )
    return ocp.Checkpointer(
        ocp.PyTreeCheckpointHandler(multiprocessing_options=alone),
        multiprocessing_options=alone,
    )
