"""Scales moved between the layers of a float file, so that all channels use their tensor's range alike."""
