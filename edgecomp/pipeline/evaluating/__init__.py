"""The parts of `pipeline.evaluate`: models made ready, what inputs and outputs mean, what is found beside accuracy."""
