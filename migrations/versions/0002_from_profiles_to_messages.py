"""The tables between profiles and delivered messages.

Never imports the app: the schema of its day is written out here. Code of the version before must still run on it,
so a column is added in one release and dropped in a later one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "channel_state",
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_until", INSTANT, nullable=True),
        sa.Column("off", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("receiver", name=op.f("pk_channel_state")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("notice", sa.String(length=64), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("leased_until", INSTANT, nullable=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("notice", name=op.f("uq_outbox_notice")),
    )
    op.create_index(op.f("ix_outbox_state_receiver_due_at"), "outbox", ["state", "receiver", "due_at"])

    op.create_table(
        "run",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("slot", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("job", "slot", name=op.f("pk_run")),
    )
    op.create_table(
        "source_state",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("live_at", INSTANT, nullable=True),
        sa.Column("drained_at", INSTANT, nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("read", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("quarantined", sa.BigInteger(), nullable=False),
        sa.Column("repeated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_state")),
    )
    op.create_table(
        "alert",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("since", INSTANT, nullable=True),
        sa.Column("fired_at", INSTANT, nullable=True),
        sa.Column("resolved_at", INSTANT, nullable=True),
        sa.Column("breaches", sa.JSON(), nullable=False),
        sa.Column("clears", sa.Integer(), nullable=False),
        sa.Column("window_start", INSTANT, nullable=True),
        sa.Column("window_end", INSTANT, nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("p_value", sa.Double(), nullable=True),
        sa.Column("effect", sa.Double(), nullable=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_alert_model_model")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_alert")),
    )
    op.create_index(op.f("ix_alert_model_state"), "alert", ["model", "state"])

    op.create_table(
        "delivery",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("outbox", SERIAL, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["outbox"], ["outbox.id"], name=op.f("fk_delivery_outbox_outbox")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_outbox"), "delivery", ["outbox"])

    op.create_table(
        "judgement",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", INSTANT, nullable=False),
        sa.Column("window_end", INSTANT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("labelled", sa.BigInteger(), nullable=False),
        sa.Column("matured", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_judgement_model_model")),
        sa.PrimaryKeyConstraint("model", "window_end", name=op.f("pk_judgement")),
    )
    op.create_table(
        "label",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_label_model_model")),
        sa.PrimaryKeyConstraint("model", "day", "key", name=op.f("pk_label")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pushed",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_pushed_model_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pushed")),
    )
    op.create_table(
        "reference",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("layout", sa.LargeBinary(), nullable=False),
        sa.Column("profile", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_reference_model_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference")),
        sa.UniqueConstraint("model", "fingerprint", "segment", name=op.f("uq_reference_model_fingerprint_segment")),
    )
    op.create_table(
        "row_key",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_row_key_model_model")),
        sa.PrimaryKeyConstraint("model", "day", "key", name=op.f("pk_row_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alert_event",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("window_end", INSTANT, nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("p_value", sa.Double(), nullable=True),
        sa.Column("effect", sa.Double(), nullable=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["fingerprint"], ["alert.fingerprint"], name=op.f("fk_alert_event_fingerprint_alert")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_alert_event_model_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_event")),
    )
    op.create_index(op.f("ix_alert_event_fingerprint_window_end"), "alert_event", ["fingerprint", "window_end"])
    op.create_index(op.f("ix_alert_event_model_window_end"), "alert_event", ["model", "window_end"])

    with op.batch_alter_table("measurement") as batch_op:
        batch_op.add_column(sa.Column("reference", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("kind", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("alpha", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("threshold", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("outcome", sa.String(length=12), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("measurement") as batch_op:
        batch_op.drop_column("outcome")
        batch_op.drop_column("threshold")
        batch_op.drop_column("alpha")
        batch_op.drop_column("kind")
        batch_op.drop_column("reference")

    op.drop_table("alert_event")
    op.drop_table("row_key")
    op.drop_table("reference")
    op.drop_table("pushed")
    op.drop_table("label")
    op.drop_table("judgement")

    op.drop_table("delivery")

    op.drop_table("alert")
    op.drop_table("source_state")
    op.drop_table("run")

    op.drop_table("outbox")
    op.drop_table("lease")
    op.drop_table("channel_state")
