import numpy as np
import pytest
import rasterio

from pgd2jax import raster

SHAPE = (40, 30)


@pytest.fixture
def slc(rng):
    parts = np.round(100 * rng.normal(size=(2, *SHAPE)))
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


def isce(**entries):
    values = {"width": 30, "length": 40, "data_type": "CFLOAT", "byte_order": "l"}
    values |= {"number_bands": 1, "scheme": "BIP"} | entries
    items = "".join(
        f'<property name="{name.upper()}"><value>{value}</value></property>'
        for name, value in values.items()
    )
    # A coordinate has a size of its own.
    other = '<component name="coordinate1"><property name="width"><value>7</value>'
    return f"<imageFile>{other}</property></component>{items}</imageFile>"


def gamma(kind, **entries):
    values = {"range_samples": 30, "azimuth_lines": 40, "image_format": kind} | entries
    lines = (f"{name}:   {value}  unit" for name, value in values.items())
    head = ["Gamma Interferometric SAR Processor (ISP)", "title:"]
    return "\r\n".join([*head, *lines, "", ""])


def envi(code, **entries):
    values = {"samples": 30, "lines": 40, "bands": 1, "data type": code} | entries
    lines = (f"{name} = {value}" for name, value in values.items())
    return "\n".join(
        ["ENVI", "description = {", " lines = 7", "}", "; lines = 8", *lines]
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_isce_is_read_in_both_orders(tmp_path, slc, order):
    slc.astype(f"{order}c8").tofile(tmp_path / "a.slc")
    letter = {"<": "l", ">": "b"}[order]
    (tmp_path / "a.slc.xml").write_text(isce(byte_order=letter))
    with raster.Image(tmp_path / "a.slc") as image:
        assert (image.shape, image.dtype) == (SHAPE, np.complex64)
        np.testing.assert_array_equal(image.rows(3, 20), slc[3:20])


@pytest.mark.parametrize("name", ["a.slc.par", "a.par"])
def test_gamma_is_read_in_both_precisions(tmp_path, slc, name):
    slc.astype(">c8").tofile(tmp_path / "a.slc")
    (tmp_path / name).write_text(gamma("FCOMPLEX"))
    np.testing.assert_array_equal(raster.read(tmp_path / "a.slc").pixels, slc)
    np.stack([slc.real, slc.imag], -1).astype(">i2").tofile(tmp_path / "a.slc")
    (tmp_path / name).write_text(gamma("SCOMPLEX"))
    found = raster.read(tmp_path / "a.slc").pixels
    assert found.dtype == np.complex64
    np.testing.assert_array_equal(found, slc)
    np.abs(slc).astype(">f4").tofile(tmp_path / "a.rmli")
    (tmp_path / "a.rmli.par").write_text(gamma("FLOAT"))
    np.testing.assert_array_equal(raster.read(tmp_path / "a.rmli").pixels, np.abs(slc))


@pytest.mark.parametrize(
    ("code", "dtype"), [(6, "c8"), (9, "c16"), (4, "f4"), (12, "u2"), (1, "u1")]
)
@pytest.mark.parametrize(
    ("file", "head"), [("a", "a.hdr"), ("a.dat", "a.hdr"), ("a.dat", "a.dat.hdr")]
)
def test_envi_is_read_with_offset_and_order(tmp_path, slc, code, dtype, file, head):
    pixels = (slc if dtype[0] == "c" else np.abs(slc) % 250).astype(dtype)
    stored = pixels.astype(np.dtype(dtype).newbyteorder(">")).tobytes()
    (tmp_path / file).write_bytes(b"seven b" + stored)
    about = envi(code, **{"header offset": 7, "byte order": 1, "interleave": "BIL"})
    (tmp_path / head).write_text(about)
    np.testing.assert_array_equal(raster.read(tmp_path / file).pixels, pixels)


@pytest.mark.parametrize(
    ("info", "epsg", "place"),
    [
        (
            "{UTM, 1, 1, 5e5, 4e6, 10, 20, 11, North, WGS-84, units=Meters}",
            32611,
            (5e5, 4e6),
        ),
        (
            "{UTM, 3.5, 2, 5e5, 4e6, 10, 20, 34, South, WGS-84}",
            32734,
            (499_975, 4_000_020),
        ),
        ("{Geographic Lat/Lon, 1, 1, 9, 41, 10, 20, WGS-84}", 4326, (9, 41)),
        (
            "{Geographic Lat/Lon, 1, 1, 9, 41, 10, 20, WGS-84, units=Degrees}",
            4326,
            (9, 41),
        ),
        ("{UTM, 1, 1, 5e5, 4e6, 10, 20, 11, North, WGS-84, rotation=30}", None, None),
        ("{UTM, 1, 1, 5e5, 4e6, 10, 20, 11, WGS-84}", None, None),
        ("{UTM, 1, 1, 5e5, 4e6, 10, 20, 61, North, WGS-84}", None, None),
        ("{UTM, 1, 1, 5e5, 4e6, 10, 20, 11, North, WGS-84, units=Feet}", None, None),
        ("{UTM, 1, 1, 5e5, 4e6, -10, 20, 11, North, WGS-84}", None, None),
        ("{UTM, 1, 1, nan, 4e6, 10, 20, 11, North, WGS-84}", None, None),
        ("{Geographic Lat/Lon, 1, 1, 9, 41, 10, 20, NAD27}", None, None),
        (
            "{UTM, 1, 1, 5e5, 4e6, 10, 20, 11, North, WGS-84, rotation=0.0}",
            32611,
            (5e5, 4e6),
        ),
        ("{Lambert, 1, 1, 5e5, 4e6, 10, 20, WGS-84}", None, None),
    ],
)
def test_map_info_of_envi_is_kept(tmp_path, rng, info, epsg, place, caplog):
    rng.random(SHAPE).astype("f4").tofile(tmp_path / "a")
    values = {"map info": info, "data ignore value": "-9999"}
    (tmp_path / "a.hdr").write_text(envi(4, **values))
    raster.write(tmp_path / "a.tif", raster.read(tmp_path / "a"))
    assert ("is not kept" in caplog.text) == (epsg is None)
    if epsg:
        with rasterio.open(tmp_path / "a.tif") as file:
            assert file.crs.to_epsg() == epsg
            assert file.transform == rasterio.Affine(10, 0, place[0], 0, -20, place[1])
            assert file.nodata == -9999


@pytest.mark.parametrize(
    ("head", "text", "says"),
    [
        ("a.xml", isce(width=31), "has 9600 bytes, but a.xml says 9920"),
        ("a.xml", isce(data_type="QUAD"), "data_type=quad; known are byte, short"),
        ("a.xml", isce()[:90], "XML is damaged"),
        ("a.xml", '<!DOCTYPE x [<!ENTITY a "a">]><imageFile/>', "DTDForbidden"),
        ("a.par", gamma("FCOMPLEX", line_header_size=32), "line headers"),
        ("a.par", gamma("FCOMPLEX", range_samples=-30), "range_samples=-30"),
        ("a.par", "range_samples: 30", "azimuth_lines=None, but a number"),
        ("a.hdr", envi(6, samples=0), "samples=0, but 1 is the least"),
        ("a.hdr", envi(77), "data type=77; known"),
        ("a.hdr", envi(6, samples="many"), "samples=many, but a number"),
        ("a.hdr", envi(4, bands=2), "one band of"),
    ],
)
def test_headers_that_cannot_be_are_refused_by_name(tmp_path, slc, head, text, says):
    slc.tofile(tmp_path / "a")
    (tmp_path / head).write_text(text)
    with pytest.raises(raster.RasterError, match=rf"(?s)/a: .*{says}"):
        raster.read(tmp_path / "a")


@pytest.mark.parametrize("name", ["a.slc", "a.dat"])
def test_only_the_pixels_of_a_folder_are_an_image(tmp_path, slc, name):
    slc.astype("<c8").tofile(tmp_path / name)
    beside = {"xml": isce(), "par": gamma("FCOMPLEX"), "hdr": envi(6), "vrt": "<V/>"}
    for suffix, text in beside.items():
        (tmp_path / f"{name}.{suffix}").write_text(text)
    (tmp_path / "a.hdr").write_text(envi(6))
    (tmp_path / "a.png").write_bytes(b"a quicklook")
    images = [p.name for p in tmp_path.iterdir() if raster.is_image(p)]
    assert images == [name]


def test_headers_of_other_formats_are_passed_over(tmp_path):
    (tmp_path / "a.bil").write_bytes(b"pixels")
    (tmp_path / "a.hdr").write_text("NROWS 2\nNCOLS 3\n")  # Of ESRI.
    (tmp_path / "a.xml").write_text("<metadata/>")
    assert not raster.is_image(tmp_path / "a.bil")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1"])
def test_headers_come_as_people_write_them(tmp_path, slc, newline, encoding):
    slc.astype("<c8").tofile(tmp_path / "a")
    text = envi(6, sensor_type="").replace("ENVI\n", "ENVI\nsensor type =\n")
    text = (
        text.replace("data type", "Data  Type") + "\nband names = {\n \xe9t\xe9 }  \n"
    )
    (tmp_path / "a.hdr").write_text(text, encoding, newline=newline)
    np.testing.assert_array_equal(raster.read(tmp_path / "a").pixels, slc)


def test_files_larger_than_memory_are_opened(tmp_path):
    side = 2**17
    with (tmp_path / "a").open("wb") as file:
        file.truncate(4 * side * side)  # 64 GiB, of which none is on the disk.
    (tmp_path / "a.hdr").write_text(envi(4, samples=side, lines=side))
    with raster.Image(tmp_path / "a") as image:
        assert image.rows(side - 1, side).shape == (1, side)


def test_integers_of_gamma_are_big_endian(tmp_path):
    pixels = np.arange(40 * 30).reshape(SHAPE)
    pixels.astype(">i2").tofile(tmp_path / "a.pwr")
    (tmp_path / "a.pwr.par").write_text(gamma("SHORT"))
    np.testing.assert_array_equal(raster.read(tmp_path / "a.pwr").pixels, pixels)


def test_entries_of_envi_that_are_comments_do_not_count(tmp_path):
    np.ones(SHAPE, np.float32).tofile(tmp_path / "a")
    (tmp_path / "a.hdr").write_text(envi(4) + "\n;data type = 6\n")
    assert raster.read(tmp_path / "a").pixels.dtype == np.float32


def test_a_header_is_of_the_file_of_its_name(tmp_path, slc):
    slc.astype("<c8").tofile(tmp_path / "a")
    (tmp_path / "a.log").write_bytes(b"no pixels")
    (tmp_path / "a.hdr").write_text(envi(6))
    assert not raster.is_image(tmp_path / "a.log")


def test_braces_that_never_close_are_read_in_a_moment(tmp_path, slc):
    slc.tofile(tmp_path / "a")
    rows, cols = slc.shape
    head = f"ENVI\nsamples = {cols}\nlines = {rows}\ndata type = 6\n"
    (tmp_path / "a.hdr").write_text(head + "a={\n" * 100_000)
    with raster.Image(tmp_path / "a") as image:
        assert image.shape == slc.shape
