"""Specs by what they mean: a canonical form, hashes of its sections, and what differs in two."""
