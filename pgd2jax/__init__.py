"""pgd2jax: phase-guided deep despeckling of SAR images."""
