"""Names and numbers of addresses, where the address index lies in the database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.migrations.steps import confine, is_postgis

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables; the trigram index comes with their rows, for it needs an extension that may be missing."""
    op.create_table(
        "address_editions",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("edition", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("longest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("county", "edition", name="pk_address_editions"),
    )
    op.create_table(
        "address_names",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.BigInteger(), nullable=False),
        sa.Column("sounds", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("county", "edition", "name", "place", name="pk_address_names"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_table(
        "address_keys",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("index_row", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("county", "edition", "kind", "name", "number", "index_row", name="pk_address_keys"),
        postgresql_partition_by="LIST (county)",
    )
    if is_postgis():
        # Names are of a whole county and no secret in it; where they lead to is seen by each place for itself.
        for table in ("address_editions", "address_names"):
            confine(table, "gw_inside(county)", seen="gw_inside(county) or gw_around(county)")
        confine("address_keys", "gw_inside(place)")


def downgrade() -> None:
    """Take the tables away again; nothing is lost that is not made anew."""
    for table in ("address_keys", "address_names", "address_editions"):
        op.drop_table(table)
