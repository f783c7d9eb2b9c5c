"""Figures as shapes that a page can draw at any width: positions in percent, no colours, no pixels."""
