"""Who does what when, and what the deployment keeps to itself."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text

from monitor.store.schema.columns import UTCDateTime, metadata

# What was due and who did it: a slot of a job is done once, whoever does it.
run = Table(
    "run",
    metadata,
    Column("job", Text, primary_key=True),
    Column("slot", UTCDateTime, primary_key=True),
    Column("state", String(10), nullable=False),
    Column("owner", Text, nullable=False),
    Column("token", Integer, nullable=False),
    Column("started_at", UTCDateTime, nullable=False),
    Column("finished_at", UTCDateTime),
    Column("error", Text, nullable=False, server_default=""),
)

# Who may work on what until when. `token` rises with every holder, so that a late one is recognised.
lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("token", Integer, nullable=False),
    Column("until", UTCDateTime, nullable=False),
)

# What the deployment must keep to itself, made once at random: the seed of the fingerprints of queries.
secret = Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
