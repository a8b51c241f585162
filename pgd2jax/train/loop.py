"""The training loop: restore or start, step, validate, save."""

import functools
import json
import math
import pathlib
import time
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import tqdm
from absl import logging

from pgd2jax import checkpoints, configuration, data, losses, raster
from pgd2jax.data import pairs
from pgd2jax.train import averages, state, steps, validation, watch

DIVERGED = (
    "the network is not finite any more at step {step}; lower "
    "--config.optimiser.learning_rate. The checkpoints so far are whole."
)


class TrainingError(ValueError):
    """A run that cannot go on; the message names the mend."""


def _check(config, model, devices: int) -> None:
    if config.data.batch_size % devices:
        raise TrainingError(
            f"{config.data.batch_size=} must divide by the {devices} devices."
        )
    if config.data.crop % model.stride:
        raise TrainingError(
            f"{config.data.crop=} must divide by the network's {model.stride=}."
        )


def _same_run(workdir: pathlib.Path, config: dict[str, Any]) -> None:
    """Writes the configuration, or checks it against that of the run so far.

    Network, data and seed make a run; its length, rates and weights may change.
    """
    path = workdir / "config.json"
    if path.exists():
        before = json.loads(path.read_text())
        changed = [
            f"{group}.{name}"
            for group in ("model", "data")
            for name in sorted(before.get(group, {}) | config[group])
            if before.get(group, {}).get(name) != config[group].get(name)
        ]
        changed += ["seed"] * (before.get("seed") != config["seed"])
        if changed:
            raise TrainingError(
                f"{workdir} holds a run with another {', '.join(changed)}; give "
                "another --workdir, or delete that one."
            )
    with raster.replacing(path) as temporary:
        temporary.write_text(json.dumps(config, indent=2) + "\n")


def objective(model, weights: Mapping[str, float]):
    """Returns (params, batch) -> (loss [B], {term: [B]}) with these loss weights."""

    def loss(params, batch):
        estimate = model.apply({"params": params}, *batch.inputs)
        return losses.combined_loss(
            estimate, batch.intensity, batch.reference, **weights
        )

    return loss


def _write_overview(params, path: pathlib.Path) -> None:
    """Writes a table of all parameters, their shapes and statistics."""
    try:
        from clu import parameter_overview
    except ImportError:  # GPU images often come without clu.
        return
    path.write_text(parameter_overview.get_parameter_overview(params) + "\n")


class _Clock:
    """Tells on a CPU how long the run will take, once a step is timed."""

    def __init__(self, first: int, num_steps: int):
        self._compiled, self._timed = first + 1, first + 2
        self._num_steps = num_steps
        self._start = 0.0
        if jax.default_backend() == "cpu":
            logging.info("This is a CPU: after two steps the time of the run is told.")

    def tick(self, step: int, result) -> None:
        """Takes the number of a step just dispatched and what it returns."""
        if jax.default_backend() != "cpu" or step > self._timed:
            return
        jax.block_until_ready(result)
        if step == self._compiled:
            self._start = time.monotonic()
            return
        seconds = time.monotonic() - self._start
        hours = seconds * (self._num_steps - step) / 3600
        if hours > 0.25:
            logging.warning(
                "On this CPU %d steps of %.1f s will take %.1f hours. To shorten it, "
                "lower --config.train.num_steps, or take --config configs/small.py, "
                "made for a CPU; a GPU or TPU is used where the extra `gpu` or `tpu` "
                "is installed.",
                self._num_steps - step,
                seconds,
                hours,
            )


def run(config, workdir: pathlib.Path, model=None) -> dict[str, float]:
    """Trains until `config.train.num_steps`, from the newest checkpoint if any.

    Args:
        config: As `configs/base.py` returns it.
        workdir: Folder of the run; made if missing.
        model: A network to train instead of the configuration's: it takes and returns
            what PGD2Net does and has a `stride` and a `dtype`.

    Returns:
        The measures of the last validation; empty if there was nothing left to do.

    Raises:
        TrainingError: if the configuration does not fit the devices or the run so far,
            or if the loss is no longer finite.
        MissingDataError: if the data set has not been built.
    """
    devices, num_steps = jax.local_device_count(), config.train.num_steps
    model = model or configuration.model(config.model, config.train.dtype)
    _check(config, model, devices)
    source = data.create(**config.data, seed=config.seed)
    workdir.mkdir(parents=True, exist_ok=True)
    plain = json.loads(config.to_json())
    _same_run(workdir, plain)

    tx = state.optimiser(num_steps, **config.optimiser)
    now = state.create(model, tx, config.seed, model.stride)
    store = checkpoints.Checkpoints(workdir)
    first = store.latest_step() or 0
    if first:
        now = store.restore(first, now)
        logging.info("Going on from step %d of %s.", first, workdir)
    if first >= num_steps:
        logging.info("%s has its %d steps; nothing is left to do.", workdir, num_steps)
        return {}
    _write_overview(now.params, workdir / "parameters.txt")
    logging.info(
        "Training %d weights in %s on %d x %s.",
        sum(x.size for x in jax.tree.leaves(now.params)),
        model.dtype,
        devices,
        jax.devices()[0].device_kind,
    )

    augment = functools.partial(pairs.augment, **config.augment)

    def pair(example, key):
        drawn, changed = jax.random.split(key)
        return augment(source.pair(example, drawn), changed)

    # Not the key that drew the weights.
    draw = steps.draw_step(pair, jax.random.key(config.seed + 1))
    loss = objective(model, config.loss.to_dict())
    train = steps.train_step(loss, tx, config.train.average_decay)
    checks = validation.Validation(
        source.held_out("validation", config.train.eval_tiles),
        model,
        config.data.batch_size,
    )
    log = watch.Watch(workdir, first)
    clock = _Clock(first, num_steps)
    batch_size = config.data.batch_size
    means, pending, found = averages.Averages(), [], {}
    batches = source.batches(first)
    progress = tqdm.tqdm(
        range(first + 1, num_steps + 1), initial=first, total=num_steps, unit="step"
    )
    for step in progress:
        numbers = np.arange((step - 1) * batch_size, step * batch_size, dtype=np.int32)
        batch = draw(*steps.shard((numbers, next(batches)), devices))
        now, scalars = train(now, batch)
        pending.append(scalars)
        clock.tick(step, scalars)
        saves = step % config.train.checkpoint_every == 0 or step == num_steps
        if saves or step % config.train.log_every == 0:
            for values in jax.device_get(pending):  # Waits for the device.
                means.add(values)
            pending = []
            latest = means.take()
            if not math.isfinite(latest["loss"]):
                raise TrainingError(DIVERGED.format(step=step))
            log.scalars(step, {f"train/{name}": v for name, v in latest.items()})
            progress.set_postfix(loss=f"{latest['loss']:.3f}", **_short(found))
        if saves:
            clean = checks.despeckle(now.average)
            found = checks.measure(clean)
            if not math.isfinite(found["rmse"]):
                raise TrainingError(DIVERGED.format(step=step))
            log.scalars(step, {f"validation/{name}": v for name, v in found.items()})
            log.image(step, "noisy, despeckled, reference", checks.first(clean))
            store.save(step, now, now.average, plain, found)
            progress.set_postfix(loss=f"{latest['loss']:.3f}", **_short(found))
    store.close()
    log.close()
    return found


def _short(found: dict[str, float]) -> dict[str, str]:
    return {"rmse": f"{found['rmse']:.2f} dB"} if found else {}
