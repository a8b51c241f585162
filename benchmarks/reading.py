"""Times reading of a configuration of the data set `sar_despeckle`.

python benchmarks/reading.py
python benchmarks/reading.py sar_despeckle/near_real --data_dir data --examples 300

Needs tensorflow-datasets, array_record and grain alone. Prints medians over the
repetitions, each of other tiles in random order, the first not counted; the files are
then in the system's cache where memory suffices.
"""

import argparse
import contextlib
import itertools
import statistics
import time

import grain
import tensorflow_datasets as tfds
from absl import flags


def rate(examples, count: int, repetitions: int) -> float:
    """Returns examples per second of an endless iterator: a median."""
    rates = []
    for _ in range(1 + repetitions):
        start = time.perf_counter()
        for _ in itertools.islice(examples, count):
            pass
        rates.append(count / (time.perf_counter() - start))
    return statistics.median(rates[1:])


def main() -> None:
    """Prints a line for each way of reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="sar_despeckle/simulated")
    parser.add_argument("--data_dir", default="data")
    parser.add_argument("--split", default="train")
    parser.add_argument("--examples", type=int, default=400, help="a repetition")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2])
    args = parser.parse_args()
    # grain asks for its flags in worker processes, and absl wants them parsed.
    flags.FLAGS.mark_as_parsed()

    source = tfds.data_source(args.name, split=args.split, data_dir=args.data_dir)
    order = grain.MapDataset.source(source).seed(0).shuffle().repeat()

    def report(name, examples):
        with contextlib.closing(iter(examples)) as endless:
            found = rate(endless, args.examples, args.repetitions)
        print(f"{name}: {found:.0f} examples/s")

    report("data source", (order[index] for index in itertools.count()))
    for threads in args.threads:
        options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=16)
        report(f"grain, {threads} threads", order.to_iter_dataset(options))
    alone = grain.ReadOptions(num_threads=1, prefetch_buffer_size=16)
    for processes in args.processes:
        workers = grain.MultiprocessingOptions(processes, per_worker_buffer_size=8)
        report(
            f"grain, {processes} processes",
            order.to_iter_dataset(alone).mp_prefetch(workers),
        )


if __name__ == "__main__":
    main()
