"""One file a task: what is kept of each sample's answer, and the figures that are made of it."""
