"""Times whole scenes, from file to file and from array to array.

python benchmarks/scenes.py --size 16384
python benchmarks/scenes.py --size 4096 --weights small --dtype complex_int16

Start-up is the time from the first import to the first finished tile; the rate is that
of the pixels after it. The device is busy for as long as all tiles take one after the
other, without reading or writing. "All but the network" is from file to file once more,
with a network that gives the power of the samples. Run it twice: the first time
compiles, the second reads the compiled network from its cache.
"""

import time

BEGIN = time.perf_counter()

import argparse  # noqa: E402
import pathlib  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from pgd2jax import checkpoints, compilation, infer, raster  # noqa: E402
from pgd2jax.infer import cutting, scene, tiles  # noqa: E402

BLOCK = 512  # Rows that are made at once.


def write_scene(path: pathlib.Path, size: int, dtype: str) -> None:
    """Writes flat single-look ground, [size, size], an uncompressed GeoTIFF."""
    rng = np.random.default_rng(0)
    parts = rng.normal(scale=100, size=(2, BLOCK, size)).astype(np.float32)
    block = parts[0] + 1j * parts[1]
    if dtype == "complex64":
        import tifffile

        blocks = (block[: min(BLOCK, size - row)] for row in range(0, size, BLOCK))
        tifffile.imwrite(
            path,
            blocks,
            shape=(size, size),
            dtype=np.complex64,
            bigtiff=True,
            rowsperstrip=BLOCK,
            photometric="minisblack",
        )
        return
    import rasterio

    profile = {"driver": "GTiff", "height": size, "width": size, "count": 1}
    profile["transform"] = rasterio.transform.from_origin(5e5, 5e6, 10, 10)
    with rasterio.open(path, "w", dtype=dtype, bigtiff="if_safer", **profile) as file:
        for row in range(0, size, BLOCK):
            rows = min(BLOCK, size - row)
            file.write(np.round(block[:rows]), 1, window=((row, row + rows), (0, size)))


def peak_memory() -> float:
    """Returns the largest memory of this process so far, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def one_tile(despeckler: infer.Despeckler, image: np.ndarray, tile: int) -> float:
    """Returns the median time of a tile on the device, s."""
    model = despeckler.model
    plan = tiles.plan(image.shape, model.stride, model.reach, tile)
    (device, params), *_ = despeckler._copies.items()

    def read(start, stop):
        return image[start:stop]

    seen = despeckler.examine(read, image.shape, image.dtype)
    cut = cutting.cut(
        read,
        [(0, plan)],
        2e4,
        slice(0, len(image)),
        put=lambda samples: jax.device_put(samples, device),
    )
    samples, times = next(cut).result().samples, []
    for _ in range(6):
        start = time.perf_counter()
        despeckler._apply(
            params, samples, np.float32(2e4), np.float32(1), seen.whitener
        ).block_until_ready()
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:]))


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=4096, help="pixels [%(default)s]")
    parser.add_argument("--dtype", default="complex64", help="or complex_int16")
    parser.add_argument("--weights", default=checkpoints.DEFAULT, help="[%(default)s]")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--tile", type=int)
    parser.add_argument("--folder", help="for the files [a temporary one]")
    args = parser.parse_args()
    compilation.cache()
    size = args.size
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        source, target = (pathlib.Path(folder) / name for name in ("a.tif", "b.tif"))
        start = time.perf_counter()
        write_scene(source, size, args.dtype)
        writing = time.perf_counter() - start  # No part of any figure.

        despeckler = infer.load(args.weights, dtype=args.precision)
        kind = despeckler.devices[0].device_kind
        print(f"{len(despeckler.devices)} x {kind}, {despeckler.model.dtype}")
        first = []

        def progress(done: int, total: int) -> None:
            if not first:
                first.extend((time.perf_counter(), done))

        start = time.perf_counter()
        scene.despeckle(despeckler, source, target, tile=args.tile, progress=progress)
        end = time.perf_counter()
        whole = end - start
        begun, pixels = first
        print(f"start-up to the first tile: {begun - BEGIN - writing:.1f} s")
        if pixels < size**2:
            rate = (size**2 - pixels) / (end - begun) / 1e6
            print(f"file to file, after the first tile: {rate:.2f} Mpixel/s")
        print(f"memory of the host: {peak_memory():.2f} GiB")
        with raster.Image(source) as file:
            image = file.rows(0, size).astype(np.complex64)
        start = time.perf_counter()
        despeckler(image, tile=args.tile)
        took = time.perf_counter() - start
        print(f"array to array: {size**2 / took / 1e6:.2f} Mpixel/s")
        tile = args.tile or despeckler.tile
        alone = one_tile(despeckler, image, tile)
        model = despeckler.model
        number = tiles.plan(image.shape, model.stride, model.reach, tile).count
        busy = alone * number / len(despeckler.devices)
        print(
            f"one tile of {tile}: {alone * 1e3:.1f} ms; the device is busy "
            f"{busy / took:.0%} of the time from array to array, {busy / whole:.0%} "
            "from file to file"
        )
        despeckler._apply = jax.jit(lambda params, samples, *_: jnp.abs(samples) ** 2)
        start = time.perf_counter()
        scene.despeckle(despeckler, source, target, tile=args.tile, overwrite=True)
        took = time.perf_counter() - start
        print(f"all but the network: {size**2 / took / 1e6:.1f} Mpixel/s")


if __name__ == "__main__":
    main()
