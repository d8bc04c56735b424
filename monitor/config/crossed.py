"""Mistakes that lie between the keys of a configuration: each may be fine alone, together they are not.

They are looked for on the tree that YAML gave, not on the checked sections, so that they are told together with
everything else; what has the wrong shape is passed over here.
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from fnmatch import fnmatchcase

from monitor.config.addresses import is_loopback, is_private, is_web
from monitor.config.crossed_model import crossed_model
from monitor.config.model import KINDS, Receiver
from monitor.config.words import Mistake, Path, Tree, listed, mapping, shown, suggestion, value_at
from monitor.types import SEVERITIES

_RECEIVER_KINDS = ("slack", "webhook", "log")
BEFORE_KEY, NEW_KEY = "whsec_", "echo whsec_$(openssl rand -base64 32)"


def crossed(expanded: object, raw: object) -> Iterator[Mistake]:
    """Yield the mistakes between keys; `raw` is the tree as written, whose values may be shown."""
    tree = mapping(expanded)
    yield from _database(tree.get("database"))
    models, receivers = mapping(tree.get("models")), mapping(tree.get("receivers"))
    if tree.get("models") == {}:
        yield ("models",), "no model", "write one"
    for name, model in models.items():
        yield from crossed_model(("models", name), mapping(model), raw)
    for name, receiver in receivers.items():
        if isinstance(receiver, dict):
            yield from _receiver(("receivers", name), receiver)
    for index, route in enumerate(listed(tree.get("routes"))):
        yield from _route(("routes", index), mapping(route), models, receivers, raw)
    yield from _web(mapping(tree.get("web")), raw)


def _database(url: object) -> Iterator[Mistake]:
    # The URL is not shown, for it may hold a password.
    mend = "write sqlite:///monitor.db or postgresql://host/name"
    if not isinstance(url, str):
        return
    if re.fullmatch(r"sqlite(\+pysqlite)?:///.+", url) is None:
        if re.match(r"postgresql(\+psycopg)?://", url) is None:
            yield ("database",), "no address of a SQLite file or a PostgreSQL database", mend
    elif url.partition(":///")[2].startswith(":memory:"):
        yield ("database",), "SQLite in memory is lost at the end", mend


def _receiver(path: Path, receiver: Tree) -> Iterator[Mistake]:
    kinds = [kind for kind in _RECEIVER_KINDS if receiver.get(kind) is not None]
    secret = receiver.get("secret")
    if len(kinds) > 1:
        yield path, f"two kinds of receiver, {' and '.join(kinds)}", "write each as a receiver of its own"
    elif not kinds and not set(receiver) - set(Receiver.model_fields):
        yield path, "no kind of receiver", "write slack, webhook or log"
    elif kinds and "secret" in receiver and kinds != ["webhook"]:
        yield path, f"'secret' beside {kinds[0]}", "it belongs to webhook"
    elif kinds in (["slack"], ["webhook"]) and not re.match("https?://", str(receiver[kinds[0]])):
        yield (*path, kinds[0]), "no web address", "write one that begins with https://"
    elif kinds in (["slack"], ["webhook"]) and receiver.get("private") is not True and is_private(receiver[kinds[0]]):
        yield (*path, kinds[0]), "a private address", "write private: true beside it if it is meant"
    if isinstance(secret, list) and not 1 <= len(secret) <= 2:
        yield (
            (*path, "secret"),
            f"{len(secret)} secrets",
            "write one, or the new and the old one while they are changed",
        )
    if "secret" in receiver and not all(map(_is_key, secret if isinstance(secret, list) else [secret])):
        yield (*path, "secret"), "no key to sign with", f"write whsec_ and 24 to 64 random bytes in base64: {NEW_KEY}"


def _is_key(secret: object) -> bool:
    """Say whether it is a key, whose value is never shown: base64 after whsec_, or else any text that is not blank."""
    text = str(secret or "")
    if not text.startswith(BEFORE_KEY):
        return bool(text.strip())
    try:
        return bool(b64decode(text.removeprefix(BEFORE_KEY), validate=True))
    except ValueError:
        return False


def _route(path: Path, route: Tree, models: Tree, receivers: Tree, raw: object) -> Iterator[Mistake]:
    known = {"model": [*map(str, models)], "kind": KINDS, "severity": SEVERITIES}
    for key, pattern in mapping(route.get("match")).items():
        if key in known and isinstance(pattern, str) and not any(fnmatchcase(one, pattern) for one in known[key]):
            place: Path = (*path, "match", key)
            written = str(value_at(raw, place))
            yield place, f"no {key} matches {written!r}", suggestion(written, known[key])
    names = listed(route.get("to"))
    for position, name in enumerate(names):
        place = (*path, "to", position)
        if isinstance(name, str) and name not in receivers:
            written = str(value_at(raw, place))
            yield place, f"no receiver {written!r}", suggestion(written, receivers)
        elif isinstance(name, str) and name in names[:position]:
            yield place, f"{str(value_at(raw, place))!r} stands there twice", "write it once"


def _web(web: Tree, raw: object) -> Iterator[Mistake]:
    host, url = web.get("host"), web.get("url")
    if isinstance(host, str) and not is_loopback(host) and not web.get("token"):
        problem = f"{shown(value_at(raw, ('web', 'host')))} lets others in without a token"
        yield ("web",), problem, "set token, or host: 127.0.0.1"
    if isinstance(url, str) and not is_web(url):
        yield ("web", "url"), "no web address", "write for example https://monitor.example.com"
