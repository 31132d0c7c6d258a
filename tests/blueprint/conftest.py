"""What applies a document is tested on SQLite and on PostgreSQL, as the store is."""

from tests.store.conftest import cluster, database, postgres_template, sqlite_template, url

__all__ = ["cluster", "database", "postgres_template", "sqlite_template", "url"]
