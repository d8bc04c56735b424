"""Texts and vectors as columns: against a plain reading, row by row, and through a profile."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest

from monitor.profiles.arrow import kind_of, layout_of
from monitor.profiles.characters import garbled
from monitor.profiles.derivation import fitting_rows
from monitor.profiles.derivations import derived_columns
from monitor.profiles.groups import profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.profile import merge
from monitor.profiles.reading import numbers
from monitor.profiles.texts import hidden
from monitor.types import Roles

ROLES = Roles("at", kinds={"t": "text"})
WORDS = [f"{a}{b}{c}" for a in "bdfgklm" for b in "aeiou" for c in "nrst"]
rng = np.random.default_rng(11)


def sentences(n: int, words: list[str], seed: int) -> list[str]:
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(words, draw.integers(3, 9))) for _ in range(n)]


REFERENCE = pa.table({"t": sentences(2000, WORDS, 1)})
LAYOUT = layout_of(REFERENCE, ROLES)


def made(texts: list[str | None]) -> dict[str, list[float]]:
    table = pa.table({"t": pa.array(texts, pa.string())})
    return {name.partition("(")[0]: values.to_pylist() for name, values in derived_columns(table, LAYOUT).items()}


ODD = {
    # plain words, in any case
    "ban DES": (0.0, 6 / 7, 0, 0, 0, 0, 0),
    # half of the words are new
    "ban zebra!": (0.5, 8 / 10, 0, 1 / 10, 0, 0, 0),
    # digits make words, too, and new ones
    "ban 12": (0.5, 3 / 6, 2 / 6, 0, 0, 0, 0),
    # a zero-width space hides within a word, which is then another one
    "ba\u200bn": (1.0, 3 / 4, 0, 0, 1 / 4, 1 / 4, 0),
    # one Cyrillic letter in a Latin word
    "b\u0430n": (1.0, 1, 0, 0, 1 / 3, 0, 1 / 3),
    # a word of another script is no disguise
    "\u043d\u0435\u0442": (1.0, 1, 0, 0, 1, 0, 0),
    # accents are Latin letters
    "caf\u00e9": (1.0, 1, 0, 0, 1 / 4, 0, 0),
    # beyond the first plane
    "ban \U0001f600": (0.0, 3 / 5, 0, 1 / 5, 1 / 5, 0, 0),
}


@pytest.mark.parametrize("text", ODD)
def test_a_text_is_told_by_its_words_and_characters(text: str) -> None:
    found = made([None, text, ""])
    names = ("unseen_words", "letters", "digits", "punctuation", "non_ascii", "invisible", "lookalike_letters")
    assert [found[name][1] for name in names] == pytest.approx(ODD[text])
    assert all(np.isnan(found[name][place]) for name in names for place in (0, 2))


BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f"
ORDINARY = [
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u2764\ufe0f\u200d\U0001f525 \U0001f44d\U0001f3fd",
    # a sequence that was cut off
    "thanks \U0001f600\U0001f44d\u200d",
    "the flag \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f, and 1\ufe0f\u20e3",
    # Persian and Sinhala are written with joiners
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
    # Japanese, Thai and formulas hold Latin letters
    "T\u30b7\u30e3\u30c4 \u7528Python \u0e43\u0e0aiPhone \u0394x \u03bbt 5\u00b5m",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_emoji_and_other_languages_hide_nothing(text: str) -> None:
    assert hidden([text]).tolist() == [[0.0], [0.0]]


HIDING = [
    # one joiner too many, selectors and tags in words, a tail behind a flag
    ("\U0001f600\u200d\u200d", 1 / 3),
    ("fr\ufe0fee", 1 / 5),
    ("ok\U000e0068\U000e0069", 2 / 4),
    ("\U0001f3f4" + "\U000e0067" * 9, 9 / 10),
    ("f\u200dree", 1 / 5),
]


@pytest.mark.parametrize(("text", "share"), HIDING)
def test_what_hides_where_no_emoji_needs_it_is_invisible(text: str, share: float) -> None:
    assert hidden([text])[0] == pytest.approx([share])


def test_characters_are_counted_as_one_by_one() -> None:
    codes = rng.integers(32, 0x2FFF, (200, 20))
    texts = ["".join(map(chr, np.where(np.isin(row, (0x200C, 0x200D)), 32, row))) for row in codes]
    found = made(texts)
    for share, kinds in (("letters", "LM"), ("digits", "N"), ("punctuation", "PS")):
        plain = [np.mean([unicodedata.category(c)[0] in kinds and c not in BLANK for c in t]) for t in texts]
        assert found[share] == pytest.approx(plain)


WRITTEN = [
    "na\xefve caf\xe9 \u2013 \xabd\xe9j\xe0 vu\xbb, 20 \u20ac",
    "\xc6r\xf8, \xd0etta er \xedslenska, SE\xd1OR",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8",
    "S\xe3o Jo\xe3o: N\xc3O, \xc2NGELO \u201c\xe9\u201d\u2026 \u2019",
    "2 \xd7 3 \u2248 6 \xb1 0.5 \xb5m",
    "Vi\u1ec7t Nam",
]


@pytest.mark.parametrize("text", WRITTEN)
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_what_was_read_in_another_encoding_is_garbled_and_nothing_else(text: str, encoding: str) -> None:
    assert not garbled(pa.chunked_array([[text, "", None]])).any()
    read = text.encode().decode(encoding, "replace")
    assert garbled(pa.chunked_array([[read]])).all()


def test_garbled_texts_are_invalid_and_tell_nothing_else() -> None:
    texts = ["it's fine", "it\u00e2\u20ac\u2122s not", "", None]
    read = numbers(pa.chunked_array([texts]), "text")
    assert read.invalid is not None
    assert read.invalid.tolist() == [False, True, False, False]
    np.testing.assert_array_equal(read.values(0, 4), [9, np.nan, np.nan, np.nan])
    assert np.isnan(made(texts)["letters"]).tolist() == [False, True, True, True]


def test_capitals_are_a_share_of_the_letters() -> None:
    assert made(["Ab Cd 12", "ÄÖü", "Привет", "1 2"])["capitals"] == pytest.approx([0.5, 2 / 3, 1 / 6, 0])


def test_what_a_text_is_about_moves_its_components() -> None:
    half = WORDS[: len(WORDS) // 2]
    layout = layout_of(pa.table({"t": [*sentences(1500, half, 2), *sentences(1500, WORDS[70:], 3)]}), ROLES)
    before, after = (
        derived_columns(pa.table({"t": sentences(300, words, 4)}), layout)["component_1(t)"].to_numpy()
        for words in (half, WORDS[70:])
    )
    assert abs(before.mean() - after.mean()) > 3 * max(before.std(), after.std())


def test_the_reference_holds_unseen_words_as_a_window_like_it_does() -> None:
    table = pa.table({"t": [f"{text} name{i}" for i, text in enumerate(REFERENCE["t"].to_pylist())]})
    layout = layout_of(table, ROLES)
    found = derived_columns(table, layout, reference=True)["unseen_words(t)"].to_numpy()
    # a new word may fall on the hash of another
    assert np.nanmean(found == 0) < 0.01
    assert np.isnan(found).sum() == fitting_rows(table.num_rows).sum()


def vectors_of(n: int, width: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return draw.normal(size=(n, width)) * np.linspace(3, 0.1, width) + 1


VECTORS = pa.table({"v": vectors_of(1000, 12, 5).tolist()})
EMBEDDED = layout_of(VECTORS, Roles("at"))


def test_a_column_of_vectors_is_profiled_by_norm_components_and_distances() -> None:
    assert kind_of(VECTORS["v"]) == "vector"
    window = vectors_of(500, 12, 6)
    types = (pa.list_(pa.float64()), pa.list_(pa.float64(), 12), pa.large_list(pa.float64()))
    profiles = [profile_table(pa.table({"v": pa.array(window.tolist(), kind)}), EMBEDDED) for kind in types]
    assert all((p.counts == profiles[0].counts).all() for p in profiles)
    norms = np.linalg.norm(window, axis=1)
    assert profiles[0].columns["v"].moments[:2] == pytest.approx((500, norms.mean()))
    names = [c.name for c in EMBEDDED.columns]
    assert names == ["v", *(f"component_{i}(v)" for i in range(1, 9)), "anomaly(v)", "reconstruction_error(v)"]
    first = derived_columns(pa.table({"v": window.tolist()}), EMBEDDED)["component_1(v)"].to_numpy()
    assert abs(np.corrcoef(first, window[:, 0])[0, 1]) > 0.9
    assert first.std() == pytest.approx(1, abs=0.15)


def test_a_vector_of_another_length_or_with_a_hole_is_invalid() -> None:
    odd = [[1.0] * 12, [1.0] * 11, None, [1.0] * 11 + [None], [1.0] * 11 + [float("nan")], []]
    column = profile_table(pa.table({"v": pa.array(odd, pa.list_(pa.float64()))}), EMBEDDED).columns["v"]
    assert (column.n, column.missing, column.invalid) == (1, 1, 4)
    written = [str([1.5] * 12), "[1.0, 2.0]", "none", "[" * 50_000, None, '["a"]', '{"a": 1}']
    texts = profile_table(pa.table({"v": written}), EMBEDDED).columns["v"]
    assert (texts.n, texts.missing, texts.invalid) == (1, 1, 5)


def test_vectors_written_as_text_are_those_in_lists() -> None:
    written = pa.table({"v": [str(row) for row in VECTORS["v"].to_pylist()]})
    assert kind_of(written["v"]) == "vector"
    counts = profile_table(written, layout_of(written, Roles("at"))).counts
    assert counts.sum() == profile_table(VECTORS, EMBEDDED).counts.sum()


@pytest.mark.parametrize("cut", [0, 1, 333])
def test_parts_add_up_to_the_whole(cut: int) -> None:
    for table, layout in (
        (pa.table({"v": vectors_of(500, 12, 7).tolist()}), EMBEDDED),
        (pa.table({"t": sentences(500, WORDS, 8)}), LAYOUT),
    ):
        parts = merge(profile_table(table[:cut], layout), profile_table(table[cut:], layout))
        assert (parts.counts == profile_table(table, layout).counts).all()


def test_what_was_fitted_is_kept() -> None:
    for layout, table in ((EMBEDDED, VECTORS), (LAYOUT, REFERENCE)):
        again = Layout.unpacked(layout.packed())
        assert again.digest == layout.digest
        assert (profile_table(table, again).counts == profile_table(table, layout).counts).all()
