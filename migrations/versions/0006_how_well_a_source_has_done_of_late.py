"""How many of a source's last rows could not be taken, and since when nothing matches its pattern.

Never imports the app: the schema of its day is written out here. Code of the version before must still run on it,
so a column is added in one release and dropped in a later one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("source_state") as batch_op:
        batch_op.add_column(sa.Column("recent_read", sa.Double(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("recent_bad", sa.Double(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("empty_since", INSTANT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("source_state") as batch_op:
        batch_op.drop_column("empty_since")
        batch_op.drop_column("recent_bad")
        batch_op.drop_column("recent_read")
