"""The tables of a bundle: columns, keys, joins, splits, and rows as numbers."""
