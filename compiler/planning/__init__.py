"""A plan as data, as text and as a drawing, and the memory that it takes."""
