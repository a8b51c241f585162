"""What a run leaves for its owner to watch."""

from pgd2jax.train.watch.watching import Recorder, Watch, check, create

__all__ = ["Recorder", "Watch", "check", "create"]
