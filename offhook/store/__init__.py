"""What lasts: one database, SQLite or PostgreSQL, and a small class for each table."""
