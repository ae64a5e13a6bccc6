"""What the maps and papers of incidents are made of."""
