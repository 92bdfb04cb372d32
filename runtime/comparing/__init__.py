"""Finished runs side by side: what their metrics differ in, and whether that is more than noise."""
