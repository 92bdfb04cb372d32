"""A run folder read back: whole, as it was written, or refused with a diagnostic."""
