"""One training pair, and what is done to every pair on the device."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pgd2jax.sar import radiometry


class Pair(NamedTuple):
    """One example; with a leading batch axis after `jax.vmap`.

    Attributes:
        intensity: [H, W, 1] float32 linear power.
        phase: [H, W, 1] float32 radians.
        reference: [H, W, 1] float32 linear power.
        has_phase: Bool; false where the phase means nothing.
    """

    intensity: jax.Array
    phase: jax.Array
    reference: jax.Array
    has_phase: jax.Array


def normalise(pair: Pair) -> Pair:
    """Scales a pair so that the intensity's geometric mean is 1."""
    scale = radiometry.geometric_mean(pair.intensity)
    return pair._replace(
        intensity=pair.intensity / scale, reference=pair.reference / scale
    )


def augment(
    pair: Pair, key: jax.Array, *, phase_dropout: float, level_jitter: float
) -> Pair:
    """Turns, mirrors and scales a normalised pair, and takes the phase from some.

    A mirrored SLC is the SLC of mirrored ground seen by a sensor with mirrored
    spectrum, so turning samples as they are keeps the phase's meaning.

    Args:
        pair: Square and normalised.
        key: PRNG key of the example.
        phase_dropout: Part of the examples that lose their phase.
        level_jitter: Largest change of level, dB: a crop's level is not its scene's.
    """
    turn, up, left, drop, level = jax.random.split(key, 5)
    choices = [jax.random.bernoulli(k) for k in (turn, up, left)]

    def move(image):
        image = jnp.where(choices[0], image.swapaxes(0, 1), image)
        image = jnp.where(choices[1], image[::-1], image)
        return jnp.where(choices[2], image[:, ::-1], image)

    decibel = jax.random.uniform(level, minval=-level_jitter, maxval=level_jitter)
    gain = radiometry.from_decibel(decibel)
    has_phase = pair.has_phase & ~jax.random.bernoulli(drop, phase_dropout)
    return Pair(
        intensity=move(pair.intensity) * gain,
        phase=jnp.where(has_phase, move(pair.phase), 0.0),
        reference=move(pair.reference) * gain,
        has_phase=has_phase,
    )
