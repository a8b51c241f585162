import numpy as np
import pytest
import xarray

from pgd2jax.infer import labelled


def test_names_coordinates_and_attributes_are_kept(far, rng):
    parts = rng.normal(size=(2, 2, 3, 40, 30))
    array = xarray.DataArray(
        (parts[0] + 1j * parts[1]).astype(np.complex64),
        dims=("polarisation", "time", "y", "x"),
        coords={"polarisation": ["VV", "VH"], "x": np.arange(30), "epsg": 32632},
        attrs={"orbit": "ascending"},
        name="slc",
    )
    clean = labelled.despeckle(far, array)
    assert (clean.dims, clean.name, clean.dtype) == (array.dims, "slc", np.float32)
    assert clean.attrs == array.attrs
    xarray.testing.assert_equal(clean.coords.to_dataset(), array.coords.to_dataset())
    alone = far(array.sel(polarisation="VH").values[2])
    np.testing.assert_allclose(clean.sel(polarisation="VH")[2], alone, rtol=1e-6)


def test_power_takes_looks_and_lines_are_refused(far, rng):
    power = xarray.DataArray(rng.gamma(4, 1 / 4, (40, 30)))
    clean = labelled.despeckle(far, power, looks=4)
    np.testing.assert_array_equal(clean, far(intensity=power.values, looks=4))
    assert labelled.despeckle(far, power[:0]).shape == (0, 30)
    with pytest.raises(ValueError, match="has one look"):
        labelled.despeckle(far, power + 0j, looks=4)
    with pytest.raises(ValueError, match="must end in rows and columns"):
        labelled.despeckle(far, power[0])
