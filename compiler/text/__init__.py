"""The text of a spec: reading it, places in it, and changing it."""
