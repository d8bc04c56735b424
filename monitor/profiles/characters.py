"""What sort of thing each character of a text is: a letter, a digit, a mark, nothing to the eye, or garbled."""

import re
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Sorts = NDArray[np.uint8]
Flags = NDArray[np.bool_]

OTHER, LETTER, DIGIT, SPACE, MARK, INVISIBLE = range(6)
LATIN, FOREIGN = 1, 2
_SORTS = {"L": LETTER, "M": LETTER, "N": DIGIT, "Z": SPACE, "P": MARK, "S": MARK}
# Letters and marks by their category, and nothing to the eye: fillers and selectors. (Unicode: ignorable by default)
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
_EMOJI = "\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff"
_PICTURES = f"{_EMOJI}\u00a9\u00ae\u203c\u2049\u2122\u2139\u3030\u303d\u3297\u3299"
_JOINING = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc"
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_IN_EMOJI = re.compile(
    f"(?:(?<=[{_EMOJI}])|(?<=[{_EMOJI}]\ufe0f))\u200d|(?<=[{_PICTURES}])[\ufe0e\ufe0f]"
    "|(?<=[0-9#*])\ufe0f(?=\u20e3)|(?<=\U0001f3f4)[\U000e0061-\U000e007a]{4,5}\U000e007f"
)
_IN_WORDS = re.compile(f"(?<=[{_JOINING}])[\u200c\u200d]|(?<=[{_HAN}])[\ufe00-\ufe02\U000e0100-\U000e01ef]")
# Scripts that are mixed with Latin and look unlike it. (Davis & Suignard 2014, Unicode TR 39: moderately restrictive)
_UNLIKE = (
    *("ARABIC", "BENGALI", "BOPOMOFO", "CJK", "DEVANAGARI", "ETHIOPIC", "GUJARATI", "GURMUKHI", "HALFWIDTH", "HANGUL"),
    *("HEBREW", "HIRAGANA", "IDEOGRAPHIC", "KANNADA", "KATAKANA", "KHMER", "LAO", "MALAYALAM", "MYANMAR", "ORIYA"),
    *("SINHALA", "TAMIL", "TELUGU", "THAANA", "THAI", "TIBETAN"),
)
_IN_FORMULAS = frozenset("\u00aa\u00ba\u00b5ΓΔΘΛΞΠΣΦΨΩβδεζθλμξπφψ")
_BEHIND = f"[\x80-\xbf{re.escape(bytes(range(0x80, 0xA0)).decode('cp1252', 'ignore'))}]"
_GARBLED = "|".join(
    [
        f"[\xc2\xc3]{_BEHIND}",
        f"\xe2[\x80\u20ac]{_BEHIND}",
        f"\xe1[\xba\xbb]{_BEHIND}",
        f"(?:[\xd0\xd1]{_BEHIND}){{2}}",
        f"(?:[\xe3-\xe9]{_BEHIND}{{2}}){{2}}",
        "\ufffd",
        "\x00",
    ]
)
"""What UTF-8 of two and three bytes a letter looks like, byte by byte; of scripts that are not Latin, two in a row."""


def garbled(column: pa.ChunkedArray) -> Flags:
    r"""Say which texts were read in another encoding than they were written in, or hold characters that nobody writes.

    These are what UTF-8 becomes as Latin-1 or Windows-1252, the replacement character, and the null character. Blind to
    letters that were turned into question marks, and to other encodings.

    >>> written = ["it's", "na\xefve", "na\u00efve".encode().decode("latin-1"), "na\ufffdve", None]
    >>> garbled(pa.chunked_array([written])).tolist()
    [False, False, True, True, False]
    """
    found = pc.match_substring_regex(column.cast(pa.large_string()), _GARBLED)
    return np.asarray(pc.fill_null(found, False).to_numpy(), np.bool_)  # noqa: FBT003  # what is missing is not garbled


def sorted_out(text: str, codes: NDArray[np.uint32]) -> tuple[Sorts, Sorts, Sorts]:
    r"""Give the sort of each character, the script of each letter, and whether it is a capital.

    The script is 0 where a letter looks like none of another one.

    codes: the code points. Invisible is what Unicode calls format characters, fillers and selectors, but for what is
    ordinary where it stands: in emoji, in scripts that are written with joiners, and behind Chinese characters.

    >>> sorted_out("a\u200b7", np.array([97, 0x200B, 55], np.uint32))[0].tolist() == [LETTER, INVISIBLE, DIGIT]
    True
    """
    distinct, place = np.unique(codes, return_inverse=True)
    table = np.array([_kind(chr(code)) for code in distinct.tolist()], np.uint8).reshape(-1, 3)
    sorts, scripts, capitals = table[place].T
    if (table[:, 0] == INVISIBLE).any():
        for ordinary, sort in ((_IN_EMOJI, MARK), (_IN_WORDS, LETTER)):
            for found in ordinary.finditer(text):
                sorts[found.start() : found.end()] = sort
    return sorts, scripts, capitals


def _kind(character: str) -> tuple[int, int, bool]:
    category = unicodedata.category(character)
    if category == "Cf" or character in _BLANK:
        return INVISIBLE, 0, False
    sort, name, capital = _SORTS.get(category[0], OTHER), unicodedata.name(character, ""), category in {"Lu", "Lt"}
    if category[0] != "L" or character in _IN_FORMULAS or name.startswith(_UNLIKE):
        return sort, 0, capital
    return sort, LATIN if name.startswith("LATIN ") else FOREIGN, capital
