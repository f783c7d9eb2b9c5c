"""How answers hold out against worse inputs, inputs that are meant to mislead, and time."""
