"""TFDS builders of pgd2jax; `python -m tfds_sar.build` makes a data set."""
