import numpy as np
import pytest
import rasterio

from pgd2jax import raster
from pgd2jax.raster import geokeys


@pytest.mark.parametrize("epsg", [4326, 4258, 32632, 3035])
def test_codes_of_degrees_and_of_metres_are_told_apart(tmp_path, epsg):
    tags = geokeys.tags(epsg, 9.5, 47.25, 0.5, 0.25)
    (directory,) = (tag[3] for tag in tags if tag[0] == 34735)
    assert directory[4:8] == (1024, 0, 1, 2 if 4000 <= epsg < 5000 else 1)
    raster.write(tmp_path / "a.tif", raster.Raster(np.ones((3, 4), np.float32), tags))
    with rasterio.open(tmp_path / "a.tif") as file:
        assert file.crs.to_epsg() == epsg
        assert file.transform.to_gdal() == (9.5, 0.5, 0, 47.25, 0, -0.25)


@pytest.mark.parametrize(("epsg", "spacing"), [(0, 1), (99999, 1), (4326, 0)])
def test_places_that_cannot_be_are_refused(epsg, spacing):
    with pytest.raises(ValueError, match="cannot be"):
        geokeys.tags(epsg, 0, 0, spacing, 1)
