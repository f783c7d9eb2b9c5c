"""Which operators int8 hurts, and which of them stay float."""
