"""Which answers are others than the reference's: by class, and sample by sample."""
