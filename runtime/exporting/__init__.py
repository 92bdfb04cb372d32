"""A trained network written as a file that runs without specc, held against specc itself."""
