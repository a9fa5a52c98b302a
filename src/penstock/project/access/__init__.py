"""Who may do what: users with roles, their tokens and logins, kept in the project's database."""
