"""The network with its weights as one file that other programs run.

What is exported takes a whole image of any level, and mirrors it beyond its borders, as
a Despeckler does; but it knows neither tiles nor missing data.
"""

import contextlib
import io
import logging

import jax
import jax.numpy as jnp
import numpy as np

from pgd2jax.infer import tiles
from pgd2jax.infer.despeckler import Despeckler
from pgd2jax.sar import radiometry

KINDS = ("slc", "intensity")
PLATFORMS = ("cpu", "cuda")


def _mirrored(size, stride: int, halo: int):
    """Returns which rows or columns make an image with its halo; see `tiles`."""
    core = (size + stride - 1) // stride * stride
    place = jnp.arange(core + 2 * halo) - halo
    period = 2 * (size - 1)
    place = jnp.minimum(place, size - 1 + halo) % period
    return jnp.minimum(place, period - place)


def _intensity(despeckler: Despeckler, power, phase, looks):
    """Returns the intensity of an image, [H, W], of at least 2 rows and columns."""
    model, shape = despeckler.model, power.shape
    halo = tiles.halo(model.stride, model.reach)
    rows, cols = (_mirrored(size, model.stride, halo) for size in shape)
    scale = radiometry.geometric_mean(power)

    def around(image):
        return image[rows[:, None], cols][None, ..., None]

    estimate = model.apply(
        {"params": despeckler.params},
        around(power / scale),
        None if phase is None else around(phase),
        None,
        looks[None],
        halo,
    )
    return estimate.intensity[0, : shape[0], : shape[1], 0] * scale


def jaxexp(
    despeckler: Despeckler, kind: str, platforms: tuple[str, ...] = PLATFORMS
) -> bytes:
    """Returns a serialised `jax.export.Exported`, for images of any size.

    Of "slc", it takes complex64 samples, [rows, cols]; of "intensity", float32 linear
    power, [rows, cols], and the equivalent number of looks, a float32 number. It
    returns the intensity, [rows, cols] float32 linear power.

    Args:
        despeckler: Of `infer.load`, with a dtype that all platforms have: "float32".
        kind: One of `KINDS`.
        platforms: That the file is for.
    """
    shape = jax.export.symbolic_shape("rows, cols", constraints=("rows>=2", "cols>=2"))
    image = jax.ShapeDtypeStruct(shape, np.complex64 if kind == "slc" else np.float32)

    def of_slc(samples):
        power, phase = radiometry.intensity(samples), radiometry.phase(samples)
        return _intensity(despeckler, power, phase, jnp.float32(1))

    def of_intensity(power, looks):
        return _intensity(despeckler, power, None, looks)

    function = of_slc if kind == "slc" else of_intensity
    given = (image,) if kind == "slc" else (image, jax.ShapeDtypeStruct((), "f4"))
    exported = jax.export.export(jax.jit(function), platforms=platforms)(*given)
    return bytes(exported.serialize())


def onnx(despeckler: Despeckler, kind: str, size: tuple[int, int]) -> bytes:
    """Returns an ONNX model, for images of one size.

    Like `jaxexp`, but complex samples are given as [rows, cols, 2], real and imaginary
    part, since ONNX has few operations on complex numbers.

    Args:
        despeckler: Of `infer.load`, with dtype "float32".
        kind: One of `KINDS`.
        size: (rows, cols), at least 2 each.

    Raises:
        ValueError: if jax2onnx is not installed.
    """
    try:
        import jax2onnx
    except ImportError as error:
        raise ValueError(
            f'to write ONNX, pip install "pgd2jax[onnx]". ({error})'
        ) from error

    def of_slc(samples):
        real, imag = samples[..., 0], samples[..., 1]
        power, phase = real * real + imag * imag, jnp.arctan2(imag, real)
        return _intensity(despeckler, power, phase, jnp.float32(1))

    def of_intensity(power, looks):
        return _intensity(despeckler, power, None, looks)

    function = of_slc if kind == "slc" else of_intensity
    given = [(*size, 2)] if kind == "slc" else [size, ()]
    shapes = [jax.ShapeDtypeStruct(shape, np.float32) for shape in given]
    # It tells of each layer, and of parts of JAX that are not needed here.
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return jax2onnx.to_onnx(function, shapes).SerializeToString()
    finally:
        logging.disable(logging.NOTSET)
