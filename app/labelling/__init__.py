"""Labels from readers: which photo comes next, what was said of it, how far readers agree, and the manifest of it."""
