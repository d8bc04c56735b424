"""How mistakes are put into words: places, values that may be shown, and what was probably meant."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

Tree = Mapping[Any, Any]
Path = tuple[str | int, ...]
Mistake = tuple[Path, str, str]


def suggestion(name: str, known: Iterable[object]) -> str:
    """Give the known name that was probably meant, or all of them.

    >>> suggestion("retian", ["window", "retain"])
    "did you mean 'retain'?"
    """
    names = [str(key) for key in known]
    return meant(name, names) or f"known are {', '.join(names) or 'none'}"


def meant(name: str, known: Iterable[object]) -> str:
    """Ask for the known name that was probably meant; "" for none.

    By its initials, of the same words in another order, nearly the same, or by a part.

    >>> meant("mae", ["roc_auc", "mean_absolute_error"]), meant("auc", ["mae", "roc_auc"]), meant("x", ["yz"])
    ("did you mean 'mean_absolute_error'?", "did you mean 'roc_auc'?", '')
    >>> meant("f1_estimated", ["f1_stated", "estimated_f1"])
    "did you mean 'estimated_f1'?"
    """
    names, low = [str(key) for key in known], name.lower()
    parts = {one: one.lower().split("_") for one in names}
    short = [one for one in names if len(low) > 1 and "".join(part[:1] for part in parts[one]) == low]
    within = [one for one in names if low in parts[one]]
    turned = [one for one in names if sorted(parts[one]) == sorted(low.split("_"))]
    found = [*short, *turned, *get_close_matches(name, names, n=1), *within]
    return f"did you mean {found[0]!r}?" if found else ""


def mapping(value: object) -> dict[Any, Any]:
    """Give a mapping as it is, and none for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """Give a list as it is, and none for anything else."""
    return value if isinstance(value, list) else []


def value_at(tree: Any, path: Path) -> object:  # noqa: ANN401  # YAML holds anything
    """Give what stands at a place of the tree; None where there is no such place.

    A text that stands alone where a list may is its first entry.
    """
    for key in path:
        if isinstance(tree, str) and key == 0:
            continue
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def shown(value: object) -> str:
    """Give a value as a message shows it."""
    return kind_of(value) if isinstance(value, dict | list) or value is None else repr(value)


def kind_of(value: object) -> str:
    """Say what kind of thing YAML has read."""
    names = {dict: "a mapping", list: "a list", str: "text", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), "a number or date")
