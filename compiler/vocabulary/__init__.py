"""A document against the vocabulary: its mistakes, repairs and defaults."""
