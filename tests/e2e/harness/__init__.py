"""Real programs, a real broker, and clients that nobody of this project wrote."""
