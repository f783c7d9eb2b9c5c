"""Whether two models look at the same parts of their inputs."""
