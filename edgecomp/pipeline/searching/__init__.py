"""The search for the best recipe: what is tried, how it is judged, and on which samples."""
