"""Building blocks of both subnetworks."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from pgd2jax.sar import radiometry

# Power of a sub-look over the mean of all, below which it lies outside of the band.
EMPTY = 0.01

# Cells of 2 x 2 pixels to each side over which a spectrum is averaged: as few as show
# it, since a TOPS ramp moves it by a tenth of the sampling rate within their 14 lines.
AROUND = 3

# For layers that add to an identity: deep stacks begin near it.
SMALL = nn.initializers.variance_scaling(0.1, "fan_in", "truncated_normal")


def space_to_depth(x: jax.Array) -> jax.Array:
    """Folds 2 x 2 pixels into channels: [B, H, W, C] to [B, H/2, W/2, 4C]."""
    batch, rows, cols, channels = x.shape
    x = x.reshape(batch, rows // 2, 2, cols // 2, 2, channels)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(
        batch, rows // 2, cols // 2, 4 * channels
    )


def depth_to_space(x: jax.Array) -> jax.Array:
    """Unfolds channels into 2 x 2 pixels: [B, H, W, 4C] to [B, 2H, 2W, C]."""
    batch, rows, cols, channels = x.shape
    x = x.reshape(batch, rows, cols, 2, 2, channels // 4)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(
        batch, 2 * rows, 2 * cols, channels // 4
    )


class Pointwise(nn.Module):
    """A 1 x 1 convolution as the matrix product that it is.

    XLA's convolution takes three times as long for it on a CPU.

    Attributes:
        features: Channels of the output.
        dtype: Of the computation.
    """

    features: int
    dtype: str = "float32"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Returns [B, H, W, features] for `x`, [B, H, W, C]."""
        shape = (1, 1, x.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        kernel, bias = kernel[0, 0].astype(self.dtype), bias.astype(self.dtype)
        return x.astype(self.dtype) @ kernel + bias


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside an identity.

    Not in the paper: no normalisation. It costs as much as a convolution on a GPU,
    and the level of a log-intensity image is information.

    Attributes:
        features: C, the channels of input and output.
        dtype: Of the computation.
    """

    features: int
    dtype: str = "float32"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Returns [B, H, W, C] for `x` of the same shape."""
        y = nn.Conv(self.features, (3, 3), dtype=self.dtype, name="first")(x)
        y = nn.relu(y)
        y = nn.Conv(
            self.features, (3, 3), dtype=self.dtype, kernel_init=SMALL, name="second"
        )(y)
        return x + y


def residual_block(remat: bool) -> type[ResidualBlock]:
    """Returns ResidualBlock, or one whose backward pass computes its inside again."""
    return nn.remat(ResidualBlock) if remat else ResidualBlock


class Head(nn.Module):
    """Turns features at half resolution into one image at full resolution.

    Attributes:
        dtype: Of the input; the result is float32.
    """

    dtype: str = "float32"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Returns [B, 2H, 2W, 1] float32, zeros at the start of training."""
        y = nn.Conv(
            4, (3, 3), dtype="float32", kernel_init=nn.initializers.zeros, name="conv"
        )(x.astype(jnp.float32))
        return depth_to_space(y)


class Context(nn.Module):
    """Adds what is known of a whole image to its features, the same at every pixel.

    Attributes:
        dtype: Of the features.
    """

    dtype: str = "float32"

    @nn.compact
    def __call__(self, x: jax.Array, context: jax.Array) -> jax.Array:
        """Returns [B, H, W, C] for features `x` of that shape and `context`, [B, K]."""
        known = nn.Dense(x.shape[-1], dtype=self.dtype, name="dense")(context)
        return x + known[:, None, None]


def direction(slc: jax.Array) -> jax.Array:
    """Returns cosine and sine of the phase, [B, H, W, 1] complex to [B, H, W, 2]."""
    parts = jnp.concatenate([slc.real, slc.imag], axis=-1)
    norm = jnp.sum(parts * parts, axis=-1, keepdims=True)
    return parts * jax.lax.rsqrt(jnp.maximum(norm, radiometry.LOG_FLOOR))


def _bands(key: jax.Array, shape: tuple[int, int, int, int], dtype) -> jax.Array:
    """Returns complex filters that share the spectrum out, for a start.

    Hann windows at frequencies that fill the square evenly (the sequence of Roberts,
    "The unreasonable effectiveness of quasirandom sequences", 2018), each turned by a
    random angle.
    """
    rows, cols, _, filters = shape
    window = jnp.hanning(rows + 2)[1:-1, None] * jnp.hanning(cols + 2)[1:-1]
    number = jnp.arange(1, filters + 1)
    row_frequency = (number / 1.324718) % 1
    col_frequency = (number / 1.324718**2) % 1
    angle = jax.random.uniform(key, (filters,))
    cycles = (
        jnp.arange(rows)[:, None, None] * row_frequency
        + jnp.arange(cols)[:, None] * col_frequency
        + angle
    )
    bands = window[..., None] * jnp.exp(-2j * jnp.pi * cycles)
    return (bands / jnp.linalg.norm(window)).astype(dtype)[:, :, None, :]


def _around(x: jax.Array) -> jax.Array:
    """Returns the mean over `AROUND` cells to each side, [B, H, W, C]."""
    wide = 2 * AROUND + 1

    def means(x):
        for window in ((wide, 1), (1, wide)):  # By name, as jax2onnx wants it.
            x = nn.avg_pool(x, window_shape=window, padding="SAME")
        return x

    # Of each window, the part in the image. nn.avg_pool's own count would have XLA fold
    # a constant of the size of the image for seconds while it compiles.
    rows = jnp.ones((1, x.shape[1], 1, 1), x.dtype)
    cols = jnp.ones((1, 1, x.shape[2], 1), x.dtype)
    return means(x) / (means(rows) * means(cols) * wide**2)


class SubLooks(nn.Module):
    """Learned sub-looks: the power behind short complex filters, for 2 x 2 pixels each.

    Each filter passes a part of the spectrum, so that its speckle is partly
    independent of the full band's. This is where the phase pays: the phase at a pixel
    is noise, the complex values of its neighbours are not.

    Whitened, each is compared with its own power around: what is left is its speckle
    and the ground, the same for every band, weighting and centroid.

    Not in the paper, which only says that the phase goes in.

    Attributes:
        filters: K, how many.
        size: Rows and columns of a filter, even.
        whiten: Compare each with its power in `AROUND` cells to each side.
    """

    filters: int
    size: int
    whiten: bool = False

    @nn.compact
    def __call__(self, slc: jax.Array) -> jax.Array:
        """Returns what the sub-looks show, [B, H/2, W/2, K + 1] float32.

        That is the natural log of each one's power over the mean of all, softly bounded
        below at `EMPTY`, whitened or not, and the log of that mean.

        Args:
            slc: Complex samples of typical power 1, [B, H, W, 1] complex64.
        """
        shape = (self.size, self.size, 1, self.filters)
        bands = self.param(
            "bands",
            lambda key: jnp.stack(
                [f(_bands(key, shape, jnp.complex64)) for f in (jnp.real, jnp.imag)]
            ),
        )
        real, imag = bands
        # (a + jb)(c + jd) as one real convolution of [a, b] to K real and K imaginary.
        kernel = jnp.concatenate(
            [
                jnp.concatenate([real, imag], axis=-1),
                jnp.concatenate([-imag, real], axis=-1),
            ],
            axis=-2,
        )
        margin = self.size // 2 - 1  # Of a filter beyond its 2 x 2 pixels.
        looks = jax.lax.conv_general_dilated(
            jnp.concatenate([slc.real, slc.imag], axis=-1),
            kernel,
            window_strides=(2, 2),
            padding=((margin, margin), (margin, margin)),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        looks = jax.lax.complex(*jnp.split(looks, 2, axis=-1))
        power = radiometry.intensity(looks)
        mean = jnp.maximum(power.mean(axis=-1, keepdims=True), radiometry.LOG_FLOOR)
        ratios = radiometry.log_intensity(power / mean + EMPTY)
        if self.whiten:
            ratios -= _around(ratios)
        return jnp.concatenate([ratios, radiometry.log_intensity(mean)], axis=-1)
