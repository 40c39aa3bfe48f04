"""An answer as text, HTML, row and picture."""
