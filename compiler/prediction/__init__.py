"""What a trained model says of itself, and its graph on another bundle."""
