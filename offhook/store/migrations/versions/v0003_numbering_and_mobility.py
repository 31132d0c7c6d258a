"""Numbering areas, lines, mobiles, groups that are called, the plan with its changes, and what was spent."""

from contextlib import AbstractContextManager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    last = _last_user()
    with _users() as users:
        users.add_column(sa.Column("node", sa.Text(), server_default="root", nullable=False))
        users.add_column(sa.Column("line", sa.Text(), server_default="{}", nullable=False))
        users.drop_constraint(op.f("uq_users_number"), type_="unique")
        users.create_unique_constraint(op.f("uq_users_node_number"), ["node", "number"])
    _count_on_from(last)

    op.add_column(
        "devices", sa.Column("no_mobility", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("devices", sa.Column("mobile", sa.Text(), nullable=True))
    op.add_column("groups", sa.Column("ringing", sa.Text(), nullable=True))
    op.add_column("group_members", sa.Column("position", sa.Integer(), server_default="0", nullable=False))

    op.create_table(
        "plan",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_plan")),
    )
    op.create_table(
        "tolls",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("toll", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "day", "toll", name=op.f("pk_tolls")),
    )
    op.create_table(
        "changes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("undone", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Two users with one number in different areas cannot go back, and no mobile can."""
    for table in ("changes", "tolls", "plan"):
        op.drop_table(table)
    op.drop_column("group_members", "position")
    op.drop_column("groups", "ringing")
    op.execute(
        "update users set device = (select min(d.id) from devices d where d.user_id = users.id"
        " and d.kind <> 'mobile') where device in (select id from devices where kind = 'mobile')"
    )
    op.execute("delete from devices where kind = 'mobile'")
    op.drop_column("devices", "mobile")
    op.drop_column("devices", "no_mobility")

    last = _last_user()
    with _users() as users:
        users.drop_constraint(op.f("uq_users_node_number"), type_="unique")
        users.create_unique_constraint(op.f("uq_users_number"), ["number"])
        users.drop_column("line")
        users.drop_column("node")
    _count_on_from(last)


def _users() -> AbstractContextManager[BatchOperations]:
    return op.batch_alter_table("users", table_kwargs={"sqlite_autoincrement": True})


def _last_user() -> int:
    """The highest id that SQLite has ever given to a user; copying the table would forget it."""
    if op.get_bind().dialect.name != "sqlite":
        return 0
    return op.get_bind().scalar(sa.text("select seq from sqlite_sequence where name = 'users'")) or 0


def _count_on_from(last: int) -> None:
    if last:
        op.execute("delete from sqlite_sequence where name = 'users'")
        insert = sa.text("insert into sqlite_sequence (name, seq) values ('users', :last)")
        op.execute(insert.bindparams(last=last))
