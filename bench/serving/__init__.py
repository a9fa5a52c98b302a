"""What serving claims: events in, pushes and answers out, the page, and what simulated events become."""
