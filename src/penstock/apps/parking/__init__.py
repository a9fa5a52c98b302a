"""Parking in Stavanger: what the city publishes, asked for every minute, and what can be told of it."""
