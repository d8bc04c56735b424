"""Everything the product remembers, in SQLite or PostgreSQL: the tables, and the way in and out."""
