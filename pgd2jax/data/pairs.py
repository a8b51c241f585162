"""One training pair, and what is done to every pair on the device."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from pgd2jax.sar import radiometry, speckle, whitening


class Pair(NamedTuple):
    """One example; with a leading batch axis after `jax.vmap`.

    Attributes:
        intensity: [H, W, 1] float32 linear power.
        phase: [H, W, 1] float32 radians.
        reference: [H, W, 1] float32 linear power.
        has_phase: Bool; false where the phase means nothing.
        looks: Equivalent number of looks of the intensity, float32.
        whitener: Makes the samples independent.
    """

    intensity: jax.Array
    phase: jax.Array
    reference: jax.Array
    has_phase: jax.Array
    looks: jax.Array
    whitener: whitening.Whitener

    @property
    def inputs(self) -> tuple[Any, ...]:
        """What the network is given, in its order."""
        images = self.intensity, self.phase
        return *images, self.has_phase, self.looks, None, self.whitener


def crop(pair: Pair, key: jax.Array, size: int) -> Pair:
    """Cuts the same random [size, size, 1] window from each image of a pair.

    Raises:
        ValueError: if the images are smaller.
    """
    rows, cols, _ = pair.reference.shape
    if size > min(rows, cols):
        raise ValueError(f"data.crop={size} must be at most {min(rows, cols)}.")
    spare = jnp.array([rows - size + 1, cols - size + 1])
    row, col = jax.random.randint(key, (2,), 0, spare)

    def window(image):
        return jax.lax.dynamic_slice(image, (row, col, 0), (size, size, 1))

    return pair._replace(
        intensity=window(pair.intensity),
        phase=window(pair.phase),
        reference=window(pair.reference),
    )


def normalise(pair: Pair) -> Pair:
    """Scales a pair so that the intensity's geometric mean is 1."""
    scale = radiometry.geometric_mean(pair.intensity)
    return pair._replace(
        intensity=pair.intensity / scale, reference=pair.reference / scale
    )


def observed(observation: speckle.Observation) -> Pair:
    """Returns a normalised pair of an `Observation`."""
    return normalise(
        Pair(
            intensity=observation.intensity[..., None],
            phase=observation.phase[..., None],
            reference=observation.reference[..., None],
            has_phase=observation.looks == 1,
            looks=observation.looks,
            whitener=observation.whitener,
        )
    )


def augment(
    pair: Pair,
    key: jax.Array,
    *,
    phase_dropout: float,
    level_jitter: float,
    looks_jitter: float,
) -> Pair:
    """Turns, mirrors and scales a normalised pair, and takes the phase from some.

    A mirrored SLC is the SLC of mirrored ground seen by a sensor with mirrored
    spectrum, so turning samples as they are keeps the phase's meaning.

    Args:
        pair: Square and normalised.
        key: PRNG key of the example.
        phase_dropout: Part of the examples that lose their phase.
        level_jitter: Largest change of level, dB: a crop's level is not its scene's.
        looks_jitter: Standard deviation of the logarithm of the looks that are told of
            an image without phase: users estimate them.
    """
    turn, up, left, drop, level, tell = jax.random.split(key, 6)
    images = pair.intensity, pair.phase, pair.reference
    whitener = pair.whitener
    for choice, move, follow in (
        (turn, lambda image: image.swapaxes(0, 1), whitening.turned),
        (up, lambda image: image[::-1], functools.partial(whitening.mirrored, axis=0)),
        (
            left,
            lambda image: image[:, ::-1],
            functools.partial(whitening.mirrored, axis=1),
        ),
    ):
        # `cond`, not `where`: a CPU would compute both sides of every choice.
        images, whitener = jax.lax.cond(
            jax.random.bernoulli(choice),
            lambda images, known, move=move, follow=follow: (
                jax.tree.map(move, images),
                follow(known),
            ),
            lambda images, known: (images, known),
            images,
            whitener,
        )
    intensity, phase, reference = images

    decibel = jax.random.uniform(level, minval=-level_jitter, maxval=level_jitter)
    gain = radiometry.from_decibel(decibel)
    has_phase = pair.has_phase & ~jax.random.bernoulli(drop, phase_dropout)
    told = pair.looks * jnp.exp(looks_jitter * jax.random.normal(tell))
    return Pair(
        intensity=intensity * gain,
        phase=jnp.where(has_phase, phase, 0.0),
        reference=reference * gain,
        has_phase=has_phase,
        looks=jnp.where(has_phase, pair.looks, jnp.maximum(told, 1.0)),
        whitener=whitener,
    )
