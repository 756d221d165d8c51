"""Everything that may be asked of a message, as Hypothesis strategies."""

from __future__ import annotations

import typing as t

from hypothesis import settings
from hypothesis import strategies as st

settings.register_profile("here", deadline=None)  # machines are shared
settings.register_profile("long", deadline=None, max_examples=5_000)
if settings.get_current_profile_name() == "default":
    settings.load_profile("here")

CONTROLS = "".join(map(chr, (*range(0x20), 0x7F, 0x85, 0x2028, 0x2029)))
TRICKY = [
    "=?",
    "?=",
    "=?utf-8?q?x?=",
    "  ",
    '"',
    "\\",
    "<",
    ">",
    ",",
    ";",
    ":",
    "@",
    "(",
    ")",
    "=",
    "_",
    "ß",
    "名",
    "😀",
    "é",
]

character = st.characters(exclude_categories=("Cs",), exclude_characters=CONTROLS)
# Any text that a header may hold: plain, and with the pieces that parsers stumble over.
header_text = st.one_of(
    st.text(character, max_size=300),
    st.lists(st.one_of(st.sampled_from([*TRICKY, " ", "word"]), st.text(character, max_size=5)), max_size=60).map(
        "".join
    ),
)
body_text = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=500),
    st.lists(
        st.sampled_from(["word ", "\n", "\r\n", "é", "名", "=", ".", " ", "\t", "x" * 300, "From "]), max_size=40
    ).map("".join),
)
file_name = header_text.filter(lambda name: name.strip(" .") and "/" not in name and "\\" not in name)

_atext = "!#$%&'*+-/=?^_`{|}~abcdefghijklmnopqrstuvwxyzABCXYZ0123456789"
local_part = (
    st.lists(st.text(_atext, min_size=1, max_size=12), min_size=1, max_size=3)
    .map(".".join)
    .filter(lambda local: "=?" not in local)
)
label = st.text("abcxyz0189", min_size=1, max_size=10)
domain = st.lists(label, min_size=1, max_size=3).map(".".join)
address = st.builds("{}@{}".format, local_part, domain)
Pair = tuple[str, str]
pair: st.SearchStrategy[Pair] = st.tuples(header_text, address)

attachment: st.SearchStrategy[dict[str, t.Any]] = st.fixed_dictionaries(
    {
        "filename": st.none() | file_name,
        "data": st.binary(max_size=300),
        "disposition": st.sampled_from(["attachment", "inline"]),
        "content_id": st.none() | st.text("abcxyz0189.-", min_size=1, max_size=20),
    }
)
# Several attachments, of which no two have the same Content-ID.
attachments = st.lists(attachment, min_size=1, max_size=4, unique_by=lambda each: each["content_id"] or id(each))
