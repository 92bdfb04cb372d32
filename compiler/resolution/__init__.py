"""What stands under `extractors` in a spec, as records."""
