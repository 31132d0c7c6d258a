"""The tables, one description for SQLite and PostgreSQL.

Only the migrations read this; the server speaks SQL and never imports SQLAlchemy.
After a change here write the next revision in migrations/versions and raise `SCHEMA` in database.py.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import TEXT

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts up by itself only in a column of type `integer`.
Key = BigInteger().with_variant(Integer, "sqlite")
# Sorted by code point on both, so that pages come in the same order.
Sorted = Text().with_variant(TEXT(collation="C"), "postgresql")

users = Table(
    "users",
    metadata,
    Column("id", Key, primary_key=True),
    Column("username", Text, nullable=False),
    Column("username_key", Text, nullable=False, unique=True),  # what signing in compares
    Column("name", Text, nullable=False),
    Column("number", Text, nullable=False, unique=True),
    Column("search", Sorted, nullable=False),
    Column("password_hash", Text),  # null until the one-time link was used
    Column("device", BigInteger),  # the one chosen for dialling
    Column("created", Double, nullable=False),
    sqlite_autoincrement=True,  # an id is never given twice
)

devices = Table(
    "devices",
    metadata,
    Column("id", Key, primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sip_user", Text, unique=True),
    Column("ha1_md5", Text, nullable=False),
    Column("ha1_sha256", Text, nullable=False),
    Column("srtp", Text, nullable=False, server_default="auto"),
    Column("created", Double, nullable=False),
    sqlite_autoincrement=True,
)

one_time_links = Table(
    "one_time_links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires", Double, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created", Double, nullable=False),
    Column("seen", Double, nullable=False),
    Column("expires", Double, nullable=False),
)

bindings = Table(
    "bindings",
    metadata,
    Column("device", BigInteger, ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True),
    Column("contact", LargeBinary, primary_key=True),
    Column("transport", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("local_host", Text, nullable=False),
    Column("local_port", Integer, nullable=False),
    Column("instance", LargeBinary, nullable=False),
    Column("call_id", LargeBinary, nullable=False),
    Column("cseq", BigInteger, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("nat", Boolean, nullable=False),
    Column("user_agent", LargeBinary, nullable=False),
)

records = Table(
    "records",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("call", Text, nullable=False),
    Column("user_id", BigInteger, nullable=False),  # no foreign key: a record outlives its user
    Column("direction", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("other_number", Text, nullable=False),
    Column("other_name", Text, nullable=False),
    Column("other_user", BigInteger),
    Column("device", BigInteger),
    Column("begun", Double, nullable=False),
    Column("answered", Double),
    Column("ended", Double),  # null while the call lives
    Column("cause", Text, nullable=False),
    Index(
        None, "user_id", "id"
    ),  # read backwards for the newest; `… desc` here would escape Alembic on SQLite
)

dialogs = Table(
    "dialogs",
    metadata,
    Column("leg", Text, primary_key=True),
    Column("call_id", LargeBinary, nullable=False),
    Column("local", LargeBinary, nullable=False),
    Column("remote", LargeBinary, nullable=False),
    Column("target", LargeBinary, nullable=False),
    Column("routes", LargeBinary, nullable=False),
    Column("cseq", BigInteger, nullable=False),
    Column("transport", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("local_host", Text, nullable=False),
    Column("local_port", Integer, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
