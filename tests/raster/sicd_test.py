import sys
import warnings

import numpy as np
import pytest
import rasterio

from pgd2jax import raster

sicd = pytest.importorskip("sarkit.sicd")
from lxml import etree  # noqa: E402  It comes with sarkit.

SHAPE = (40, 30)

# Of sarkit, about its own use of importlib.resources.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*_text is deprecated:DeprecationWarning"
)


def vector(name, x, y, z):
    return f"<{name}><X>{x}</X><Y>{y}</Y><Z>{z}</Z></{name}>"


def write(path, pixels, kind, table=None):
    """Writes a SICD file of so much XML as is read."""
    amplitudes = ""
    if table is not None:
        values = "".join(
            f'<Amplitude index="{i}">{value}</Amplitude>'
            for i, value in enumerate(table)
        )
        amplitudes = f'<AmpTable size="256">{values}</AmpTable>'
    corners = "".join(
        f'<ICP index="{name}"><Lat>{lat}</Lat><Lon>{lon}</Lon></ICP>'
        for name, lat, lon in (
            ("1:FRFC", 2, 1),
            ("2:FRLC", 2, 2),
            ("3:LRLC", 1, 2),
            ("4:LRFC", 1, 1),
        )
    )
    root = etree.fromstring(
        '<SICD xmlns="urn:SICD:1.4.0">'
        "<CollectionInfo><CoreName>flat</CoreName>"
        "<Classification>U</Classification></CollectionInfo>"
        "<Timeline><CollectStart>2022-09-18T07:49:00Z</CollectStart></Timeline>"
        f"<ImageData><PixelType>{kind}</PixelType>{amplitudes}"
        f"<NumRows>{SHAPE[0]}</NumRows><NumCols>{SHAPE[1]}</NumCols>"
        "<FirstRow>0</FirstRow><FirstCol>0</FirstCol>"
        f"<FullImage><NumRows>{SHAPE[0]}</NumRows><NumCols>{SHAPE[1]}</NumCols>"
        "</FullImage><SCPPixel><Row>20</Row><Col>15</Col></SCPPixel></ImageData>"
        f"<GeoData><SCP>{vector('ECF', 6378137, 0, 0)}"
        "<LLH><Lat>0</Lat><Lon>0</Lon><HAE>0</HAE></LLH></SCP>"
        f"<ImageCorners>{corners}</ImageCorners></GeoData>"
        f"<Grid><Row>{vector('UVectECF', 0, 1, 0)}<SS>1</SS></Row>"
        f"<Col>{vector('UVectECF', 0, 0, 1)}<SS>1</SS></Col></Grid>"
        f"<SCPCOA>{vector('ARPPos', 7e6, 5e5, 0)}{vector('ARPVel', 0, 0, 7e3)}"
        "<SideOfTrack>L</SideOfTrack></SCPCOA></SICD>"
    )
    security = {"security": {"clas": "U"}}
    metadata = sicd.NitfMetadata(
        xmltree=root.getroottree(),
        file_header_part={"ostaid": "nowhere"} | security,
        im_subheader_part={"isorce": "none"} | security,
        de_subheader_part=security,
    )
    with open(path, "wb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # That the XML is not complete.
        with sicd.NitfWriter(file, metadata) as writer:
            writer.write_image(pixels)


@pytest.fixture
def slc(rng):
    parts = np.round(100 * rng.normal(size=(2, *SHAPE)))
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


@pytest.mark.parametrize("kind", ["RE32F_IM32F", "RE16I_IM16I"])
def test_rows_are_read_in_both_precisions(tmp_path, slc, kind):
    pixels = slc
    if kind == "RE16I_IM16I":
        pixels = np.empty(SHAPE, [("real", "<i2"), ("imag", "<i2")])
        pixels["real"], pixels["imag"] = slc.real, slc.imag
    write(tmp_path / "slc.ntf", pixels, kind)
    with raster.Image(tmp_path / "slc.ntf") as image:
        assert (image.shape, image.dtype) == (SHAPE, np.complex64)
        rows = image.rows(5, 23)
    assert rows.dtype == np.complex64
    np.testing.assert_array_equal(rows, slc[5:23])


@pytest.mark.parametrize("table", [None, np.arange(256) ** 2])
def test_amplitude_and_phase_of_eight_bits_are_read(tmp_path, rng, table):
    pixels = np.empty(SHAPE, [("amp", "u1"), ("phase", "u1")])
    pixels["amp"], pixels["phase"] = rng.integers(0, 256, (2, *SHAPE))
    write(tmp_path / "slc.nitf", pixels, "AMP8I_PHS8I", table)
    amplitude = pixels["amp"] if table is None else table[pixels["amp"]]
    found = raster.read(tmp_path / "slc.nitf").pixels
    expected = amplitude * np.exp(2j * np.pi * pixels["phase"] / 256)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-2)


def test_other_files_are_refused_by_name(tmp_path, slc):
    write(tmp_path / "slc.ntf", slc, "RE32F_IM32F")
    whole = (tmp_path / "slc.ntf").read_bytes()
    (tmp_path / "torn.ntf").write_bytes(whole[:5000])
    (tmp_path / "none.ntf").write_bytes(b"no NITF at all")
    size = {"height": 4, "width": 5, "count": 1, "dtype": "float32"}
    size |= {"crs": "EPSG:4326", "transform": (0.01, 0, 9, 0, -0.01, 41)}
    with rasterio.open(
        tmp_path / "plain.ntf", "w", driver="NITF", ICORDS="G", **size
    ) as file:
        file.write(np.ones((1, 4, 5), np.float32))
    for name in ("torn", "none", "plain"):
        path = tmp_path / f"{name}.ntf"
        with pytest.raises(raster.RasterError, match=f"{name}.ntf: cannot be read"):
            raster.read(path)


def test_the_extra_is_named_where_it_is_missing(tmp_path, monkeypatch):
    (tmp_path / "slc.ntf").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "sarkit.sicd", None)
    with pytest.raises(raster.RasterError, match=r"slc.ntf: .*pgd2jax\[sicd\]"):
        raster.Image(tmp_path / "slc.ntf")


def test_an_image_without_a_size_is_refused_by_name(tmp_path, slc):
    path = tmp_path / "slc.ntf"
    write(path, slc, "RE32F_IM32F")
    whole = path.read_bytes()
    assert b"NumRows" in whole
    path.write_bytes(whole.replace(b"NumRows", b"NumRowz"))
    with pytest.raises(raster.RasterError, match=r"slc\.ntf: .*how many rows"):
        raster.Image(path)
