"""What a file is worth in a scenario: figures of several kinds in one score, by weights that people set."""
