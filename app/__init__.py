"""What people touch: the command line, the page, the words, the tables."""

# First of all: it switches off what packages would report to their makers.
import model as _first  # noqa: F401
