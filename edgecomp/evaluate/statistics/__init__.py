"""What can be said of a figure that was measured on so many samples."""
