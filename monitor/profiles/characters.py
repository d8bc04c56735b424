"""What sort of thing each character of a text is: a letter, a digit, a mark, or nothing to the eye."""

import re
import unicodedata

import numpy as np
from numpy.typing import NDArray

Sorts = NDArray[np.uint8]

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


def sorted_out(text: str, codes: NDArray[np.uint32]) -> tuple[Sorts, Sorts]:
    r"""Give the sort of each character, and the script of each letter: 0 where it looks like none of another.

    codes: the code points. Invisible is what Unicode calls format characters, fillers and selectors, but for what is
    ordinary where it stands: in emoji, in scripts that are written with joiners, and behind Chinese characters.

    >>> sorted_out("a\u200b7", np.array([97, 0x200B, 55], np.uint32))[0].tolist() == [LETTER, INVISIBLE, DIGIT]
    True
    """
    distinct, place = np.unique(codes, return_inverse=True)
    table = np.array([_kind(chr(code)) for code in distinct.tolist()], np.uint8).reshape(-1, 2)
    sorts, scripts = table[place, 0], table[place, 1]
    if (table[:, 0] == INVISIBLE).any():
        for ordinary, sort in ((_IN_EMOJI, MARK), (_IN_WORDS, LETTER)):
            for found in ordinary.finditer(text):
                sorts[found.start() : found.end()] = sort
    return sorts, scripts


def _kind(character: str) -> tuple[int, int]:
    category = unicodedata.category(character)
    if category == "Cf" or character in _BLANK:
        return INVISIBLE, 0
    sort, name = _SORTS.get(category[0], OTHER), unicodedata.name(character, "")
    if category[0] != "L" or character in _IN_FORMULAS or name.startswith(_UNLIKE):
        return sort, 0
    return sort, LATIN if name.startswith("LATIN ") else FOREIGN
