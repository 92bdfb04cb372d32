"""The version, as a constant: reading package metadata would cost more than validating."""

__version__ = "0.1.0"
