"""What is no TOML, said so that it can be mended: where it is, and what people mostly mean there.

tomllib says what it has met. Its words are kept, as they can be searched for; the remedy is ours.
"""

import re

_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_AT_THE_END = " (at end of document)"

# How its message begins, and the remedy.
_REMEDIES = (
    ("Invalid value", 'write texts in quotes, "…", and true or false in small letters'),
    ("Expected ']]'", "a table of which there may be several has two brackets on both sides: [[user]]"),
    ("Expected ']'", "close the bracket"),
    ("Illegal character '\\n'", "a text ends in the line it begins in: close the quotes"),
    ("Illegal character", "it cannot be seen: delete it and write it anew"),
    (
        "Expected newline",
        "one key a line; texts are in quotes, also numbers that begin with 0, and a quote within"
        " 'single' ones ends them",
    ),
    ("Unclosed array", "close the list with ], or put the comma that is missing before this"),
    ("Unclosed inline table", "close it with }, in the same line, or put the comma that is missing"),
    (
        "Invalid initial character for a key",
        "write a key of letters here; what is in { } stands in one line, with no comma at its end",
    ),
    ("Cannot overwrite", "it is there already: take one out, or write [[…]] at each if there are several"),
    ("Cannot declare", "it is there already: write the keys of both under one of them"),
    ("Cannot mutate", "there is a list [ ] or a table { } of this name already: write this one into it"),
    ("Expected '='", "write key = value"),
    ("Invalid statement", "write key = value, [table] or [[table]]"),
    ("Invalid hex value", r"write \\ for each \ in a text"),
    ("Unescaped '\\'", r"write \\ for each \ in a text"),
    ("Unterminated string", "close the quotes"),
    ("Expected", "is a quote or a bracket missing?"),
)


def told(message: str, name: str, lines: int) -> str:
    """`office.toml, line 2, column 12: invalid value: write texts in quotes…`."""
    place = ""
    if at := _PLACE.search(message):
        place = f", line {at[1]}, column {at[2]}"
        message = message[: at.start()]
    elif message.endswith(_AT_THE_END):
        place = f", line {lines}, the last one"
        message = message.removesuffix(_AT_THE_END)
    remedy = next((remedy for begins, remedy in _REMEDIES if message.startswith(begins)), "")
    return f"{name}{place}: {message[:1].lower()}{message[1:]}{': ' if remedy else ''}{remedy}"
