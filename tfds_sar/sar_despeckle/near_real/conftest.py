"""Pairs as a single-look sensor would take them, and files to put them in."""

import io
import zipfile

import numpy as np
import PIL.Image
import pytest
import scipy.io
import tifffile

from pgd2jax.sar import radiometry

SIZE = 256
STEMS = ("1_20160213", "1_20160308", "2_20160213", "3_20160213")


def observe(rng, size=SIZE):
    """Returns reference, intensity and phase: fields behind half a band of range."""
    side = -(-size // 16)
    levels = np.kron(rng.uniform(-15, 0, (side, side)), np.ones((16, 16)))
    reference = radiometry.from_decibel(levels[:size, :size])
    noise = rng.normal(size=(2, size, size)) * np.sqrt(reference)
    spectrum = np.fft.fft2(noise[0] + 1j * noise[1])
    spectrum[:, np.abs(np.fft.fftfreq(size)) > 0.25] = 0
    image = np.fft.ifft2(spectrum)  # Half of power 2 passes the band: power 1.
    return {
        "gt": reference.astype(np.float32),
        "ori": radiometry.intensity(image),
        "pha": radiometry.phase(image),
    }


@pytest.fixture(scope="session")
def pairs():
    """Returns {stem: {role: image}}; dates of a ground share its reference."""
    made = {stem: observe(np.random.default_rng(n)) for n, stem in enumerate(STEMS)}
    made["1_20160308"]["gt"] = made["1_20160213"]["gt"]
    return made


def encode(suffix, image):
    """Returns the bytes of a file of that suffix."""
    file = io.BytesIO()
    if suffix == ".npy":
        np.save(file, image)
    elif suffix in (".tif", ".tiff"):
        tifffile.imwrite(file, image, photometric=("minisblack", "rgb")[image.ndim - 2])
    elif suffix == ".mat":
        scipy.io.savemat(file, {"image": image})
    elif suffix == ".png":
        PIL.Image.fromarray(image).save(file, format="PNG")
    else:
        return image.astype(">f4").tobytes()
    return file.getvalue()


def zipped(files):
    """Returns the bytes of a zip archive of {name: bytes}."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def write(folder, files):
    """Writes {path below the folder: bytes}."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
