"""The whole way, to be read first: photos held back once or in turn, calibrated, released."""
