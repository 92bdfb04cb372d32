"""What a run has fitted, as JSON and Arrow: written with a model, read by a later run."""
