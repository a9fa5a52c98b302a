"""Live health of meetings in a product like Slack or Zoom."""
