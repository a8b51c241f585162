"""Measures despecklers beside each other, on scenes with a reference or without."""
