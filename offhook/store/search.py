"""Search text: one spelling for what is kept and for what is typed, the same on every database."""

import unicodedata

_MOST_WORDS = 5
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ŧ": "t"}
)


def normalise(text: str) -> str:
    """Words of lower-case letters and digits without marks, one space between them.

    `Åse Løvås-Ünal` and `ase lovas unal` are the same; normalising twice changes nothing.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(
        letter if letter.isalnum() else " "
        for letter in folded.translate(_LETTERS)
        if not unicodedata.category(letter).startswith("M")
    )
    return " ".join(plain.split())


def searchable(*texts: str) -> str:
    """What a row keeps: each word has a space before it, so that a word's beginning can be looked for."""
    return " " + normalise(" ".join(texts))


def patterns(typed: str) -> list[str]:
    """One `like` pattern for each word typed; a row must match all of them."""
    return [f"% {word}%" for word in normalise(typed).split()[:_MOST_WORDS]]
