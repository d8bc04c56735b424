"""What is pushed may be labels, too.

Never imports the app: the schema of its day is written out here. Code of the version before must still run on it,
so a column is added in one release and dropped in a later one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("pushed") as batch_op:
        batch_op.add_column(sa.Column("holds", sa.Text(), nullable=False, server_default="records"))


def downgrade() -> None:
    # the version before would take labels for records
    op.execute("DELETE FROM pushed WHERE holds = 'labels'")
    with op.batch_alter_table("pushed") as batch_op:
        batch_op.drop_column("holds")
