"""What attacks are looked for with, what is known of every client, and what was seen of them.

Never imports the app: the schema of its day is written out here. Code of the version before must still run on it,
so a column is added in one release and dropped in a later one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.create_table(
        "secret",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secret")),
    )
    op.create_table(
        "attack_baseline",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_attack_baseline_model_model")),
        sa.PrimaryKeyConstraint("model", "version", name=op.f("pk_attack_baseline")),
    )
    op.create_table(
        "attack_tracking",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("shapes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_attack_tracking_model_model")),
        sa.PrimaryKeyConstraint("model", "version", name=op.f("pk_attack_tracking")),
    )
    op.create_table(
        "attack_state",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_attack_state_model_model")),
        sa.PrimaryKeyConstraint("model", "version", "part", "page", name=op.f("pk_attack_state")),
    )
    op.create_table(
        "sighting",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("start", INSTANT, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("log_e", sa.Double(), nullable=False),
        sa.Column("total", sa.Boolean(), nullable=False),
        sa.Column("first_at", INSTANT, nullable=True),
        sa.Column("first_id", sa.Text(), nullable=False),
        sa.Column("ids", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_sighting_model_model")),
        sa.PrimaryKeyConstraint("model", "start", "version", "detector", "client", name=op.f("pk_sighting")),
    )


def downgrade() -> None:
    op.drop_table("sighting")
    op.drop_table("attack_state")
    op.drop_table("attack_tracking")
    op.drop_table("attack_baseline")
    op.drop_table("secret")
