"""Write a configuration with a comment behind every guess and every default."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor.config import Data
from monitor.setup.delay import USUAL
from monitor.setup.guess import Guess
from monitor.setup.signs import Choice

SECRET = "MONITOR_SOURCE"  # noqa: S105  # the name of a variable, not its value
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_TAKEN = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

_HEAD = """\
# Written by `monitor init` from a look at the data. Every guess says why; correct what is wrong, then
#   monitor check monitor.yaml
# Keys that are commented out show their defaults; `monitor help configuration` explains every key.
# ${NAME} is filled in from the environment, ${file:path} from a file.

database: sqlite:///monitor.db        # or postgresql://user:${DB_PASSWORD}@host/name

models:
"""
_SETTINGS = """
    # false_alarms: 1 per 30d         # how many false alarms are borne; thresholds follow from it
    # every: 1m                       # how often the source is pulled
    # lateness: 0s                    # how long after its end a window waits for late records
    # retain: 90d                     # how long raw records are kept; profiles, measurements and alerts stay
    # for: 2/3                        # an alert fires when 2 of the last 3 windows breached; 1 fires at once
    # clear: 3                        # and is resolved after so many clear windows in a row
    # min_labels: 0.95                # without max_delay: the share of labels from which performance is judged
    # min_rows: 50                    # a window of fewer rows is judged together with those that follow
    # segment_values: 20              # how many values of each segment are watched apart
    # holidays: []                    # countries such as DE or US-CA, and days, which are laid beside no others
    # thresholds:                     # by detector, detector(column) or kind: auto, off, a number, or a mapping
    #   psi: auto
    #   psi(column): off
    #   drift.data: {value: auto, min_effect: 0.1, for: 3/5}
    # severity: {drift.data: info}    # info, warning or critical, by kind of alert
"""
_REST = """
receivers:
  screen: {log: "-"}                  # "-" is standard error; a path is a file of JSON lines
  # team: {slack: "${SLACK_WEBHOOK_URL}", repeat: 4h}   # told again of what still fires; without repeat never
  # audit: {webhook: "https://example.com/hook", secret: "${WEBHOOK_SECRET}"}  # two secrets, [new, old], in a rotation
  # inside: {webhook: "http://10.0.0.5/hook", private: true}                   # private addresses only when asked for

# routes:                             # without routes, everything goes to every receiver
#   - {match: {kind: "performance.*"}, to: [team, audit]}                           # also model and severity
#   - {to: [screen]}

# web:
#   host: 127.0.0.1                   # any other address needs a token
#   port: 8080
#   token: "${MONITOR_TOKEN}"
#   url: https://monitor.example.com  # what links in messages begin with
"""


@dataclass(frozen=True)
class Late:
    """Labels that come by themselves: where, why they seem to be some, and how late they come.

    cursor: the columns in whose order a table of them is read. delay: what to write as `max_delay`, and why.
    """

    data: Data
    why: str
    cursor: tuple[str, ...] = ()
    delay: str = USUAL
    delay_why: str = ""


def written(
    guess: Guess,
    *,
    data: Data,
    reference: Data | None = None,
    labels: Late | None = None,
    model: str = "model",
) -> str:
    """Give the configuration as YAML; it loads as it stands when the guess has a timestamp.

    data, reference, labels: where the records, the reference and the labels are.
    model: the model's name.
    """
    lines = [
        f"  {_quoted(model)}:",
        *_sources(data, reference, labels, guess),
        *_columns(guess),
        "",
        _noted(4, f"window: {guess.window.column}", f"{guess.window.reason}; 1h, 6h, 1d, 1w, 1mo …"),
    ]
    return _HEAD + "\n".join(lines) + _SETTINGS + _REST


def _sources(data: Data, reference: Data | None, labels: Late | None, guess: Guess) -> Iterator[str]:
    marks = [choice.column for choice in (guess.timestamp, guess.id) if choice] or ["id"]
    yield _noted(4, f"source: {_source(data, marks)}", "where the records are")
    if data.sql is not None and _hides(data.sql.get_secret_value()):
        yield f"    # The address holds a password: set {SECRET} to it before starting."
    if labels is None:
        late = '{files: "labels/*.parquet", max_delay: 30d}'
        yield _noted(4, f"# labels: {late}", "labels that come later, found by id; omit when they stand in the records")
    else:
        yield from _late(labels, guess)
    if reference is None:
        yield _noted(4, "# reference: {files: reference.parquet}", "what the model was validated on, with labels")
    else:
        yield _noted(4, f"reference: {_source(reference)}", "what windows are compared with")


def _late(labels: Late, guess: Guess) -> Iterator[str]:
    data, cursor = labels.data, labels.cursor
    unnamed = ["columns.id and columns.label"] if guess.label is None or guess.id is None else []
    if data.sql is not None and not cursor:
        unnamed.append("in cursor the time at which a label was written, and the id")
        cursor = ("label_time", "id")
    again = data.sql is not None and guess.timestamp is not None and cursor[0] == guess.timestamp.column
    # by the records' own time labels come far behind the cursor
    late = _source(data, cursor).removesuffix("}") + f", lookback: {USUAL}" * again + f", max_delay: {labels.delay}"
    listed, present, absent = "", *map(json.dumps, guess.listed or ("", ""))
    if guess.listed:
        late, listed = (
            f"{late}, present: {present}, absent: {absent}",
            f"; taken for a list of those that are {present}",
        )
    late += "}"
    reread = "; as far back as labels come late, for the time is the record's" if again else ""
    missing = f"; name {' and '.join(unnamed)}, then take the # away" if unnamed else ""
    if labels.delay_why:
        yield f"    # why max_delay is {labels.delay}: {labels.delay_why}"
    yield _noted(4, f"{'# ' if unnamed else ''}labels: {late}", labels.why + listed + reread + missing)
    if not guess.listed:
        yield "    # where only one class is ever reported, as frauds are, add what all others are: absent: 0"


def _source(data: Data, cursor: Sequence[str] = ()) -> str:
    if data.sql is None:
        return f"{{files: {json.dumps(data.files, ensure_ascii=False)}}}"
    url = data.sql.get_secret_value()
    shown = f"${{{SECRET}}}" if _hides(url) else url
    read = f", cursor: {_list(cursor)}" if cursor else ""
    return f"{{sql: {json.dumps(shown)}, table: {_quoted(data.table or '')}{read}}}"


def _hides(url: str) -> bool:
    return urlsplit(url).password is not None


def _columns(guess: Guess) -> Iterator[str]:
    yield ""
    yield "    columns:                          # every column without a role is a feature"
    yield _role("timestamp", guess.timestamp, "the time of the record: no column looks like it; name one")
    yield _noted(6, "# zone: Europe/Berlin", "of times that name no zone; they are UTC unless you say another")
    yield _role("id", guess.id, "different in every record; labels from another source find their record by it")
    yield _role("client", guess.client, "who asked: an API key, an account, an address; attacks are traced by it")
    yield _role("version", guess.version, "the model's version; a new one is told from drift by it")
    yield _perhaps("prediction", guess.prediction, guess.perhaps, "what the model decided")
    if guess.meanings:
        meant = ", ".join(f"{_quoted(word)}: {json.dumps(label)}" for word, label in guess.meanings.items())
        yield _noted(6, f"meanings: {{{meant}}}", "what these are in the words of the label, as they go together")
    yield from _scores(guess)
    yield _perhaps("label", guess.label, guess.doubtful, "what turned out to be true")
    yield _role("contributor", guess.contributor, "who gave the label; poison is traced by it")
    yield from _several("segments", guess.segments, "splits the traffic, each value watched apart", said=False)
    usual, found = ["sex", "age"], [choice.column for choice in guess.sensitive]
    crossed = _list(found[:2] if found[1:] else usual)
    yield _noted(6, f"# sensitive: {_list(found or usual)}", "groups that must not be treated worse")
    yield _noted(6, f"# intersections: [{crossed}]", "sensitive columns whose values together are groups, too")
    yield from _several("ignore", guess.ignore, "columns that mean nothing to the model", said=True)
    kinds = f"{{{', '.join(f'{_quoted(c.column)}: vector' for c in guess.vectors)}}}" if guess.vectors else ""
    shown = f"kinds: {kinds}" if kinds else "# kinds: {zip_code: categorical}"
    yield _noted(6, shown, "numeric, categorical, text or vector, where the values mislead")
    yield from (f"      #   {_quoted(choice.column)}: {choice.reason}" for choice in guess.vectors)


def _perhaps(role: str, choice: Choice | None, doubtful: Choice | None, what: str) -> str:
    if choice is None and doubtful is not None:
        return _noted(6, f"# {role}: {_quoted(doubtful.column)}", f"perhaps: {doubtful.reason}")
    return _role(role, choice, what)


def _role(role: str, choice: Choice | None, what: str) -> str:
    if choice is None:
        return _noted(6, f"# {role}: column", what)
    return _noted(6, f"{role}: {_quoted(choice.column)}", choice.reason)


def _scores(guess: Guess) -> Iterator[str]:
    if not guess.scores:
        yield _noted(6, "# scores: column", "the score in [0, 1], or one column per class: {cat: p_cat, dog: p_dog}")
    elif not guess.classes:
        yield _noted(6, f"scores: {_quoted(guess.scores[0].column)}", guess.scores[0].reason)
    else:
        yield _noted(6, "scores:", guess.scores[0].reason)
        for name, choice in zip(guess.classes, guess.scores, strict=True):
            yield f"        {_quoted(name)}: {_quoted(choice.column)}"


def _several(role: str, choices: Sequence[Choice], what: str, *, said: bool) -> Iterator[str]:
    mark = "" if said and choices else "# "
    yield _noted(6, f"{mark}{role}: {_list([c.column for c in choices]) if choices else '[column]'}", what)
    for choice in choices:
        yield f"      #   {_quoted(choice.column)}: {choice.reason}"


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, names))}]"


def _quoted(name: str) -> str:
    # JSON's strings are YAML's; bare words that YAML takes for something else are quoted too.
    return name if _PLAIN.fullmatch(name) and name.lower() not in _TAKEN else json.dumps(name)


def _noted(indent: int, text: str, comment: str) -> str:
    line, note = " " * indent + text, f"# {' '.join(comment.split())}"
    return f"{line:<37} {note}" if len(line) < 44 else f"{' ' * indent}{note}\n{line}"
