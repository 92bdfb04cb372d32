"""What an exported model says of itself: its inputs, and the way from raw rows to them, as data."""
