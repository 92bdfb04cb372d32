"""Trackers that show a run elsewhere; each is imported when a user names it."""
