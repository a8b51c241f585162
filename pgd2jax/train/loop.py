"""The training loop: restore or start, step, validate, save."""

import contextlib
import json
import math
import pathlib

import jax
import numpy as np
from absl import logging

from pgd2jax import checkpoints, configuration, memory
from pgd2jax.train import (
    beginning,
    folder,
    progress,
    state,
    steps,
    stopping,
    timing,
    watch,
)
from pgd2jax.train import log as logs
from pgd2jax.train import program as programs


class TrainingError(ValueError):
    """A run that cannot go on; the message names the mend."""


# Of a configuration: at least 1.
COUNTS = {
    "data": ("batch_size", "crop", "crops_per_tile", "tiles"),
    "train": (
        "num_steps",
        "log_every",
        "checkpoint_every",
        "eval_tiles",
        "accumulate",
        "max_skipped",
    ),
}

# Of a configuration: from and to.
RANGES = {
    "data": {"white": (0, 1)},
    "augment": {
        "phase_dropout": (0, 1),
        "level_jitter": (0, 100),
        "looks_jitter": (0, 10),
    },
    "loss": dict.fromkeys(("clean", "likely", "speckle", "structure"), (0, 1e6)),
    "optimiser": {
        "learning_rate": (1e-12, 1e3),
        "warmup_steps": (0, 1e9),
        "weight_decay": (0, 1e3),
        "clip": (1e-12, 1e12),
    },
    "train": {"average_decay": (0, 1)},
}

LESS_MEMORY = (
    "go on with --config.train.remat=true, or --config.train.accumulate=4 where that "
    "divides the batch, or begin anew with a smaller --config.data.batch_size"
)


def _check(config, stride: int) -> None:
    for group, names in COUNTS.items():
        for name in names:
            if (value := config[group][name]) < 1:
                raise TrainingError(f"config.{group}.{name}={value} must be 1 or more.")
    for group, ranges in RANGES.items():
        for name, (low, high) in ranges.items():
            if not low <= (value := config[group][name]) <= high:
                raise TrainingError(
                    f"config.{group}.{name}={value} must be {low:g} to {high:g}."
                )
    if not 0 <= config.seed < 2**32:
        raise TrainingError(f"{config.seed=} must be 0 to 2**32 - 1.")
    devices, accumulate = jax.device_count(), config.train.accumulate
    if config.data.batch_size % (devices * accumulate):
        raise TrainingError(
            f"{config.data.batch_size=} must divide by the {devices} devices times "
            f"{config.train.accumulate=}."
        )
    if config.data.batch_size % (devices * config.data.crops_per_tile):
        raise TrainingError(
            f"{config.data.batch_size=} must divide by the {devices} devices times "
            f"{config.data.crops_per_tile=}: the crops of a tile are cut on one device."
        )
    if config.data.crop % stride:
        raise TrainingError(
            f"{config.data.crop=} must divide by the network's {stride=}."
        )
    watch.check(config.train.tracker)


def run(config, workdir: pathlib.Path, model=None) -> dict[str, float]:
    """Trains until `config.train.num_steps`, from the newest whole checkpoint if any.

    Args:
        config: As `configs/base.py` returns it.
        workdir: Folder of the run, the same for all processes; made if missing.
        model: A network to train instead of the configuration's: it takes and returns
            what PGD2Net does and has a `stride` and a `dtype`.

    Returns:
        The measures of the last validation; empty if there was nothing left to do.

    Raises:
        TrainingError: if the configuration does not fit the devices or the run so far,
            or if the network or too many steps in a row are not finite.
        ValueError: if another training is at work in the folder.
        MissingDataError: if the data set has not been built.
        CheckpointError: if a checkpoint cannot be written, or none is whole.
        OutOfMemoryError: if a step takes more memory than the device has.
        Stopped: if a signal asked for it; the last step is saved.
    """
    config, params = beginning.begin(config)
    model = model or configuration.model(
        config.model, config.train.dtype, config.train.remat
    )
    _check(config, model.stride)
    batches = beginning.batches(config)
    workdir.mkdir(parents=True, exist_ok=True)
    with folder.alone(workdir), stopping.Stop() as stop:
        found = _run(config, workdir, model, batches, params, stop)
        if stop.asked:  # While the last step was validated and saved.
            raise stopping.Stopped.after(config.train.num_steps, workdir, stop.asked)
    return found


def _run(config, workdir, model, batches, params, stop) -> dict[str, float]:
    """Trains as `run` does, from `params` if given, in a folder of its own."""
    num_steps, plain = config.train.num_steps, json.loads(config.to_json())
    tx = state.optimiser(num_steps, **config.optimiser)
    now = state.create(model, tx, config.seed, model.stride)
    if params is not None:
        now = state.begin_with(now, params)
    _check_same(workdir, folder.config(workdir), plain, done=False)
    # Closed whatever happens: what is being written is finished first.
    with contextlib.closing(checkpoints.Checkpoints(workdir)) as store:
        first, now = store.restore_newest(now)
        if first:
            logging.info("Going on from step %d of %s.", first, workdir)
        if first >= num_steps:
            step = workdir / checkpoints.FOLDER / str(first)
            before = checkpoints.restore_config(step)
            done = before["train"]["num_steps"] <= first
            _check_same(workdir, before, plain, done)
            logging.info(
                "%s has its %d steps; nothing is left to do.", workdir, num_steps
            )
            return {}
        logging.info(
            "Training %d weights in %s on %d x %s.",
            sum(x.size for x in jax.tree.leaves(now.params)),
            model.dtype,
            jax.device_count(),
            jax.devices()[0].device_kind,
        )
        program = programs.Program(config, model, batches, tx)
        with (
            memory.of_device(jax.devices()[0], LESS_MEMORY),
            watch.create(workdir, first, plain, config.train.tracker) as watching,
        ):
            folder.begin(workdir, plain, now.params)  # What is refused leaves it.
            training = _Training(
                config, plain, workdir, program, store, watching, model.dtype
            )
            return training.go_on(first, steps.replicate(now), stop)


def _check_same(workdir, before, asked, done: bool) -> None:
    """Checks that a configuration goes on with the run so far."""
    if changed := folder.changed(before, asked, done):
        which = " that is done," if done else ""
        raise TrainingError(
            f"{workdir} holds a run{which} with another {changed}; give another "
            "--workdir, or delete that one."
        )


class _Training:
    """The steps of a run, and all that comes between them."""

    def __init__(self, config, plain, workdir, program, store, watching, dtype):
        self._config, self._workdir, self._program = config.train, workdir, program
        self._store, self._watching, self._dtype = store, watching, dtype
        self._plain = plain
        self._profile = config.profile

    def go_on(self, first: int, now: state.State, stop: stopping.Stop):
        """Takes the steps after `first`; returns the measures of the last validation.

        Raises:
            As `run`.
        """
        train, program = self._config, self._program
        times = timing.Timing(program.flop, self._dtype)
        bar = progress.bar(first, train.num_steps)
        log = logs.Log(self._watching, times, bar, train.max_skipped)
        clock = progress.Clock(first, train.num_steps)
        profile = None
        if self._profile:
            profile = progress.Profile(self._workdir, first, train.num_steps)
        batches, found = program.batches(first), {}
        for step in bar:
            upcoming = next(batches)
            times.lap("data")
            now, scalars = program.step(now, program.draw(*upcoming))
            if jax.default_backend() == "cpu":
                # Nothing is gained by a queue, and collectives of several steps of
                # made-up devices may wait for each other for ever.
                jax.block_until_ready(scalars)
            clock.tick(step)
            if profile:
                profile.tick(step, scalars)
            times.lap("device")
            self._write(log)  # What came before this step.
            log.add(scalars)
            asked = stop.after(step)
            saves = step % train.checkpoint_every == 0 or step == train.num_steps
            if saves or asked or step % train.log_every == 0:
                log.close_window(step)
            if saves or asked:
                self._write(log)
                found = self._validate(step, now) if saves else {}
                self._store.save(step, now, now.average, self._plain, found)
            if saves:
                log.show(rmse=f"{found['rmse']:.2f} dB")
            times.lap("logging")
            if asked:
                raise stopping.Stopped.after(step, self._workdir, asked)
        return found

    def _write(self, log: logs.Log) -> None:
        """Records what is due, and looks for what went wrong behind the steps."""
        self._store.check()
        try:
            log.write()
        except logs.NotFinite as error:
            batch = self._program.batch(error.step)
            path = folder.keep_batch(self._workdir, error.step, batch)
            raise TrainingError(
                f"up to step {error.step} the loss or its gradient was not finite in "
                f"{error.in_a_row} steps in a row, which were skipped; the last batch "
                f"is in {path}. Look for what is odd in it, or lower "
                "--config.optimiser.learning_rate. The checkpoints so far are whole."
            ) from error

    def _validate(self, step: int, now: state.State) -> dict[str, float]:
        """Measures the averaged weights and records it."""
        checks = self._program.checks
        clean = checks.despeckle(now.average)
        found = checks.measure(clean)
        if math.isnan(found["rmse"]) and np.isfinite(clean).all():
            raise TrainingError(
                "the validation split holds a tile whose reference is 0 all over; "
                "build the data set without it. The checkpoints so far are whole."
            )
        if not math.isfinite(found["rmse"]):
            raise TrainingError(
                f"the network is not finite any more at step {step}; lower "
                "--config.optimiser.learning_rate. The checkpoints so far are whole."
            )
        self._watching.scalars(
            step, {f"validation/{name}": value for name, value in found.items()}
        )
        self._watching.image(step, "noisy, despeckled, reference", checks.first(clean))
        return found
