"""Places an image on the ground by the tags of GeoTIFF.

Source: OGC GeoTIFF 1.1 (19-008r4), 7.1 and annex D.
"""

from pgd2jax.raster import geotiff

MODEL_TYPE, RASTER_TYPE, GEODETIC, PROJECTED = 1024, 1025, 2048, 3072
PIXEL_IS_AREA = 1
DOUBLE, SHORT = 12, 3  # Types of TIFF.


def tags(
    epsg: int, left: float, top: float, col_spacing: float, row_spacing: float
) -> tuple[geotiff.Tag, ...]:
    """Returns the tags of an image whose rows go down and columns to the right.

    Args:
        epsg: Code of the coordinate reference system; from 4000 to 4999 in degrees, all
            others projected.
        left: Coordinate of the left edge of the image,
        top: and of its upper edge.
        col_spacing: Width of a pixel,
        row_spacing: and its height, positive.

    Raises:
        ValueError: if the code is none of EPSG, or a spacing is not positive.
    """
    if not 1024 <= epsg <= 32766 or not (col_spacing > 0 and row_spacing > 0):
        raise ValueError(
            f"its place on the ground, EPSG:{epsg} with pixels of {col_spacing:g} x "
            f"{row_spacing:g}, cannot be"
        )
    degrees = 4000 <= epsg < 5000
    keys = (
        (MODEL_TYPE, 2 if degrees else 1),
        (RASTER_TYPE, PIXEL_IS_AREA),
        (GEODETIC if degrees else PROJECTED, epsg),
    )
    directory = [1, 1, 0, len(keys)]
    for key, value in keys:
        directory += [key, 0, 1, value]
    return (
        (33550, DOUBLE, 3, (col_spacing, row_spacing, 0.0), True),
        (33922, DOUBLE, 6, (0.0, 0.0, 0.0, left, top, 0.0), True),
        (34735, SHORT, len(directory), tuple(directory), True),
    )
