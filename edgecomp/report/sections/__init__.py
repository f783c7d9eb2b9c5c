"""Each part of a report read into the words and figures that a page shows: one module a part."""
