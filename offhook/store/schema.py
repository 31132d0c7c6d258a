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
    UniqueConstraint,
    false,
    text,
    true,
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
    Column("node", Text, nullable=False, server_default="root"),  # where the number is
    Column("number", Text, nullable=False),
    Column("search", Sorted, nullable=False),
    Column("password_hash", Text),  # null until the one-time link was used
    Column("device", BigInteger),  # the one chosen for dialling
    Column("created", Double, nullable=False),
    Column("do_not_disturb", Boolean, nullable=False, server_default=false()),
    Column("call_waiting", Boolean, nullable=False, server_default=true()),
    Column("line", Text, nullable=False, server_default="{}"),  # JSON of dialplan.model.Line
    UniqueConstraint("node", "number"),
    sqlite_autoincrement=True,  # an id is never given twice
)

groups = Table(
    "groups",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),  # what is compared
    Column("ringing", Text),  # JSON of dialplan.model.Ringing; null: it cannot be called
    sqlite_autoincrement=True,
)

group_members = Table(
    "group_members",
    metadata,
    Column("group_id", BigInteger, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("active", Boolean, nullable=False),
    Column("position", Integer, nullable=False, server_default="0"),  # in the group; then by user
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
    Column("no_mobility", Boolean, nullable=False, server_default=false()),
    Column("mobile", Text),  # JSON of dialplan.model.Mobile
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
    Column("ended", Double),  # null while the user takes part
    Column("cause", Text, nullable=False),
    Column("complete", Boolean, nullable=False, server_default=true()),  # nothing more will be written
    Column("part_of", BigInteger),  # the record of this user and call that it continues
    Column("via_how", Text, nullable=False, server_default=""),
    Column("via_number", Text, nullable=False, server_default=""),
    Column("via_name", Text, nullable=False, server_default=""),
    Column("via_user", BigInteger),
    Column("to_number", Text, nullable=False, server_default=""),  # to whom the call was sent on
    Column("to_name", Text, nullable=False, server_default=""),
    Column("to_user", BigInteger),
    Column("list", Text),  # missed, incoming, outgoing; null: in no list (yet)
    Column("search", Text, nullable=False, server_default=""),
    Column("events", Text, nullable=False, server_default="[]"),  # JSON
    # Each list is read backwards from its newest; `search` is in it so that looking through very many
    # records of one user reads nothing but this index.
    Index(
        "ix_records_listed",
        "user_id",
        "list",
        "id",
        "search",
        sqlite_where=text("list is not null"),
        postgresql_where=text("list is not null"),
    ),
    Index(
        "ix_records_incomplete",
        "id",
        sqlite_where=text("not complete"),
        postgresql_where=text("not complete"),
    ),
    Index(
        "ix_records_part_of",
        "part_of",
        sqlite_where=text("part_of is not null"),
        postgresql_where=text("part_of is not null"),
    ),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("hook", Text, nullable=False),  # its URL
    Column("record", BigInteger, nullable=False),
    Column("created", Double, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try", Double),  # null when it is over
    Column("finished", Double),
    Column("status", Integer),  # HTTP, of the last attempt
    Column("problem", Text, nullable=False, server_default=""),  # of the last attempt
    UniqueConstraint("record", "hook"),  # a group commit may be repeated
    Index(
        "ix_deliveries_waiting",
        "hook",
        "id",
        sqlite_where=text("next_try is not null"),
        postgresql_where=text("next_try is not null"),
    ),
    sqlite_autoincrement=True,
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

plan = Table(
    "plan",
    metadata,
    Column("kind", Text, primary_key=True),  # location, limits, node, filter, trunk
    Column("name", Text, primary_key=True),  # empty where there is one of its kind only
    Column("position", Integer, nullable=False),
    Column("body", Text, nullable=False),  # JSON of the value in dialplan.model
)

tolls = Table(
    "tolls",
    metadata,
    # No foreign key: what a call has cost is written even if its user goes meanwhile.
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Text, primary_key=True),
    Column("toll", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Double, nullable=False),
    Column("who", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("before", Text, nullable=False),  # JSON, the objects touched
    Column("after", Text, nullable=False),
    Column("undone", Double),
    sqlite_autoincrement=True,
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
