"""The parts of `edgecomp deploy`: what is asked for, doing it on many devices, and what is shown."""
