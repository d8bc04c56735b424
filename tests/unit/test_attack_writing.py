"""Whoever hides something in texts is told of, however the stream is cut; honest texts in any language are not."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import ALPHA, Baseline, Sighting, State, baseline_of, merge, track
from monitor.detectors.attack.validation import validate
from monitor.detectors.attack.vocabulary import Vocabulary
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

START, HOUR, ALARM = datetime(2024, 1, 1, tzinfo=UTC), timedelta(hours=1), math.log(1 / ALPHA)
ROLES = Roles(timestamp="at", client="who", prediction="answer", scores=("score",), kinds={"text": "text"})
WORDS = np.array([f"{a}{b}{c}{d}" for a in "bdfgklmp" for b in "aeiou" for c in "nrst" for d in "aeo"])
LOOKALIKES = str.maketrans("aeo", "\u0430\u0435\u043e")


def texts(rows: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(6, 14))) for _ in range(rows)]


def queries(said: Sequence[str], who: Sequence[str], *, seed: int, every: float = 3.0) -> pa.Table:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(len(said), 3))
    score = 1 / (1 + np.exp(-x.sum(axis=1)))
    at = [START + timedelta(seconds=every * i) for i in range(len(said))]
    numbers = {f"x{i}": np.round(x[:, i], 2) for i in range(3)}
    return pa.table({"at": at, "who": who, "text": said, **numbers, "score": score, "answer": (score > 0.5) * 1})


def hid(text: str, by: str) -> str:
    return text[:9].translate(LOOKALIKES) + text[9:] if by == "letters" else text[:5] + "\u200b" + text[5:]


@cache
def fitted(hiding: int = 0) -> Baseline:
    """Fit to 1,500 texts, so many of which hold an invisible character."""
    said = [hid(text, "space") if i < hiding else text for i, text in enumerate(texts(1500, 1))]
    reference = queries(said, ["reference"] * 1500, seed=2)
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(3))
    assert found
    return Baseline.unpacked(found.packed())


def followed(baseline: Baseline, tables: Sequence[pa.Table]) -> list[Sighting]:
    state, found = State.empty(baseline), dict[Any, Sighting]()
    for table in tables:
        state, seen = track(baseline, state, table, ROLES, length=HOUR)
        for one in seen:
            found[one.place] = merge(found[one.place], one) if one.place in found else one
    return list(found.values())


def stream(own: Sequence[str], *, others: Sequence[str]) -> pa.Table:
    """Lay a client's texts between those of ten others, one to five, after thirty of theirs."""
    who = ["eve" if i % 6 == 5 and i > 30 else f"c{i % 10}" for i in range(30 + 6 * len(own))]
    left, theirs = iter(own), iter(others)
    return queries([next(left) if name == "eve" else next(theirs) for name in who], who, seed=4)


def alarms(found: Sequence[Sighting]) -> dict[str, Sighting]:
    return {one.client: one for one in found if one.log_e >= ALARM and one.detector == "off_contract"}


@pytest.mark.parametrize("by", ["letters", "space"])
def test_a_client_whose_texts_hide_something_is_told_of_with_the_column(by: str) -> None:
    table = stream([hid(text, by) for text in texts(40, 5)], others=texts(230, 6))
    found = alarms(followed(fitted(), [table]))
    assert set(found) == {"eve"}
    assert found["eve"].evidence["columns"] == [{"column": "text", "share": 1.0, "hides": True}]


def test_how_the_stream_is_cut_makes_no_difference() -> None:
    own = [hid(text, "space") if i % 2 else f"{text[:20]} {i}" for i, text in enumerate(texts(10, 5) * 4)]
    table = stream(own, others=texts(230, 6))
    whole = followed(fitted(), [table])
    parts = followed(fitted(), [table.slice(i, 7) for i in range(0, table.num_rows, 7)])
    assert {one.place: (one.hits, round(one.log_e, 6)) for one in parts} == {
        one.place: (one.hits, round(one.log_e, 6)) for one in whole
    }


HONEST = {
    "emoji": lambda text: f"{text} \U0001f468\u200d\U0001f469 \u2764\ufe0f\U0001f44d\u200d",
    "Russian": lambda text: f"{text} \u043f\u0440\u0438\u0432\u0435\u0442",
    "Persian": lambda text: f"{text} \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "Japanese": lambda text: f"{text} T\u30b7\u30e3\u30c4",
    "formulas": lambda text: f"{text} \u0394x 5\u00b5m",
}


@pytest.mark.parametrize("kind", HONEST)
def test_honest_texts_in_any_language_accuse_nobody(kind: str) -> None:
    table = stream([HONEST[kind](text) for text in texts(40, 5)], others=texts(230, 6))
    assert not alarms(followed(fitted(), [table]))


def test_what_other_clients_send_too_accuses_nobody() -> None:
    others = [hid(text, "space") if i % 3 == 0 else text for i, text in enumerate(texts(230, 6))]
    assert not alarms(followed(fitted(), [stream([hid(text, "space") for text in texts(40, 5)], others=others)]))


def test_what_texts_of_the_reference_hide_is_hidden_from_none() -> None:
    table = stream([hid(text, "space") for text in texts(40, 5)], others=texts(230, 6))
    assert not alarms(followed(fitted(200), [table]))


def template(rows: int) -> list[str]:
    return [f"{texts(1, 31)[0]} {37 * i} {texts(1, 32)[0]} {i % 9}:30" for i in range(rows)]


def tells(found: Sequence[Sighting], client: str) -> set[str]:
    return {one.detector for one in found if one.client == client and one.log_e >= ALARM}


def test_one_text_with_other_numbers_accuses_nobody() -> None:
    others = texts(280, 6)
    table = stream(template(50), others=others)
    own = np.array(table["who"].to_pylist()) == "eve"
    # whoever mails one text gets one doubtful answer again and again
    for name, value in (("x0", 0.11), ("x1", -0.07), ("x2", -0.03), ("score", 0.5025)):
        table = table.set_column(
            table.column_names.index(name), name, pa.array(np.where(own, value, np.array(table[name])))
        )
    assert not tells(followed(fitted(), [table]), "eve")
    # the same with other words is a search
    searched = [f"{text} {word}" for text, word in zip(template(50), WORDS, strict=False)]
    table = table.set_column(
        table.column_names.index("text"), "text", pa.array(np.where(own, np.resize(searched, own.size), table["text"]))
    )
    assert tells(followed(fitted(), [table]), "eve")


def zipf(rows: int, seed: int) -> list[str]:
    """Give texts of one to forty words, as rare as a language's are, a quarter with a number that none repeats."""
    rng = np.random.default_rng(seed)
    chance = 1 / (1 + np.arange(WORDS.size))
    said = [rng.choice(WORDS, rng.integers(1, 40), p=chance / chance.sum()).tolist() for _ in range(rows)]
    return [" ".join([*words, *([f"no{rng.integers(10**6)}"] if i % 4 == 0 else [])]) for i, words in enumerate(said)]


def refused(baseline: Baseline, said: Sequence[str]) -> float:
    found = validate(baseline, None, queries(said, ["who"] * len(said), seed=9))
    return float(np.mean([not one.belongs for one in found]))


@cache
def fitted_to_language() -> Baseline:
    reference = queries(zipf(3000, 21), ["reference"] * 3000, seed=2)
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(3))
    assert found
    return Baseline.unpacked(found.packed())


# what, how a text becomes so
UNLIKE = {
    "another language": lambda text: text.translate(str.maketrans("bdfgklmp", "vwxzhjcq")),
    "another script": lambda text: "".join(chr(ord(each) + 0x3D0) if each.isalpha() else each for each in text),
    "markup": lambda text: f"<p><b>{text.replace(' ', '</b> <b>')}</b></p>",
    "numbers": lambda text: " ".join(str(ord(each) % 10) * 3 for each in text),
}


@pytest.mark.parametrize("kind", UNLIKE)
def test_texts_that_are_made_otherwise_do_not_belong(kind: str) -> None:
    said = [UNLIKE[kind](text)[:200] for text in texts(100, 22)]
    assert refused(fitted_to_language(), said) > 0.8


def test_honest_texts_are_refused_no_oftener_than_promised() -> None:
    assert refused(fitted_to_language(), zipf(4000, 23)) <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / 1500)


def test_a_refused_text_says_by_what() -> None:
    said = [UNLIKE["another language"](texts(1, 24)[0])]
    (found,) = validate(fitted_to_language(), None, queries(said, ["who"], seed=9))
    assert found.reasons[-1].endswith("lie as far from the population, by the words of its texts")


def test_texts_of_nothing_are_undefined() -> None:
    vocabulary = Vocabulary.of(["", ""])
    assert np.isnan(vocabulary.unlike(["", "\u200b"])[0, 0])
    assert np.isfinite(Vocabulary.of(zipf(50, 1)).unlike(["ban", "zebra"])).all()


def test_one_text_is_read_as_many_are() -> None:
    vocabulary, said = Vocabulary.of(zipf(300, 1)), [*zipf(5, 2), "", "-- 7"]
    alone = np.concatenate([vocabulary.unlike([text]) for text in said], axis=1)
    assert np.allclose(alone, vocabulary.unlike(said), equal_nan=True)
