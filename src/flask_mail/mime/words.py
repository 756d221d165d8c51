"""Encoded words: text beyond ASCII in headers (RFC 2047).

The whole text is encoded, blanks included, because blanks between two encoded words vanish on decoding (§6.2);
it is cut at character borders only (§5), into words as long as allowed.
"""

from __future__ import annotations

import binascii
import email.errors
import email.header
import functools
import re

from .charsets import Charset
from .charsets import UTF8

MAXIMUM = 75  # octets of one encoded word, RFC 2047 §2
_CACHED = 200  # characters of a text that is worth remembering
_LITERAL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"  # safe in a phrase too, §5 (3)
_Q = [chr(octet) if octet in _LITERAL else f"={octet:02X}" for octet in range(256)]
_Q[0x20] = "_"
_LOOKS_ENCODED = re.compile(r"=\?.*\?=", re.DOTALL)


def looks_encoded(text: str) -> bool:
    """Whether a reader might take a piece of *text* for an encoded word."""
    return "=?" in text and _LOOKS_ENCODED.search(text) is not None


def encode(text: str, charset: Charset = UTF8, first: int = MAXIMUM) -> tuple[str, ...]:
    """*text* as encoded words.

    :param text: any text without lone surrogates.
    :param charset: the character set; UTF-8 takes over where it lacks a character.
    :param first: octets that the first word may have; later ones may have 75.
    """
    if len(text) > _CACHED:
        return _encoded(text, charset, first)
    return _remembered(text, charset, first)


def _encoded(text: str, charset: Charset, first: int) -> tuple[str, ...]:
    try:
        octets = text.encode(charset.codec)
    except UnicodeEncodeError:
        charset, octets = UTF8, text.encode("utf-8")
    in_q = len(octets) + 2 * len(octets.translate(None, _LITERAL + b" "))
    in_b = (len(octets) + 2) // 3 * 4
    mark, length = ("b", in_b) if charset.wide or in_b < in_q else ("q", in_q)
    head = f"=?{charset.label}?{mark}?"
    room = MAXIMUM - len(head) - 2
    if length <= min(room, first - len(head) - 2):
        return (f"{head}{_written(octets, mark)}?=",)
    pieces = _pieces(text, charset.codec, mark, first - len(head) - 2, room)
    return tuple([f"{head}{piece}?=" for piece in pieces])


_remembered = functools.lru_cache(maxsize=512)(_encoded)  # subjects and names come many times


def _written(octets: bytes, mark: str) -> str:
    if mark == "b":
        return binascii.b2a_base64(octets, newline=False).decode("ascii")
    return "".join([_Q[octet] for octet in octets])


def _pieces(text: str, codec: str, mark: str, first: int, room: int) -> list[str]:
    """*text* cut so that each piece, encoded by itself, fits."""
    pieces: list[str] = []
    position, fits = 0, max(first, 12)
    while position < len(text):
        count = fits
        while True:
            piece = _written(text[position : position + count].encode(codec), mark)
            if len(piece) <= fits or count == 1:
                break
            count = max(1, min(count - 1, min(count, len(text) - position) * fits // len(piece)))
        pieces.append(piece)
        position, fits = position + count, room
    return pieces


def decode(text: str) -> str:
    """*text* with its encoded words read; as it is where they cannot be."""
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except (email.errors.HeaderParseError, LookupError, ValueError):
        return text
