"""What people touch: the command line, the page, the words, the tables."""
