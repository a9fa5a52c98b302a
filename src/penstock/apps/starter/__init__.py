"""The smallest project that does something: orders from a file, revenue per minute."""
