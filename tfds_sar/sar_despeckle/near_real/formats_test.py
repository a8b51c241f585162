import io
import pickle
import struct

import numpy as np
import PIL.Image
import pytest
import scipy.io

from tfds_sar.sar_despeckle.near_real import formats
from tfds_sar.sar_despeckle.near_real.conftest import encode

IMAGE = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("suffix", [".tif", ".tiff", ".npy", ".mat", ".png"])
def test_pixels_come_back_in_their_type(suffix, dtype):
    if suffix == ".png" and dtype == "float32":
        pytest.skip("PNG holds integers")
    image = IMAGE.astype(dtype)
    decoded = formats.decode(f"a/B{suffix.upper()}", encode(suffix, image))
    assert decoded.dtype == dtype
    np.testing.assert_array_equal(decoded, image)


def test_gamma_images_are_big_endian_with_rows_of_range():
    data = struct.pack(">12f", *range(12))
    par = b"range_samples:      4\nazimuth_lines:      3\nimage_format: FLOAT\n"
    np.testing.assert_array_equal(formats.decode("a.rmli", data, par), IMAGE)
    square = formats.decode("a.rmli", data[:16])
    np.testing.assert_array_equal(square, [[0, 1], [2, 3]])


@pytest.mark.parametrize(
    ("data", "par", "says"),
    [
        (bytes(48), None, "48 bytes is not square; put its .par file beside it"),
        (bytes(16), b"range_samples: 3\nazimuth_lines: 2", "its .par file says 2 x 3"),
        (bytes(16), b"title: x", "a .par file with no range_samples"),
        (struct.pack("<4f", 1, 2, 3, 4), None, "not of big-endian float32"),
    ],
)
def test_gamma_images_of_unknown_size_or_order_are_refused(data, par, says):
    with pytest.raises(formats.FormatError, match=says):
        formats.decode("a.rmli", data, par)


@pytest.mark.parametrize("suffix", [".tif", ".mat", ".png"])
def test_images_that_unpack_to_too_much_are_refused(monkeypatch, suffix):
    data = encode(suffix, IMAGE.astype(np.uint8))
    monkeypatch.setattr(formats, "MAX_PIXELS", 11)
    with pytest.raises(formats.FormatError, match="pixels is too large"):
        formats.decode(f"a{suffix}", data)


@pytest.mark.parametrize("axis", [0, 2])
def test_equal_bands_are_one(axis):
    bands = np.stack([np.arange(256).reshape(16, 16)] * 3, axis=axis)
    assert formats.decode("a.npy", encode(".npy", bands)).shape == (16, 16)


def test_constant_opacity_is_no_band():
    grey = PIL.Image.fromarray(IMAGE.astype(np.uint8)).convert("LA")
    file = io.BytesIO()
    grey.save(file, format="PNG")
    np.testing.assert_array_equal(formats.decode("a.png", file.getvalue()), IMAGE)


def test_different_bands_are_refused():
    bands = np.stack([IMAGE, IMAGE, IMAGE + 1])
    with pytest.raises(formats.FormatError, match="3 different bands"):
        formats.decode("a.npy", encode(".npy", bands))


def test_pickles_are_never_opened():
    file = io.BytesIO()
    np.save(file, np.array([print], dtype=object), allow_pickle=True)
    for data in (file.getvalue(), pickle.dumps(IMAGE)):
        with pytest.raises(formats.FormatError, match="cannot be read"):
            formats.decode("a.npy", data)


def test_matlab_v7_3_and_several_variables_are_refused():
    with pytest.raises(formats.FormatError, match=r"MATLAB v7\.3; save it with"):
        formats.decode("a.mat", b"MATLAB 7.3 MAT-file, Platform: GLNXA64")
    file = io.BytesIO()
    scipy.io.savemat(file, {"gt": IMAGE, "ori": IMAGE, "n": 3})
    with pytest.raises(formats.FormatError, match=r"2 images \(gt, ori\)"):
        formats.decode("a.mat", file.getvalue())


@pytest.mark.parametrize("suffix", formats.FORMATS)
@pytest.mark.parametrize("kept", [0, 3, -100])
def test_truncated_files_are_refused(suffix, kept):
    image = np.random.default_rng(0).integers(0, 255, (16, 16), dtype=np.uint8)
    with pytest.raises(formats.FormatError):
        formats.decode(f"a{suffix}", encode(suffix, image)[:kept])


def test_what_holds_no_real_pixels_is_refused():
    for image, says in (
        (IMAGE + 1j, "is complex"),
        (IMAGE > 3, "of type bool"),
        (np.where(IMAGE > 3, np.nan, IMAGE), "8 pixels that are not finite"),
        (IMAGE.ravel(), r"of shape \(12,\)"),
    ):
        with pytest.raises(formats.FormatError, match=says):
            formats.decode("a.npy", encode(".npy", image))


def test_stem_loses_all_suffixes_of_formats_and_no_other():
    assert formats.stem("1_20160213.rmli.npy") == "1_20160213"
    assert formats.stem("a.b.TIF") == "a.b"
