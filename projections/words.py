"""Words: how texts and queries are cut into words, the same on every database.

A word is a run of letters, digits and their marks, folded: without case, accents and
compatibility forms (Unicode NFKD). Nothing is stemmed, as texts are in many languages. Scripts
that put no blanks between words give a word for each character. Whatever else a text has stands
between words. So databases only ever compare words that were made here.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

LONGEST_WORD = 100
"""Characters. What is longer counts as several words."""

_WORD = re.compile(rf"\S{{1,{LONGEST_WORD}}}")
_TERM = re.compile(r'(?<!\S)(-?)"([^"]*)"|(\S+)')
_QUOTES = str.maketrans("“”„«»", '"' * 5)
_STROKES = str.maketrans("øłđħı", "oldhi")  # which Unicode takes for letters of their own
_INVISIBLE = "\N{SOFT HYPHEN}\N{ZERO WIDTH JOINER}"
_WITHOUT_BLANKS = re.compile(  # Thai, Lao, Burmese, Khmer, kana, Chinese characters
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]"
)


class Word(NamedTuple):
    """A word, and where in its text it is."""

    word: str
    start: int
    end: int


class Term(NamedTuple):
    """Words that must stand side by side, in this order, or must not."""

    words: tuple[str, ...]
    is_quoted: bool = False
    is_excluded: bool = False
    is_open: bool = False  # the last word may go on: it may still be being typed


class Query(NamedTuple):
    """What to look for: every term, or, where there is not one word, every symbol."""

    terms: tuple[Term, ...] = ()
    symbols: str = ""


class _Folds(dict[int, str]):
    """What each character is in a word: blank where it stands between words."""

    def __missing__(self, code: int) -> str:
        self[code] = "".join(map(_in_a_word, _plain(chr(code))))
        return self[code]


def _plain(text: str) -> str:
    """Return a text without case, accents and compatibility forms."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in bare if not unicodedata.combining(c)).translate(_STROKES)


def _in_a_word(char: str) -> str:
    if char in _INVISIBLE:
        return ""
    if _WITHOUT_BLANKS.match(char):
        return f" {char} "
    return char if unicodedata.category(char)[0] in "LNM" else " "


_FOLDS = _Folds()


def words_in(text: str) -> list[str]:
    """Return the words of a text, in order."""
    return _WORD.findall(text.translate(_FOLDS))


def symbols_in(text: str) -> str:
    """Return the characters of a text that are in no word, each once, in order of code point."""
    between = (char for char in set(text) if _FOLDS[ord(char)].isspace())
    return "".join(sorted(char for char in between if _is_seen(char)))


def _is_seen(char: str) -> bool:
    return unicodedata.category(char)[0] not in "CZ"


def located(text: str) -> Iterator[Word]:
    """Yield the words of a text, in order, with where they are."""
    pieces = [_FOLDS[ord(char)] for char in text]
    at = [i for i, piece in enumerate(pieces) for _ in piece]
    for found in _WORD.finditer("".join(pieces)):
        end = at[found.end() - 1] + 1
        while end < len(text) and not pieces[end]:  # an accent of its own
            end += 1
        yield Word(found[0], at[found.start()], end)


def folded(text: str) -> str:
    """Return a name as names are compared: without case and accents, blanks made one."""
    return " ".join(_plain(text).split())


def query_of(text: str) -> Query:
    """Return what a text asks for: words, "words side by side", -not.

    Every other character is plain text. The last word may be the beginning of one, unless it is
    quoted. Where there is no word at all, the characters themselves are asked for.
    """
    plain = "".join(char if _is_seen(char) else " " for char in text).translate(_QUOTES)
    terms: list[Term] = []
    for minus, quoted, bare in _TERM.findall(plain):
        words = tuple(words_in(quoted or bare))
        if words:
            is_excluded = bool(minus) or bare.startswith("-")
            terms.append(Term(words, bool(quoted), is_excluded))
    if terms and not (terms[-1].is_quoted or terms[-1].is_excluded):
        terms[-1] = terms[-1]._replace(is_open=True)
    return Query(tuple(dict.fromkeys(terms)), "" if terms else symbols_in(plain))
