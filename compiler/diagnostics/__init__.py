"""What specc tells of a mistake: the codes, their wording, names that are near."""
