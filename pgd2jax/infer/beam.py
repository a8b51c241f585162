"""Many scenes on any runner of Apache Beam."""

import functools
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from absl import logging

from pgd2jax import compilation, devices, pipelines, raster
from pgd2jax.infer import Despeckler, load, scene
from pgd2jax.infer.jobs import Job

COUNTERS = "pgd2jax"
FAILED = "failed"


@functools.cache
def _load(weights: str, dtype: str, device: str) -> Despeckler:
    """Loads weights once in a process, which may be one of many."""
    devices.use(device)
    compilation.cache()
    return load(weights, dtype=dtype)


def despeckle(job: Job, network: tuple[str, str, str], how: Mapping[str, Any]) -> str:
    """Despeckles a scene; for `beam.Map`. A scene that fails stops none of the others.

    Args:
        job: What to read and write, on a file system that all workers see.
        network: Weights and dtype as for `infer.load`, device as for `devices.use`.
        how: Keyword arguments of `scene.despeckle`.

    Returns:
        What became of it, for people.
    """
    import apache_beam as beam

    if how.get("resume") and job.target.exists():  # Runners may do a thing twice.
        return f"{job.target}: is there already; passed over"
    try:
        scene.despeckle(_load(*network), job.source, job.target, layer=job.layer, **how)
    except Exception as error:  # Whatever it is, the others go on.
        why = job.why_not(error)
        logging.error("%s", why)
        beam.metrics.Metrics.counter(COUNTERS, FAILED).inc()
        return f"failed: {why}"
    return f"{job.target}: done"


def run(
    work: Sequence[Job],
    network: tuple[str, str, str],
    how: Mapping[str, Any],
    flags: str,
) -> int:
    """Despeckles scenes in a Beam pipeline.

    Args:
        work: What to read and write.
        network: Weights and dtype as for `infer.load`, device as for `devices.use`.
        how: Keyword arguments of `scene.despeckle`.
        flags: Of the pipeline, as on a command line: "--runner=... --...".

    Returns:
        How many failed; their messages are in the workers' logs.

    Raises:
        ValueError: if Beam is not installed, if the flags name no runner, or if that
            cannot be had.
    """
    try:
        import apache_beam as beam

        options = pipelines.options(shlex.split(flags))
    except ImportError as error:
        raise ValueError(
            f'--beam: to use it, pip install "pgd2jax[beam]". ({error})'
        ) from error
    pipeline = beam.Pipeline(options=options)
    _ = (
        pipeline
        | "Scenes" >> beam.Create(list(work))
        | "Spread" >> beam.Reshuffle()
        | "Despeckle" >> beam.Map(despeckle, network=network, how=how)
    )
    try:
        result = pipeline.run()
        result.wait_until_finish()
    except RuntimeError as error:  # Of a runner: no scene raises.
        raise ValueError(
            f"--beam: the runner failed: {raster.in_a_line(error)}"
        ) from error
    wanted = beam.metrics.MetricsFilter().with_name(FAILED)
    return sum(c.result for c in result.metrics().query(wanted)["counters"])
