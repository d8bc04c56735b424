"""What queries are laid beside, what is known of clients, and what these did."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, Integer, LargeBinary, String, Table, Text

from monitor.store.schema.columns import UTCDateTime, metadata, of_model

# What queries are laid beside, fitted on the reference. The empty version is all of it; a version that the reference
# holds enough rows of has its own.
attack_baseline = Table(
    "attack_baseline",
    metadata,
    of_model(primary_key=True),
    Column("version", Text, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# How far the queries of a model have been followed. `revision` rises with every batch; a writer that knows another one
# has been overtaken. `shapes`: of the arrays whose pages `attack_state` holds.
attack_tracking = Table(
    "attack_tracking",
    metadata,
    of_model(primary_key=True),
    Column("version", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("shapes", JSON, nullable=False),
)

# What is known of clients and of like rows, in pages of 64 KB; one without a row is all zeros.
attack_state = Table(
    "attack_state",
    metadata,
    of_model(primary_key=True),
    Column("version", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

# Public: what a client did in an hour or day that an attacker would do, kept as long as the records; the empty client
# is all traffic. `hits` of `rows` rows showed a sign that at most a share of `rate` of honest rows do; `log_e` is the
# evidence against chance at its highest, in nats. `total`: the sum over all clients, without evidence of its own.
# `ids`: of some of these records.
sighting = Table(
    "sighting",
    metadata,
    of_model(primary_key=True),
    Column("start", UTCDateTime, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("detector", Text, primary_key=True),
    Column("client", Text, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("hits", BigInteger, nullable=False),
    Column("rate", Double, nullable=False),
    Column("log_e", Double, nullable=False),
    Column("total", Boolean, nullable=False),
    Column("first_at", UTCDateTime),
    Column("first_id", Text, nullable=False),
    Column("ids", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
)
