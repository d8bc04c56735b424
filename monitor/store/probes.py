"""What a model's endpoint answered to canary inputs when they were first asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from monitor.store.schema import probe


@dataclass(frozen=True)
class Recorded:
    """An answer as JSON text, and the newest version in the traffic when it was given."""

    answer: str
    version: str


def read_answers(connection: Connection, name: str) -> dict[str, Recorded]:
    """Give the recorded answers of a model by the digest of their input."""
    rows = connection.execute(select(probe).where(probe.c.model == name))
    return {row.input: Recorded(row.answer, row.version) for row in rows}


def record_answers(
    connection: Connection, name: str, answers: Mapping[str, str], *, version: str, now: datetime
) -> None:
    """Keep the answers by the digest of their input, in the place of earlier ones."""
    if not answers:
        return
    connection.execute(delete(probe).where(probe.c.model == name, probe.c.input.in_(list(answers))))
    rows = [
        {"model": name, "input": digest, "version": version, "answer": answer, "recorded_at": now}
        for digest, answer in answers.items()
    ]
    connection.execute(insert(probe), rows)


def forget_answers(connection: Connection, name: str) -> None:
    """Have a model's next answers recorded anew."""
    connection.execute(delete(probe).where(probe.c.model == name))
