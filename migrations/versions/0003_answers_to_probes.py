"""What a model's endpoint answered to canary inputs.

Never imports the app: the schema of its day is written out here. Code of the version before must still run on it,
so a column is added in one release and dropped in a later one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.create_table(
        "probe",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("input", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_probe_model_model")),
        sa.PrimaryKeyConstraint("model", "input", name=op.f("pk_probe")),
    )


def downgrade() -> None:
    op.drop_table("probe")
