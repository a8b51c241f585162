"""`python -m pgd2jax.cli`."""

import sys

from pgd2jax.cli.program import main

sys.exit(main())
