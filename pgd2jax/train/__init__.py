"""Training: `loop.run` trains what a configuration describes."""
