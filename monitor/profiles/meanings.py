"""What a model's answers say in the words of the labels: `decline` is 1."""

import pyarrow as pa

from monitor.profiles.reading import canonical, categories
from monitor.profiles.tables import as_text
from monitor.types import Roles


def translated(rows: pa.Table, roles: Roles) -> pa.Table:
    """Give rows whose predictions, and those of `others`, are in the labels' words; what has no meaning stays.

    >>> roles = Roles(timestamp="at", prediction="said", meanings={"decline": 1, "approve": 0})
    >>> translated(pa.table({"said": ["approve", "decline", None]}), roles)["said"].to_pylist()
    [0, 1, None]
    >>> translated(pa.table({"said": ["approve", "review"]}), roles)["said"].to_pylist()
    ['0', 'review']
    """
    for name in (roles.prediction, *roles.others) if roles.meanings else ():
        if name is not None and rows.column_names.count(name) == 1:
            rows = rows.set_column(rows.column_names.index(name), name, _meant(rows[name], roles))
    return rows


def _meant(column: pa.ChunkedArray, roles: Roles) -> pa.ChunkedArray:
    read = categories(column, classes=True)
    if not any(text is not None and canonical(text) in roles.meanings for text in read.texts):
        return column
    words = [text if text is None else roles.meanings.get(canonical(text), text) for text in read.texts]
    if len({type(word) for word in words if word is not None}) > 1:
        words = [as_text(word) for word in words]
    return pa.chunked_array([pa.array([*words, None]).take(pa.array(read.positions % (len(words) + 1)))])
