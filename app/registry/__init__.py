"""Registry of models: which one answers when none is named."""
