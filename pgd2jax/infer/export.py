"""The network with its weights as one file that other programs run.

What is exported takes a whole image of any level, as a Despeckler does; but it knows
neither tiles nor missing data. Its typical power is that of all pixels; a Despeckler
looks at a part of an image of over 1024 rows, which moves the result by some
thousandths. Of a network that whitens its samples the file is for one mode of a sensor;
a range centroid other than 0 is wrong in the columns, up to `model.stride`, that are
mirrored.
"""

import contextlib
import io
import logging

import jax
import jax.numpy as jnp
import numpy as np

from pgd2jax.infer.despeckler import Despeckler
from pgd2jax.sar import radiometry, scenes, whitening

KINDS = ("slc", "intensity")
PLATFORMS = ("cpu", "cuda")


def _gathered(image, stride: int, turned: bool = False):
    """Returns an image mirrored up to the stride, of at least 2 rows and columns.

    `turned` is for a phase of which a moving azimuth centroid is to be found: where
    rows are mirrored, the phase of their conjugates stands.
    """

    def places(size):
        period = 2 * (size - 1)
        place = jnp.arange((size + stride - 1) // stride * stride) % period
        return jnp.minimum(place, period - place)

    rows, cols = map(places, image.shape)
    mirrored = image[rows[:, None], cols]
    behind = jnp.arange(mirrored.shape[0]) >= image.shape[0]
    return jnp.where(turned & behind[:, None], -mirrored, mirrored)


def _flipped(image, stride: int, turned: bool = False):
    """Returns the same, of at least `stride` rows and columns.

    jax2onnx 0.13.0 has neither ranges nor gathers of unknown size, and mistakes the
    size of what `jnp.concatenate` returns: hence slices, and `lax`.
    """
    for axis in (0, 1):
        size = image.shape[axis]
        after = (size + stride - 1) // stride * stride - size
        last = jax.lax.slice_in_dim(jnp.flip(image, axis), 1, 1 + after, axis=axis)
        last = -last if turned and axis == 0 else last
        image = jax.lax.concatenate([image, last], axis)
    return image


def of_mode(seen: whitening.Whitener) -> whitening.Whitener:
    """Returns a whitener for all images of the mode in which one was taken.

    Its Doppler centroid differs from image to image, and is found around every pixel.
    """
    return seen._replace(moves=np.array([True, seen.moves[1]]))


def _intensity(despeckler, power, phase, looks, whitener, padded=_gathered):
    """Returns the intensity of an image, [H, W]; `padded` mirrors it."""
    scale = radiometry.geometric_mean(power)

    def batch(image, turned=False):
        return padded(image, despeckler.model.stride, turned)[None, ..., None]

    estimate = despeckler.model.apply(
        {"params": despeckler.params},
        batch(power / scale),
        None if phase is None else batch(phase, whitener is not None),
        None,
        jnp.clip(looks, 1, scenes.MOST_LOOKS)[None],
        None,
        jax.tree.map(lambda known: known[None], whitener),
    )
    image = estimate.intensity[0, ..., 0]
    for axis, size in enumerate(power.shape):
        image = jax.lax.slice_in_dim(image, 0, size, axis=axis)
    return image * scale


def _check(despeckler: Despeckler, kind: str, whitener) -> None:
    if kind == "slc" and despeckler.by_halves:
        raise ValueError(
            "weights of MERLIN take the parts of an SLC image one after the other, "
            "which a file cannot; export them with --pixels intensity, and give it "
            "intensities."
        )
    if kind == "slc" and despeckler.model.whitens and whitener is None:
        raise ValueError(
            "the network whitens samples: give an SLC image of the sensor and mode "
            "that the file is for, --like scene.tif or whitener=."
        )


def jaxexp(
    despeckler: Despeckler,
    kind: str,
    platforms: tuple[str, ...] = PLATFORMS,
    whitener: whitening.Whitener | None = None,
) -> bytes:
    """Returns a serialised `jax.export.Exported`, for images of any size.

    Of "slc", it takes complex64 samples, [rows, cols]; of "intensity", float32 linear
    power, [rows, cols], and the equivalent number of looks, a float32 number. It
    returns the intensity, [rows, cols] float32 linear power.

    Args:
        despeckler: Of `infer.load`, with a dtype that all platforms have: "float32".
        kind: One of `KINDS`.
        platforms: That the file is for.
        whitener: Of `of_mode`, where the network whitens samples.

    Raises:
        ValueError: if the network whitens samples, and there is no whitener.
    """
    _check(despeckler, kind, whitener)
    shape = jax.export.symbolic_shape("rows, cols", constraints=("rows>=2", "cols>=2"))
    image = jax.ShapeDtypeStruct(shape, np.complex64 if kind == "slc" else np.float32)

    def of_slc(samples):
        power, phase = radiometry.intensity(samples), radiometry.phase(samples)
        return _intensity(despeckler, power, phase, jnp.float32(1), whitener)

    def of_intensity(power, looks):
        return _intensity(despeckler, power, None, looks, None)

    function = of_slc if kind == "slc" else of_intensity
    given = (image,) if kind == "slc" else (image, jax.ShapeDtypeStruct((), "f4"))
    exported = jax.export.export(jax.jit(function), platforms=platforms)(*given)
    return bytes(exported.serialize())


def onnx(
    despeckler: Despeckler, kind: str, whitener: whitening.Whitener | None = None
) -> bytes:
    """Returns an ONNX model, for images with at least `model.stride` rows and columns.

    Like `jaxexp`, but complex samples are given as [rows, cols, 2], real and imaginary
    part, since ONNX has few operations on complex numbers. Its inputs are called
    "samples", or "intensity" and "looks", its output "despeckled".

    Args:
        despeckler: Of `infer.load`, with dtype "float32".
        kind: One of `KINDS`.
        whitener: As for `jaxexp`.

    Raises:
        ValueError: if jax2onnx is not installed, or as `jaxexp` does.
    """
    _check(despeckler, kind, whitener)
    try:
        import jax2onnx
    except ImportError as error:
        raise ValueError(
            f'to write ONNX, pip install "pgd2jax[onnx]". ({error})'
        ) from error

    def of_slc(samples):
        real, imag = samples[..., 0], samples[..., 1]
        power, phase = real * real + imag * imag, jnp.arctan2(imag, real)
        return _intensity(despeckler, power, phase, jnp.float32(1), whitener, _flipped)

    def of_intensity(power, looks):
        return _intensity(despeckler, power, None, looks, None, _flipped)

    function = of_slc if kind == "slc" else of_intensity
    least = despeckler.model.stride
    shape = jax.export.symbolic_shape(
        "rows, cols", constraints=(f"rows>={least}", f"cols>={least}")
    )
    given = [(*shape, 2)] if kind == "slc" else [shape, ()]
    names = ["samples"] if kind == "slc" else ["intensity", "looks"]
    shapes = [jax.ShapeDtypeStruct(shape, np.float32) for shape in given]
    # It tells of each layer, and of parts of JAX that are not needed here.
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            model = jax2onnx.to_onnx(
                function,
                shapes,
                model_name="pgd2jax",
                input_names=names,
                output_names=["despeckled"],
            )
            return model.SerializeToString()
    finally:
        logging.disable(before)
