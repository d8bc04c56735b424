"""Profiles are found by their windows, and rows in quarantine by their content.

Never imports the app: the schema of its day is written out here. Code of the version before must still run on it,
so a column is added in one release and dropped in a later one.
"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_CHUNK = 1000


def upgrade() -> None:
    op.create_index(op.f("ix_profile_model_start_end"), "profile", ["model", "start", "end"])
    with op.batch_alter_table("quarantine") as batch_op:
        batch_op.add_column(sa.Column("digest", sa.String(32), server_default="", nullable=False))
    _digest_excerpts()
    op.create_index(op.f("ix_quarantine_source_digest"), "quarantine", ["source", "digest"])


def downgrade() -> None:
    op.drop_index(op.f("ix_quarantine_source_digest"), "quarantine")
    with op.batch_alter_table("quarantine") as batch_op:
        batch_op.drop_column("digest")
    op.drop_index(op.f("ix_profile_model_start_end"), "profile")


def _digest_excerpts() -> None:
    table = sa.table("quarantine", sa.column("id"), sa.column("excerpt"), sa.column("digest"))
    bind, last = op.get_bind(), 0
    chosen = sa.select(table.c.id, table.c.excerpt).order_by(table.c.id).limit(_CHUNK)
    change = sa.update(table).where(table.c.id == sa.bindparam("row")).values(digest=sa.bindparam("its"))
    while rows := bind.execute(chosen.where(table.c.id > last)).all():
        digests = [hashlib.blake2b(text.encode(errors="replace"), digest_size=16).hexdigest() for _, text in rows]
        bind.execute(change, [{"row": row.id, "its": its} for row, its in zip(rows, digests, strict=True)])
        last = rows[-1].id
