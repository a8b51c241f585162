"""Trains PGD2Net.

python -m pgd2jax.main --config configs/base.py
python -m pgd2jax.main --config configs/demo.py --config.train.num_steps=5000
"""

import pathlib
import sys

from absl import app, flags, logging
from ml_collections import config_flags

from pgd2jax import compilation
from pgd2jax.train import loop

CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Configuration file, such as configs/base.py.", lock_config=True
)
WORKDIR = flags.DEFINE_string(
    "workdir",
    None,
    "Folder of the run; a run found there goes on. Default: runs/NAME for NAME.py.",
)


def _parse(argv: list[str]) -> list[str]:
    """Parses the flags; what does not fit ends in one sentence."""
    try:
        rest = flags.FLAGS(argv)
        if CONFIG.value is None and not flags.FLAGS.only_check_args:
            raise flags.Error("give a configuration: --config configs/base.py")
    except (
        flags.Error,
        OSError,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        SyntaxError,
    ) as error:
        sys.exit(f"pgd2jax.main: {_sentence(error)}")
    if rest[1:]:
        sys.exit(
            f"pgd2jax.main: {rest[1]!r} is no flag; overrides are written "
            "--config.train.num_steps=100"
        )
    return rest


def _sentence(error: Exception) -> str:
    text = error.args[0] if error.args else type(error).__name__
    return " ".join(str(text).split())


def _main(argv: list[str]) -> None:
    del argv
    workdir = WORKDIR.value
    if workdir is None:
        name = pathlib.Path(
            config_flags.get_config_filename(flags.FLAGS["config"])
        ).stem
        workdir = pathlib.Path("runs") / name
    compilation.cache()
    logging.set_verbosity(logging.INFO)
    # Libraries tell of every file; what they have to warn of still comes.
    logging.get_absl_handler().addFilter(
        lambda record: (
            record.levelno > logging.converter.STANDARD_INFO
            or "pgd2jax" in record.pathname
        )
    )
    try:
        found = loop.run(CONFIG.value, pathlib.Path(workdir))
    except (ValueError, OSError) as error:
        sys.exit(f"pgd2jax.main: {_sentence(error)}")
    except KeyboardInterrupt:
        sys.exit(f"pgd2jax.main: stopped; the same command goes on from {workdir}.")
    for name, value in found.items():
        print(f"validation {name}: {value:.3f} dB")
    print(f"weights in {workdir}")


if __name__ == "__main__":
    app.run(_main, flags_parser=_parse)
