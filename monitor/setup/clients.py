"""The signs by which a column shows who asked."""

import pyarrow as pa

from monitor.setup.look import distinct, how_well, is_code, words

FEWEST_CLIENTS = 3
"""Two values say of someone whether, and not who: `new_customer`."""
CLIENTS = (
    "client",
    "user",
    "account",
    "customer",
    "cust",
    "caller",
    "tenant",
    "subscriber",
    "api",
    "apikey",
    "device",
    "ip",
)
_PARTIES = (
    "seller",
    "merchant",
    "vendor",
    "partner",
    "broker",
    "dealer",
    "reseller",
    "affiliate",
    "publisher",
    "advertiser",
    "sender",
    "member",
    "visitor",
    "applicant",
    "driver",
    "rider",
    "courier",
    "employer",
    "agency",
    "agent",
)
"""Who may have asked, where nobody is called a client; or whom the rows are about."""
_LABELLERS = (
    "contributor",
    "reviewer",
    "annotator",
    "labeller",
    "labeler",
    "rater",
    "grader",
    "assessor",
    "moderator",
    "adjudicator",
)
_EXPERTS = (
    "technician",
    "engineer",
    "inspector",
    "analyst",
    "auditor",
    "operator",
    "physician",
    "radiologist",
    "officer",
    "expert",
)
"""Who gave a label, where they stand beside it."""
_GIVEN = ("labelled", "labeled", "annotated", "reviewed", "rated", "graded", "assessed", "moderated", "judged")
IDS = ("id", "uuid", "guid", "key", "uid")
_NAMES_SOMEONE = ("id", "key", "name", "ip", "address", "hash", "number")
_WHO_ASKED = "names who asked, and comes again"


def as_client(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    """Say how well a column fits for that of clients, and why; None where it does not."""
    party = _names_party(name)
    if not (party or names_someone(name)) or not is_code(column):
        return None
    if not FEWEST_CLIENTS <= distinct(column) <= 0.9 * len(column):
        return None
    return (0, "may name who asked, and comes again") if party else (how_well(name, CLIENTS), _WHO_ASKED)


def as_contributor(name: str, column: pa.ChunkedArray, *, beside: bool = False) -> tuple[float, str] | None:
    """Say whether a column names who gave labels, and why; None where it does not.

    beside: it stands beside the label, as `handled_by` or `technician`, and not among what is known of the record.
    """
    parts = words(name)
    given = parts[-1] == "by" and (beside or parts[0] in _GIVEN)
    people = {*_LABELLERS, *(_EXPERTS if beside else ())}
    if not (given or people.intersection(parts)) or not is_code(column):
        return None
    return (0, "may name who gave the label, and comes again") if 2 <= distinct(column) <= len(column) / 2 else None


def _names_party(name: str) -> bool:
    parts = words(name)
    return parts[-1] in _PARTIES or bool(set(parts) & set(_PARTIES) and parts[-1] in (*IDS, "name", "code"))


def names_someone(name: str) -> bool:
    """Say whether a column is named like one of those who ask."""
    parts = words(name)
    return (
        parts[-1] in CLIENTS[:-4]
        or parts[-1] in ("apikey", "ip")
        or bool(set(parts) & set(CLIENTS) and parts[-1] in _NAMES_SOMEONE)
    )
