"""Keeps what XLA compiled, so that the second start is quick."""

import os
import pathlib

import jax


def cache() -> None:
    """Turns JAX's persistent compilation cache on, unless the user has set one.

    A user without a home, as in some containers, goes without.
    """
    if jax.config.jax_compilation_cache_dir:
        return
    try:
        home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    except RuntimeError:
        return
    jax.config.update("jax_compilation_cache_dir", str(pathlib.Path(home) / "pgd2jax"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)
