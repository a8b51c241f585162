"""Measures of despeckled images, with a reference and without one; plain NumPy."""
