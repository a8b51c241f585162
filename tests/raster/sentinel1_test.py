from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio

from pgd2jax import raster
from pgd2jax.raster.sentinel1 import annotation
from pgd2jax.sar import calibration
from tests import safe

SHAPE = (60, 50)
BURSTS = {"bursts": 3, "valid": (2, 17, 5, 44)}


@pytest.fixture
def product(tmp_path):
    images = {
        "iw2-vv": safe.slc(SHAPE),
        "iw1-vv": safe.slc(SHAPE, seed=1),
        "iw1-vh": safe.slc(SHAPE, seed=2),
    }
    return safe.Safe(images, **BURSTS).write(tmp_path), images


def inside_of_bursts():
    row, col = np.indices(SHAPE)
    return (row % 20 >= 2) & (row % 20 <= 17) & (col >= 5) & (col <= 44)


@pytest.mark.parametrize("zipped", [False, True])
def test_all_images_of_a_product_are_read_and_bursts_keep_their_borders(
    product, zipped
):
    root, images = product
    path = safe.zipped(root) if zipped else root
    assert raster.layers(path) == ("iw1-vh", "iw1-vv", "iw2-vv")
    for layer, pixels in images.items():
        with raster.Image(path, layer) as image:
            assert image.pieces == (slice(0, 20), slice(20, 40), slice(40, 60))
            rows = np.concatenate([image.rows(0, 7), image.rows(7, 43)])
        assert rows.dtype == np.complex64
        np.testing.assert_array_equal(np.isfinite(rows), inside_of_bursts()[:43])
        expected = np.where(inside_of_bursts(), pixels, np.nan)[:43]
        np.testing.assert_array_equal(rows, expected.astype(np.complex64))


def test_control_points_are_handed_on_and_no_data_is_declared(product, tmp_path):
    root, _ = product
    read = raster.read(root, "iw1-vv")
    power = np.abs(read.pixels)
    tags = raster.result_tags(read.tags)
    raster.write(tmp_path / "power.tif", raster.Raster(power, tags))
    with rasterio.open(tmp_path / "power.tif") as file:
        points, crs = file.gcps
        assert len(points) == 4
        assert crs.to_epsg() == 4326
        assert points[3].x == pytest.approx(9.005)
        assert points[3].y == pytest.approx(40.994)
        assert np.isnan(file.nodata)


@pytest.fixture
def overlapping(tmp_path):
    """Returns three bursts of 20 lines, one each 12 lines, and the 44 of the ground."""
    ground = safe.slc((44, 50))
    pixels = np.concatenate([ground[start : start + 20] for start in (0, 12, 24)])
    root = safe.Safe({"iw1-vv": pixels}, lines=12, **BURSTS).write(tmp_path)
    (measured,) = (root / "measurement").iterdir()
    safe.tiff(measured, pixels, lines=(0, 20, 40, 60))
    return root, ground


def test_bursts_make_one_image_with_each_line_once(overlapping, tmp_path):
    root, ground = overlapping
    with raster.Image(root) as image:
        kept, tags = image.deburst()
        rows = np.concatenate([image.rows(part.start, part.stop) for part in kept])
    # Lines 14 to 17 and 26 to 29 of the ground are in two bursts.
    assert kept == (slice(0, 16), slice(24, 36), slice(44, 60))
    row, col = np.indices(ground.shape)
    inside = (row >= 2) & (row < 42) & (col >= 5) & (col <= 44)
    np.testing.assert_array_equal(rows, np.where(inside, ground, np.nan).astype("c8"))
    raster.write(tmp_path / "power.tif", raster.Raster(np.abs(rows), tags))
    with rasterio.open(tmp_path / "power.tif") as file:
        points, _ = file.gcps
    assert sorted({point.row for point in points}) == [0, 12, 24, 44]


def test_bursts_begin_on_the_lines_of_their_times():
    # As in IW products: 1342 lines of 2.0555563 ms apart, in whole microseconds.
    start = np.datetime64("2022-09-18T07:49:59.123456")
    apart = 1342 * 2.0555563e-3
    bursts = "".join(
        f"<burst><azimuthTime>{start + np.timedelta64(round(1e6 * n * apart), 'us')}"
        "</azimuthTime></burst>"
        for n in range(9)
    )
    root = ElementTree.fromstring(
        "<product><imageAnnotation><imageInformation><azimuthTimeInterval>"
        "2.055556299999998e-03</azimuthTimeInterval></imageInformation>"
        f"</imageAnnotation><swathTiming><burstList>{bursts}</burstList></swathTiming>"
        "</product>"
    )
    lines = annotation.clock(root, 9 * 1501).lines
    np.testing.assert_array_equal(lines[::1501], 1342 * np.arange(9))


def test_bursts_that_do_not_overlap_are_told(product):
    root, _ = product
    with (
        raster.Image(root, "iw1-vv") as image,
        pytest.raises(
            raster.RasterError,
            match=r"\.SAFE: its bursts do not overlap; leave --deburst out\.$",
        ),
    ):
        image.deburst()


def test_grd_and_stripmap_are_in_one_piece(tmp_path):
    amplitude = np.abs(safe.slc(SHAPE)).astype(np.uint16)
    grd = safe.Safe({"iw-vv": amplitude}).write(tmp_path)
    with raster.Image(grd) as image:
        assert image.layer == "iw-vv"
        assert image.pieces == (slice(0, 60),)
        np.testing.assert_array_equal(image.rows(0, 60), amplitude)
        assert image.deburst() == (image.pieces, image.tags)
    stripmap = safe.Safe({"s3-hh": safe.slc(SHAPE)}).write(tmp_path)
    with raster.Image(stripmap) as image:
        assert image.pieces == (slice(0, 60),)


def test_grd_as_cloud_optimised_geotiff_is_read(tmp_path):
    amplitude = np.abs(safe.slc((600, 520))).astype(np.uint16)
    root = safe.cloud_optimised(safe.Safe({"iw-vh": amplitude}).write(tmp_path))
    with raster.Image(root) as image:
        np.testing.assert_array_equal(image.rows(0, 600), amplitude)
        gain = image.gain("sigma0")
        assert list(gain.lines) == [-10, 5000]
        assert gain.values[0][0] == 300
        assert image.looks == 4.4


def remove_measurement(root):
    next((root / "measurement").iterdir()).unlink()


def remove_annotations(root):
    for path in (root / "annotation").glob("*.xml"):
        path.unlink()


def truncate_annotation(root):
    (path,) = (root / "annotation").glob("*.xml")
    path.write_text(path.read_text()[:400])


def bomb(root):
    (path,) = (root / "annotation").glob("*.xml")
    entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {new} "{10 * f"&{old};"}">'
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    path.write_text(f"<!DOCTYPE x [{entities}]><product>&i;</product>")


def lose_a_line(root):
    (path,) = (root / "annotation").glob("*.xml")
    text = path.read_text()
    path.write_text(text.replace("<numberOfLines>60", "<numberOfLines>59"))


def lose_a_burst(root):
    (path,) = (root / "annotation").glob("*.xml")
    text = path.read_text()
    first = text.index("<burst>")
    last = text.index("</burst>") + len("</burst>")
    path.write_text(text[:first] + text[last:])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (remove_measurement, r"measurement/s1a-iw1-slc-vv-.*tiff is missing"),
        (remove_annotations, "no annotation of an SLC or GRD"),
        (truncate_annotation, "XML is damaged"),
        (bomb, "DTDForbidden"),
        (lose_a_line, r"TIFF is \(60, 50\), its annotation says \(59, 50\)"),
        (lose_a_burst, "2 bursts of 20 lines are not the 60"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_broken_products_are_refused_by_name(tmp_path, damage, message, zipped):
    root = safe.Safe({"iw1-vv": safe.slc(SHAPE)}, **BURSTS).write(tmp_path)
    damage(root)
    path = safe.zipped(root) if zipped else root
    with pytest.raises(raster.RasterError, match=f"{path.name}.*{message}"):
        raster.Image(path)


def test_wave_mode_and_odd_zips_are_refused(tmp_path):
    wave = safe.Safe({"wv1-vv": safe.slc(SHAPE)}).write(tmp_path)
    with pytest.raises(raster.RasterError, match=r"\(WV\) holds imagettes"):
        raster.Image(wave)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "readme.txt").write_text("no product")
    with pytest.raises(raster.RasterError, match="one Sentinel-1 product"):
        raster.Image(safe.zipped(tmp_path / "other"))
    (tmp_path / "torn.zip").write_bytes(safe.zipped(wave).read_bytes()[:-30])
    with pytest.raises(raster.RasterError, match=r"torn.zip.*not a zip"):
        raster.Image(tmp_path / "torn.zip")


@pytest.mark.parametrize("slc", [True, False])
def test_pixels_that_are_not_of_the_product_are_refused(tmp_path, slc):
    pixels = safe.slc(SHAPE)
    root = safe.Safe({"s1-vv": pixels if slc else np.abs(pixels)}).write(tmp_path)
    (measured,) = (root / "measurement").iterdir()
    safe.tiff(measured, np.abs(pixels) if slc else pixels)
    with pytest.raises(raster.RasterError, match="but the pixels of its TIFF"):
        raster.Image(root)


def test_vectors_are_read_in_order_and_noise_of_old_processors_too(tmp_path):
    along = (
        "<noiseAzimuthVector><swath>IW1</swath>"
        "<firstAzimuthLine>10</firstAzimuthLine><firstRangeSample>3</firstRangeSample>"
        "<lastAzimuthLine>19</lastAzimuthLine><lastRangeSample>7</lastRangeSample>"
        '<line count="2">10 19</line>'
        '<noiseAzimuthLut count="2">1.5 2</noiseAzimuthLut></noiseAzimuthVector>'
    )
    root = safe.Safe(
        {"iw1-vv": safe.slc(SHAPE)},
        gain=((30, (0, 49), (310, 320)), (-5, (0, 20, 49), (1, 2, 3))),
        noise=((0, (0, 49), (7, 9)),),
        along=along,
        **BURSTS,
    ).write(tmp_path)
    with raster.Image(root) as image:
        lines, columns, values, _ = image.gain("sigma0")
        np.testing.assert_array_equal(lines, [-5, 30])
        np.testing.assert_array_equal(columns[0], [0, 20, 49])
        np.testing.assert_array_equal(values[1], [310, 320])
        np.testing.assert_array_equal(image.gain("beta0").values[1], [237, 237])
        across, (part,) = image.noise()
        np.testing.assert_array_equal(across.values[0], [7, 9])
        assert (part.rows, part.cols) == (slice(10, 20), slice(3, 8))
        np.testing.assert_array_equal(part.values, [1.5, 2])
        (noise,) = (root / "annotation/calibration").glob("noise-*")
        old = safe.vector("noiseVector", 4, (0, 49), noiseLut=(5, 6))
        noise.write_text(f"<noise><noiseVectorList>{old}</noiseVectorList></noise>")
        across, along = image.noise()
        assert (list(across.lines), list(across.values[0]), along) == ([4], [5, 6], ())


def test_vectors_of_bursts_are_placed_by_their_time(tmp_path):
    # Value and line are the same; a burst begins 12 lines after the one before it.
    lines = ((0, (0, 49), (0, 0)), (44, (0, 49), (44, 44)))
    images = {"iw1-vv": safe.slc(SHAPE)}
    root = safe.Safe(images, **BURSTS, lines=12, gain=lines, noise=lines)
    with raster.Image(root.write(tmp_path)) as image:
        for vectors in (image.gain("sigma0"), image.noise()[0]):
            found = calibration.Table(*vectors, cols=SHAPE[1]).rows(slice(10, 60))
            row = np.arange(10, 60)
            np.testing.assert_allclose(found[:, 7], row % 20 + 12 * (row // 20))


def test_vectors_without_bursts_are_placed_by_their_line(tmp_path):
    lines = ((-5, (0, 49), (0, 0)), (60, (0, 49), (65, 65)))
    root = safe.Safe({"s1-vv": safe.slc(SHAPE)}, gain=lines).write(tmp_path)
    with raster.Image(root) as image:
        found = calibration.Table(*image.gain("sigma0"), cols=SHAPE[1])
    np.testing.assert_allclose(found.rows(slice(3, 9))[:, 7], np.arange(8, 14))


def test_vectors_whose_columns_do_not_rise_are_refused(tmp_path):
    images = {"s1-vv": safe.slc(SHAPE)}
    root = safe.Safe(images, gain=((0, (49, 0), (300, 310)),)).write(tmp_path)
    with (
        raster.Image(root) as image,
        pytest.raises(raster.RasterError, match="lacks whole vectors of sigma"),
    ):
        image.gain("sigma0")


def test_a_measurement_alone_is_read_with_a_warning(product, caplog):
    root, _ = product
    raster.Image(next((root / "measurement").iterdir())).close()
    assert "which tells its bursts" in caplog.text


def test_missing_vectors_and_noise_already_gone_are_told(tmp_path):
    done = (
        "<processingInformation><thermalNoiseCorrectionPerformed>true"
        "</thermalNoiseCorrectionPerformed></processingInformation>"
    )
    images = {"iw-vv": np.abs(safe.slc(SHAPE))}
    root = safe.Safe(images, gain=(), info=done).write(tmp_path)
    with raster.Image(root) as image:
        with pytest.raises(raster.RasterError, match="lacks whole vectors of sigma"):
            image.gain("sigma0")
        with pytest.raises(
            raster.RasterError,
            match=r"taken off already; leave --subtract-noise out\.$",
        ):
            image.noise()


def test_noise_in_unknown_units_or_without_values_is_refused(tmp_path):
    images, nothing = {"iw-vv": np.abs(safe.slc(SHAPE))}, ((0, (0, 49), (0, 0)),)
    root = safe.Safe(images, noise=nothing).write(tmp_path)
    with raster.Image(root) as image:
        with pytest.raises(
            raster.RasterError, match=r"tells no noise, .* --subtract-noise out\.$"
        ):
            image.noise()
        software = '<software name="Sentinel-1 IPF" version="002.36"/>'
        (root / "manifest.safe").write_text(f"<xfdu>{software}</xfdu>")
        with pytest.raises(
            raster.RasterError, match=r"version 2.36 .* other units .* out\.$"
        ):
            image.noise()


@pytest.mark.parametrize(
    ("version", "warns"),
    [("002.84", True), ("2.84 patched", True), ("002.90", False), ("<", False)],
)
def test_borders_of_old_grd_are_warned_of(tmp_path, caplog, version, warns):
    amplitude = np.abs(safe.slc(SHAPE)).astype(np.uint16)
    root = safe.Safe({"iw-vv": amplitude}).write(tmp_path)
    software = f'<software name="Sentinel-1 IPF" version="{version}"/>'
    (root / "manifest.safe").write_text(f"<xfdu>{software}</xfdu>")
    with raster.Image(root):
        assert ("take border noise off first" in caplog.text) == warns


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        ("S1A_IW_GRDH_1SDV_20220918T074900.SAFE", 4.4),
        ("S1C_EW_GRDM_1SDH_20250918T074900_20250918T075000_COG.SAFE", 10.7),
        ("S1B_S3_GRDH_1SDV_20180918T074900.SAFE", 29.7),
        ("harbour.SAFE", None),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_looks_of_grd_are_told_by_the_name_of_the_product(
    tmp_path, name, looks, zipped
):
    amplitude = np.abs(safe.slc(SHAPE)).astype(np.uint16)
    root = safe.Safe({"iw-vv": amplitude}).write(tmp_path).rename(tmp_path / name)
    with raster.Image(safe.zipped(root) if zipped else root) as image:
        assert image.looks == looks


def test_bursts_without_data_cannot_make_one_image(overlapping):
    root, _ = overlapping
    (path,) = (root / "annotation").glob("*.xml")
    head, first, rest = path.read_text().partition('<firstValidSample count="20">')
    _, end, rest = rest.partition("</firstValidSample>")
    path.write_text(head + first + " ".join(20 * ["-1"]) + end + rest)
    with (
        raster.Image(root) as image,
        pytest.raises(raster.RasterError, match="do not overlap"),
    ):
        image.deburst()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("07:49:00", "07:50:00", "do not rise"),  # The first burst is the last.
        ("07:49:06", "07:49:01", "do not rise"),  # The third, before the second.
        ("07:49:03", "07:49:07", "do not overlap"),
        ("0.25<", "1e-30<", "times in its annotation are damaged"),
        ("0.25<", "nan<", "times in its annotation are damaged"),
    ],
)
def test_bursts_whose_times_do_not_rise_cannot_make_one_image(
    overlapping, old, new, says
):
    root, _ = overlapping
    (about,) = (root / "annotation").glob("*.xml")
    text = about.read_text()
    assert old in text
    about.write_text(text.replace(old, new))
    with (
        raster.Image(root) as image,
        pytest.raises(raster.RasterError, match=rf"SAFE: .*{says}"),
    ):
        image.deburst()
