"""Despecklers of other packages, to compare with."""

PACKAGES = {}
