"""Who gave a label that came by itself is kept with it.

Never imports the app: the schema of its day is written out here. Code of the version before must still run on it,
so a column is added in one release and dropped in a later one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    with op.batch_alter_table("label") as batch_op:
        batch_op.add_column(sa.Column("contributor", sa.Text()))


def downgrade() -> None:
    with op.batch_alter_table("label") as batch_op:
        batch_op.drop_column("contributor")
