"""What users wish, groups, what a call record tells of a call's way, and deliveries to webhooks."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Lower case and one space before each word, as store/search.py does it but for letters with marks.
FORMER_RECORDS = """
update records set complete = ended is not null,
 search = lower(' ' || other_number || ' ' || other_name),
 list = case when ended is null then null when direction = 'out' then 'outgoing'
  when outcome = 'missed' then 'missed' else 'incoming' end
"""


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("do_not_disturb", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("users", sa.Column("call_waiting", sa.Boolean(), server_default=sa.true(), nullable=False))

    op.create_table(
        "groups",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("name_key", name=op.f("uq_groups_name_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_members_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_group_members_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_group_members")),
    )
    op.create_index(op.f("ix_group_members_user_id"), "group_members", ["user_id"])

    op.drop_index(op.f("ix_records_user_id_id"), "records")
    for column in _records():
        op.add_column("records", column)
    op.execute(FORMER_RECORDS)
    _partial_index("ix_records_listed", "records", ["user_id", "list", "id", "search"], "list is not null")
    _partial_index("ix_records_incomplete", "records", ["id"], "not complete")
    _partial_index("ix_records_part_of", "records", ["part_of"], "part_of is not null")

    op.create_table(
        "deliveries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("hook", sa.Text(), nullable=False),
        sa.Column("record", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try", sa.Double(), nullable=True),
        sa.Column("finished", sa.Double(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("record", "hook", name=op.f("uq_deliveries_record_hook")),
        sqlite_autoincrement=True,
    )
    _partial_index("ix_deliveries_waiting", "deliveries", ["hook", "id"], "next_try is not null")


def downgrade() -> None:
    op.drop_table("deliveries")
    for name in ("ix_records_listed", "ix_records_incomplete", "ix_records_part_of"):
        op.drop_index(name, "records")
    for column in _records():
        op.drop_column("records", column.name)
    op.create_index(op.f("ix_records_user_id_id"), "records", ["user_id", "id"])
    op.drop_table("group_members")
    op.drop_table("groups")
    op.drop_column("users", "call_waiting")
    op.drop_column("users", "do_not_disturb")


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _records() -> list[sa.Column[Any]]:  # of columns of any type
    return [
        sa.Column("complete", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("part_of", sa.BigInteger(), nullable=True),
        sa.Column("via_how", sa.Text(), server_default="", nullable=False),
        sa.Column("via_number", sa.Text(), server_default="", nullable=False),
        sa.Column("via_name", sa.Text(), server_default="", nullable=False),
        sa.Column("via_user", sa.BigInteger(), nullable=True),
        sa.Column("to_number", sa.Text(), server_default="", nullable=False),
        sa.Column("to_name", sa.Text(), server_default="", nullable=False),
        sa.Column("to_user", sa.BigInteger(), nullable=True),
        sa.Column("list", sa.Text(), nullable=True),
        sa.Column("search", sa.Text(), server_default="", nullable=False),
        sa.Column("events", sa.Text(), server_default="[]", nullable=False),
    ]
