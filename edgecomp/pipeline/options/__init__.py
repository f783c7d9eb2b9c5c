"""The options of the verbs, each declared and described in one place, for Python and for the command line."""
