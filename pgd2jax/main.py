"""Trains PGD2Net.

python -m pgd2jax.main --config configs/base.py
python -m pgd2jax.main --config configs/quick.py --config.train.num_steps=5000
python -m pgd2jax.main --config configs/small.py:seed=0/1/2,width=8/16
"""

import contextlib
import pathlib
import shlex
import signal
import sys

import jax
from absl import app, flags, logging
from ml_collections import config_flags

from pgd2jax import checkpoints, compilation, streams, sweep
from pgd2jax.evaluation import after_training, methods
from pgd2jax.report import page
from pgd2jax.train import folder, hosts, loop, stopping

CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Configuration file, such as configs/base.py.", lock_config=True
)
WORKDIR = flags.DEFINE_string(
    "workdir",
    None,
    "Folder of the run; a run found there goes on. Default: runs/NAME for NAME.py.",
)
DISTRIBUTED = flags.DEFINE_boolean(
    "distributed",
    False,
    "Train with other processes: JAX finds them under Slurm, Open MPI, Kubernetes, "
    "and on TPU pods. Elsewhere, name them:",
)
COORDINATOR = flags.DEFINE_string("coordinator", "", "HOST:PORT of the first process.")
PROCESSES = flags.DEFINE_integer("processes", 0, "Count of all processes.")
PROCESS = flags.DEFINE_integer("process", -1, "Number of this one, from 0.")


def _parse(argv: list[str]) -> sweep.Plan:
    """Parses the flags; what does not fit ends in one sentence."""
    _, given = sweep.config_flag(argv) or (None, "")
    config = given.partition(":")[0]  # Before the flag itself fails on it.
    helps = any(flag.lstrip("-").startswith("help") for flag in argv[1:])
    if not helps:
        if not config:
            sys.exit("pgd2jax.main: say what to train: --config configs/base.py")
        if not pathlib.Path(config).is_file():
            sys.exit(f"pgd2jax.main: {config}: there is no such configuration file.")
    try:
        # All values of a sweep, so that a mistyped one fails before anything runs.
        plan = sweep.plan(argv)
        sys.argv = plan.argv  # Where the configuration looks for overrides.
        rest = flags.FLAGS(plan.argv)
        # Loads the file, if no override has yet.
        _ = None if helps else CONFIG.value
    except Exception as error:  # A configuration is a program: it may raise anything.
        why = _sentence(error)
        if error.args and isinstance(error.args[0], KeyError):  # Of an override.
            why = "it has no value " + why.strip('"')
        sys.exit(f"pgd2jax.main: {config}: {why}")
    if rest[1:]:
        sys.exit(
            f"pgd2jax.main: {rest[1]!r} is no flag; overrides are written "
            "--config.train.num_steps=100"
        )
    return plan


def _sentence(error: Exception) -> str:
    """Returns the message on one line, without the quotes of nested errors."""
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(filter(None, (error.filename, error.strerror)))
    if isinstance(error, ModuleNotFoundError):  # Configurations import each other.
        return f"{error}; start in the folder that holds {error.name}, or install it."
    text = str(error.args[0]) if error.args else type(error).__name__
    text = " ".join(text.replace("\\n", " ").replace("\\'", "'").split())
    quoted = len(text) > 2 and text[0] == text[-1] == "'"
    return text[1:-1] if quoted else text


def _worth_telling(record) -> bool:
    """Returns whether a line of the log is for the user.

    Libraries tell of every file; what they have to warn of still comes. What Orbax
    fails at in the background, and tells in fifty lines, is raised to us, too.
    """
    if record.pathname.startswith(str(pathlib.Path(__file__).parent)):
        return True
    if "orbax" in pathlib.Path(record.pathname).parts:
        return False
    return record.levelno > logging.converter.STANDARD_INFO


def _report(config, workdir: pathlib.Path) -> None:
    """Evaluates what was trained and writes a page on it, unless that is done."""
    path = workdir / folder.REPORT
    if not config.evaluation.tiles:
        return
    if path.exists():
        print(f"{path} is there already; delete it to measure anew")
        return
    logging.info("Evaluating on %d tiles of the test split.", config.evaluation.tiles)
    command = shlex.join(["python", "-m", "pgd2jax.main", *sys.argv[1:]])
    evaluation = after_training.run(config, workdir, command)
    trained = checkpoints.restore_config(workdir)
    page.write(path, evaluation, workdir / "scalars.csv", trained)
    print(f"look at {path}")


def _sweep(plan: sweep.Plan) -> None:
    """Trains all runs of a sweep and prints the table of them."""
    workdir = pathlib.Path(WORKDIR.value or plan.folder)
    results = sweep.run(plan.runs, workdir)
    print((workdir / sweep.TABLE).read_text(), end="")
    failed = [
        run.name for run, found in zip(plan.runs, results, strict=True) if found.failed
    ]
    if failed:
        sys.exit(
            f"pgd2jax.main: {len(failed)} of {len(results)} runs failed, "
            f"{' and '.join(failed)}; the same command tries them again."
        )


def _check(config) -> None:
    """Checks what is needed only when a training is done."""
    methods.check(config.evaluation.methods)
    if config.evaluation.tiles < 0:
        raise ValueError(f"{config.evaluation.tiles=} must be 0 or more.")
    if config.data.source == "merlin" and config.evaluation.tiles:
        logging.warning(
            "MERLIN has no reference: the report will compare with halves, which are "
            "speckle. Take configs/merlin.py, or --config.evaluation.tiles=0."
        )


def _main(plan: sweep.Plan) -> None:
    workdir = WORKDIR.value
    if workdir is None:
        name = pathlib.Path(
            config_flags.get_config_filename(flags.FLAGS["config"])
        ).stem
        workdir = f"runs/{name}"
    workdir = pathlib.Path(workdir)
    compilation.cache()
    jax.config.update("jax_enable_x64", False)  # Pairs and weights are float32.
    logging.set_verbosity(logging.INFO)
    logging.get_absl_handler().addFilter(_worth_telling)
    try:
        if len(plan.runs) > 1:
            _sweep(plan)
            return
        _check(CONFIG.value)
        place = COORDINATOR.value, PROCESSES.value, PROCESS.value
        if DISTRIBUTED.value or place != hosts.ANYWHERE:
            hosts.join(*place)
        found = loop.run(CONFIG.value, workdir)
        first = jax.process_index() == 0
        hosts.leave()
        if not first:
            return
        for name, value in found.items():
            print(f"validation {name}: {value:.3f} dB")
        print(f"weights in {workdir}")
        _report(CONFIG.value, workdir)
    except stopping.Stopped as stopped:
        with contextlib.suppress(OSError):  # The terminal may be gone.
            print(f"pgd2jax.main: {stopped}", file=sys.stderr)
        sys.exit(stopped.status)
    except (ValueError, OSError) as error:
        logging.debug("It was raised here:", exc_info=True)
        sys.exit(f"pgd2jax.main: {_sentence(error)}")
    except KeyboardInterrupt:
        print(
            f"pgd2jax.main: stopped; the same command goes on from {workdir}.",
            file=sys.stderr,
        )
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    streams.open_closed()
    app.run(_main, flags_parser=_parse)
