"""Several runs from one command: all combinations of the values given.

python -m pgd2jax.main --config configs/small.py:seed=0/1/2,width=8/16

Behind the colon, `NAME=VALUE` changes what `--config.NAME=VALUE` would, `/` stands
between the values of a sweep, and `width` is short for `model.features`; a value that
holds a slash itself is given as `--config.NAME=VALUE`, which goes to every run. The
runs are trained one after the other in folders of `--workdir`, or of
`runs/small-sweep`, such as `seed=0,width=8`; one that fails stops none of the others,
and the same command goes on after an interruption. At the end `sweep.md` and
`sweep.csv` hold the validation of the best checkpoint of each run, and mean and
standard deviation where runs differ by their seed alone.
"""

from pgd2jax.sweep.planning import Plan, Run, SweepError, config_flag, plan
from pgd2jax.sweep.results import Result
from pgd2jax.sweep.running import run
from pgd2jax.sweep.table import TABLE

__all__ = ["TABLE", "Plan", "Result", "Run", "SweepError", "config_flag", "plan", "run"]
