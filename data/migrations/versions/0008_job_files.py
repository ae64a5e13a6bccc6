"""What jobs made that is no plan yet: plans to choose from, papers to take away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.migrations.steps import confine, is_postgis

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table; files are seen by whoever may see their job."""
    op.create_table(
        "job_files",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job", "name", "number", name="pk_job_files"),
    )
    if is_postgis():
        confine("job_files", "job in (select id from jobs)")


def downgrade() -> None:
    """Take the table away again; what was not chosen or taken away by then is lost."""
    op.drop_table("job_files")
