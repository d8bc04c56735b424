"""What people have quieted: silences, alerts that were taken over, and why one was ended by hand.

Never imports the app: the schema of its day is written out here. Code of the version before must still run on it,
so a column is added in one release and dropped in a later one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.create_table(
        "silence",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mark", sa.String(12), nullable=False),
        sa.Column("model", sa.Text()),
        sa.Column("kind", sa.Text()),
        sa.Column("column", sa.Text()),
        sa.Column("segment", sa.Text()),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence")),
    )
    op.create_index(op.f("ix_silence_until"), "silence", ["until"])
    op.create_table(
        "acknowledgement",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("episode", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(
            ["fingerprint"], ["alert.fingerprint"], name=op.f("fk_acknowledgement_fingerprint_alert")
        ),
        sa.PrimaryKeyConstraint("fingerprint", "episode", name=op.f("pk_acknowledgement")),
    )
    with op.batch_alter_table("alert_event") as batch_op:
        batch_op.add_column(sa.Column("why", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("alert_event") as batch_op:
        batch_op.drop_column("why")
    op.drop_table("acknowledgement")
    op.drop_index(op.f("ix_silence_until"), "silence")
    op.drop_table("silence")
