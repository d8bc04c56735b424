"""When labels came is kept, and up to when that is known and was judged.

Never imports the app: the schema of its day is written out here. Code of the version before must still run on it,
so a column is added in one release and dropped in a later one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.create_table(
        "arrival",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("hours", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("ages", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_arrival_model_model")),
        sa.PrimaryKeyConstraint("model", "hours", "at", name=op.f("pk_arrival")),
    )
    with op.batch_alter_table("source_state") as batch_op:
        batch_op.add_column(sa.Column("known_until", INSTANT))
        batch_op.add_column(sa.Column("judged_until", INSTANT))


def downgrade() -> None:
    with op.batch_alter_table("source_state") as batch_op:
        batch_op.drop_column("judged_until")
        batch_op.drop_column("known_until")
    op.drop_table("arrival")
