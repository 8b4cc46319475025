"""``make attack``: a hostile day against an instance of its own on loopback. What was tried, and every finding."""
