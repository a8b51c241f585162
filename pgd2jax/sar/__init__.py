"""The signal model: radiometry, speckle, simulated scenes."""
