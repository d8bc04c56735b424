"""When receivers are told again of what still fires.

Never imports the app: the schema of its day is written out here. Code of the version before must still run on it,
so a column is added in one release and dropped in a later one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reminder",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("alerts", sa.JSON(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_reminder_model_model")),
        sa.PrimaryKeyConstraint("model", "receiver", name=op.f("pk_reminder")),
    )


def downgrade() -> None:
    op.drop_table("reminder")
