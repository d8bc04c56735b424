"""Windows too small to be judged alone are judged together with those before them.

Never imports the app: the schema of its day is written out here. Code of the version before must still run on it,
so a column is added in one release and dropped in a later one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("judgement") as batch_op:
        batch_op.add_column(sa.Column("since", INSTANT, nullable=True))
        batch_op.add_column(sa.Column("decided", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("alarmed", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("judgement") as batch_op:
        batch_op.drop_column("alarmed")
        batch_op.drop_column("decided")
        batch_op.drop_column("since")
