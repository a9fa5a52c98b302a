"""The page: that its build is what its sources make, and what a person meets in a browser."""
