"""Weights made ready to use on images of any size and any scale."""

import collections
import functools
import itertools
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging

from pgd2jax import memory, raster
from pgd2jax.infer import cutting, forks, tiles
from pgd2jax.infer.ahead import ahead
from pgd2jax.infer.checked import checked
from pgd2jax.infer.lazy import Lazy
from pgd2jax.infer.source import Source
from pgd2jax.infer.survey import Survey, survey, whitener
from pgd2jax.models import PGD2Net
from pgd2jax.sar import halves, radiometry, scenes

Read = Callable[[int, int], np.ndarray]

# Looks of complex samples from which they are called averaged: correlated samples of
# one look are found to have up to 1.2.
AVERAGED = 1.5
# Rows and columns of a tile without its halo, for a network with 64 channels. On a CPU
# it takes under 2 GB; an accelerator is kept busy, and the halo costs it a fifth.
TILE = 1024
LARGE_TILE = 1536
WAITING = 2  # Tiles a device works on or has finished; those that wait are there, too.
MOST_PROGRAMS = 16  # Kept, one for each size of tile, of some 15 MB each.


class Despeckler:
    """Despeckles single-look complex images, or intensities.

    Attributes:
        model: The network.
        params: Its weights, nested dicts of arrays.
        config: The configuration that trained them.
        devices: Tiles are dealt out to these.
        by_halves: Whether the network is of MERLIN, and takes the two parts of an SLC
            one after the other.
    """

    def __init__(
        self,
        model: PGD2Net,
        params: Any,
        config: Mapping[str, Any],
        devices: Sequence[jax.Device] | None = None,
    ):
        """Takes a network and its weights; `load` finds both.

        `devices` are all accelerators of this process if None, or the one CPU.
        """
        forks.check()
        self.model = model
        self.params = params
        self.config = config
        if devices is None:
            local = jax.local_devices()
            devices = local[:1] if local[0].platform == "cpu" else local
        self.devices = tuple(devices)
        self.by_halves = config.get("data", {}).get("source") == "merlin"
        self._copies = {d: jax.device_put(params, d) for d in self.devices}
        # What gets there is finite, so that a relu need not pass NaN on.
        options = {"xla_cpu_enable_fast_min_max": True}
        on_cpu = self.devices[0].platform == "cpu"
        self._apply = jax.jit(self._tile, compiler_options=options if on_cpu else None)
        self._compiled = set()  # What it has been called with.

    def __reduce__(self):
        """Travels to another process, as of dask, and takes the devices it finds."""
        return Despeckler, (self.model, jax.device_get(self.params), self.config)

    @property
    def tile(self) -> int:
        """Rows and columns worked on at once, without the halo, if not told otherwise.

        The memory that they take is about the same for any number of channels.
        """
        side = TILE if self.devices[0].platform == "cpu" else LARGE_TILE
        halos = 2 * self.model.reach
        whole = (side + halos) * math.sqrt(64 / self.model.features)
        return max(round(whole) - halos, self.model.stride)

    def _less_memory(self, plan: tiles.Plan) -> str:
        """Returns what to do where a tile takes too much memory, for people."""
        step = max(axis.step for axis in plan)
        if step > self.model.stride:
            mend = f"ask for --tile {step // 2} or tile={step // 2}"
        else:
            mend = "take smaller weights, or a part of the image"
        if self.devices[0].platform != "cpu":
            mend += ", or set JAX_PLATFORMS=cpu"
        return mend

    def _tile(self, params, samples, scale, looks, whitener):
        """Returns the intensity of a tile, [H, W]."""
        samples, slc = samples[None, ..., None], None
        if jnp.iscomplexobj(samples):
            slc = samples * (1 / radiometry.amplitude(scale))  # Quicker than to divide.
            power = radiometry.intensity(slc)
            if whitener is None and self.model.whitens:
                slc = None  # Too little of it to tell how.
        else:
            power = samples / scale
        estimate = self.model.apply(
            {"params": params},
            power,
            looks=looks[None],
            slc=slc,
            whitener=jax.tree.map(lambda known: known[None], whitener),
        )
        return estimate.intensity[0, ..., 0] * scale

    def _estimate(self, samples, scale, looks, whitener) -> jax.Array:
        """Returns `_tile` of samples on a device; programs for it are kept, but few."""
        kind = samples.shape, samples.dtype, whitener is None
        if kind not in self._compiled and len(self._compiled) >= MOST_PROGRAMS:
            self._apply.clear_cache()
            self._compiled.clear()
        self._compiled.add(kind)
        params = self._copies[samples.device]
        return self._apply(params, samples, scale, looks, whitener)

    def __call__(
        self,
        slc: np.ndarray | None = None,
        *,
        intensity: np.ndarray | None = None,
        looks: float | None = None,
        tile: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> np.ndarray:
        """Despeckles one image.

        The result scales with the input: f(c z) = |c|^2 f(z). Pixels that are NaN or
        infinite come back as NaN and leave their neighbours alone; zeros that fill a
        square of 5 x 5 pixels are no data and stay 0. Weights of MERLIN despeckle both
        halves of an SLC image, which is to be of one burst, and return their mean.

        Args:
            slc: Complex samples, [H, W], any scale, not multilooked. What is masked in
                a masked array is no data.
            intensity: Instead of `slc`, where there is no phase: linear power, [H, W],
                floats.
            looks: Equivalent number of looks of `intensity`, at least 1; estimated from
                the image if None. An SLC image has one.
            tile: Rows and columns worked on at once, without the halo; changes memory
                and speed, not the result. The despeckler's own if None.
            progress: Called with (pixels done, pixels in all).

        Returns:
            The intensity, E|slc|^2, [H, W] float32 linear power.

        Raises:
            ValueError: if the image is empty, not [H, W], of a wrong type or negative,
                if `looks` does not fit it, or if the spectrum does not fit MERLIN.
            OutOfMemoryError: if a tile takes more memory than the device has.
        """
        image = checked(slc, intensity)
        if self.by_halves and slc is not None and looks in (None, 1):
            found = [
                self(intensity=half, looks=1, tile=tile, progress=progress)
                for half in halves.of(image)
            ]
            return sum(found) / len(found)
        kind = np.complex64 if slc is not None else np.float32

        def read(start, stop):
            return image[start:stop].astype(kind, copy=False)

        seen = self.examine(read, image.shape, kind, looks)
        result = np.empty(image.shape, np.float32)
        for _ in self.bands(read, image.shape, seen, tile, progress, out=result):
            pass
        return result

    def open(
        self,
        path: str | os.PathLike,
        layer: str | None = None,
        *,
        kind: str = "auto",
        looks: float | None = None,
        tile: int | None = None,
    ) -> Lazy:
        """Returns a file's despeckled intensity, worked out where it is looked at.

        Args:
            path: What `raster.Image` reads.
            layer: Of the images in the file, if it holds several.
            kind: What its pixels are, one of `pixels.KINDS`.
            looks: As for the call; of Sentinel-1 GRD known, if None.
            tile: As for the call.

        Returns:
            Like an array of [rows, cols]: `clean[1000:2000]`, `numpy.asarray(clean)`.

        Raises:
            RasterError: if the file cannot be read.
            ValueError: if its pixels cannot be despeckled.
        """
        image = raster.Image(path, layer)
        try:
            source = Source(image, kind)
            with raster.named(path):
                seen = self.examine(
                    source.read, source.shape, source.dtype, source.looks(looks)
                )
        except BaseException:
            image.close()
            raise
        made = functools.partial(
            self.bands, source.read, source.shape, seen, tile, pieces=image.pieces
        )
        return Lazy(source, seen, made)

    def examine(
        self, read: Read, shape: tuple[int, int], dtype: Any, looks: float | None = None
    ) -> Survey:
        """Looks at some rows of a scene; what it returns is for `bands`.

        Args:
            read: (start, stop) -> rows `start` to `stop` - 1, [rows, cols] complex64
                samples or float32 linear power.
            shape: (rows, cols) of the scene.
            dtype: Of what `read` returns.
            looks: As for the call.

        Raises:
            ValueError: as the call does.
        """
        single = np.dtype(dtype).kind == "c"
        if looks is not None and not 1 <= looks < np.inf:
            raise ValueError(f"{looks=} must be at least 1.")
        if single and looks not in (None, 1):
            raise ValueError(
                f"{looks=}: an SLC image has one look; leave looks out, or give the "
                "intensity alone."
            )
        if single and self.by_halves:
            raise ValueError(
                "weights of MERLIN need the spectrum of the whole image, and take it "
                "as an array, of one burst: pgd2jax.load(WEIGHTS)(slc) in Python."
            )
        seen = survey(read, shape)
        if seen.scale is None:
            logging.warning(
                "the image holds no data: all is NaN, 0, or too small or too large for "
                "float32."
            )
        if single:
            looks = _one_look(seen.looks)
        elif looks is None:
            looks = seen.looks
        if looks > scenes.MOST_LOOKS:
            logging.warning(
                "%.1f looks are more than the %g that the network knows: at 30 it "
                "still helps, at 80 and more it may take more than it gives.",
                looks,
                scenes.MOST_LOOKS,
            )
        if single and self.model.whitens:
            seen = seen._replace(whitener=whitener(read, shape))
            if seen.whitener is None and seen.scale is not None:
                logging.warning(
                    "the image is too small, or has too many gaps, to see the sensor's "
                    "spectrum, or shows several: it is despeckled without its phase."
                )
        return seen._replace(looks=looks)

    def bands(
        self,
        read: Read,
        shape: tuple[int, int],
        seen: Survey,
        tile: int | None = None,
        progress: Callable[[int, int], None] | None = None,
        wanted: slice | None = None,
        pieces: Sequence[slice] | None = None,
        out: np.ndarray | None = None,
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Despeckles a scene from top to bottom, holding a few bands of it at a time.

        Threads read and cut while the devices work, and end with the iterator: close
        it if it is not used up.

        Args:
            read: As for `examine`.
            shape: (rows, cols) of the scene.
            seen: From `examine`.
            tile: As for the call.
            progress: As for the call.
            wanted: Rows; bands without any of them are passed over. None for all.
            pieces: Rows of parts that are no neighbours on the ground, as bursts, each
                despeckled as a scene of its own. None for one.
            out: The scene's intensity, [rows, cols] float32, to be filled in. If None,
                each band is an array of its own.

        Yields:
            Rows of the scene, and their intensity, [rows, cols] float32 linear power.
        """
        forks.check()
        tile = self.tile if tile is None else tile
        rows, cols = shape
        plans = [
            (
                piece.start,
                tiles.plan(
                    (piece.stop - piece.start, cols),
                    self.model.stride,
                    self.model.reach,
                    tile,
                ),
            )
            for piece in pieces or [slice(0, rows)]
        ]
        scale = np.float32(1 if seen.scale is None else seen.scale)
        looks = np.float32(min(seen.looks, scenes.MOST_LOOKS))
        deal = itertools.cycle(self.devices)
        flying = collections.deque()  # Tiles and, sooner or later, their estimates.
        band = None

        def land():
            nonlocal band
            cut, estimate = flying.popleft()
            core, across = cut.rows.core, cut.cols.core
            top, height = cut.first + core.start, core.stop - core.start
            if across.start == 0:
                if out is None:
                    band = np.empty((height, cols), np.float32)
                else:
                    band = out[top : top + height]
            target = band[:, across]
            if estimate is None:
                target[:] = cut.blank
            else:
                target[:] = np.asarray(estimate)[cut.rows.inside, cut.cols.inside]
                if cut.blank is not None:
                    target *= cut.blank
            if progress:
                progress(top * cols + height * across.stop, rows * cols)
            if across.stop == cols:
                yield slice(top, top + height), band

        limit = WAITING * len(self.devices)
        with memory.of_device(self.devices[0], self._less_memory(plans[0][1])):
            tiles_of = cutting.cut(
                read,
                plans,
                scale,
                wanted or slice(0, rows),
                put=lambda samples: jax.device_put(samples, next(deal)),
                whitener=seen.whitener,
            )
            for future in ahead(tiles_of, max(limit, cutting.THREADS)):
                cut, estimate = future.result(), None
                if cut.samples is not None:
                    estimate = self._estimate(cut.samples, scale, looks, seen.whitener)
                    estimate.copy_to_host_async()
                flying.append((cut, estimate))
                if len(flying) > limit:
                    yield from land()
            while flying:
                yield from land()


def _one_look(found: float) -> float:
    """Returns 1, and warns if the samples of an SLC image seem to have more looks."""
    if found > AVERAGED:
        logging.warning(
            "the samples of an SLC image have one look, these about %.1f: were they "
            "averaged or filtered before?",
            found,
        )
    return 1.0
