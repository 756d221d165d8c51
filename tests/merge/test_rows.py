"""Files of rows as people have them: read right, or said what is wrong with them."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from flask_mail import MergeError
from flask_mail.merge import Row
from flask_mail.merge import Rows

ADA = {"email": "ada@example.com", "name": "Ada"}
WANG = {"email": "wang@example.com", "name": "王伟"}


def rows(path: pathlib.Path, content: str | bytes, **options: t.Any) -> list[Row]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    source = Rows(path, **options)
    found = list(source)
    assert source.count() == len(found)
    return found


def values(path: pathlib.Path, content: str | bytes, **options: t.Any) -> list[t.Any]:
    found = rows(path, content, **options)
    assert [row.fault for row in found if row.fault] == []
    return [row.values for row in found]


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "readers.csv"


CHINESE = "email,name\r\nwang@example.com,王伟\r\n"


@pytest.mark.parametrize(
    "content",
    [
        "email,name\nada@example.com,Ada\n",
        "email,name\r\nada@example.com,Ada",
        "email,name\rada@example.com,Ada\r",
        "email;name\nada@example.com;Ada\n",
        "email\tname\nada@example.com\tAda\n",
        "email|name\nada@example.com|Ada\n",
        'email, name\n"ada@example.com", "Ada"\n',
        "sep=;\nemail;name\nada@example.com;Ada\n",
        "\n\nemail,name\n\nada@example.com,Ada\n,\n\n",
        "email,name,\nada@example.com,Ada,\n",
        "email,name\nada@example.com,Ada,,\n",
        "\ufeffemail,name\nada@example.com,Ada\n",
        "email,name\nada@example.com,Ada\n".encode("utf-16"),
        "email\tname\nada@example.com\tAda\n".encode("utf-16"),
        "\ufeffemail,name\nada@example.com,Ada\n".encode("utf-16-be"),
        "email,name\nada@example.com,Ada\n".encode("utf-32"),
    ],
)
def test_what_spreadsheets_write(path: pathlib.Path, content: str | bytes) -> None:
    assert values(path, content) == [ADA]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_chinese_that_says_how_it_is_written(path: pathlib.Path, encoding: str) -> None:
    assert values(path, CHINESE.encode(encoding)) == [WANG]


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "GB2312", "big5", "utf-16-le"])
def test_an_encoding_that_is_chosen(path: pathlib.Path, encoding: str) -> None:
    name = "陳偉" if encoding == "big5" else "王伟"
    content = CHINESE.replace("王伟", name).encode(encoding)
    assert values(path, content, encoding=encoding) == [{**WANG, "name": name}]


def test_what_is_called_gbk_may_hold_more(path: pathlib.Path) -> None:
    assert values(path, "email,name\na@x.example,𠮷\n".encode("gb18030"), encoding="gb2312")[0]["name"] == "𠮷"


def test_gbk_is_asked_for_and_not_guessed(path: pathlib.Path) -> None:
    with pytest.raises(MergeError) as caught:
        rows(path, ("email,name\r\nada@example.com,Ada\r\n" + CHINESE[12:]).encode("gbk"))
    assert str(caught.value) == (
        f"{path} line 3 is not in UTF-8. It would read: gb18030 (Chinese) 'wang@example.com,王伟'; big5 "
        f"(Chinese, traditional) 'wang@example.com,卼帡'; cp1252 (western) "
        f"'wang@example.com,ÍõÎ°'. Choose the right one, such as --encoding gb18030, or save it as CSV UTF-8."
    )


def test_western_text_is_shown_both_ways(path: pathlib.Path) -> None:
    with pytest.raises(MergeError, match=r"line 2 is not in UTF-8.*cp1252 \(western\) 'a@x.example,Müller'"):
        rows(path, "email,name\na@x.example,Müller\n".encode("cp1252"))


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        (b"", {}, "is empty: its first line has to name the columns"),
        (b"\n \n", {}, "is empty"),
        (
            "Mail,Name\na@x.example,Ada",
            {},
            "has no column 'email'; it has 'Mail', 'Name'. Say which one has the address",
        ),
        ("Mail,Name\na@x.example,Ada", {}, "such as --address-column 'Mail'"),
        ("姓名,邮箱\n王伟,a@x.example", {}, "such as --address-column '邮箱'"),
        ("a@x.example,Ada\nb@x.example,Bob", {}, "the first line has to name the columns, 'email' among them"),
        ("Mail:Name\n", {}, "Say what stands between columns (--delimiter)"),
        ("email,name,name\n", {}, "has two columns called 'name'"),
        ("email,name\n", {"delimiter": ";;"}, "delimiter is ';;', but it has to be one character"),
        ("email\n", {"encoding": "klingon"}, "encoding: there is none called 'klingon'"),
        ("email,name\na@x.example,Ada\n".encode("utf-16-le"), {}, "encoding='utf-16-le' (--encoding)"),
        ("email,name\na@x.example,Ada\n".encode("utf-16-be"), {}, "encoding='utf-16-be' (--encoding)"),
        (b"email,name\na@x.example,A\0da\n", {}, "is no text: there are null octets in it. Save it as CSV UTF-8"),
        (
            b"PK\x03\x04\x14\0\6\0" + bytes(99),
            {},
            "is a workbook, or packed: open it in its program and save it as CSV",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", {"encoding": "cp1252"}, "is a workbook"),
        (CHINESE.encode("utf-8"), {"encoding": "ascii"}, "line 2 is not in ascii. Choose another encoding"),
        (CHINESE.encode("utf-16")[:-1], {}, "is not in utf-16"),
    ],
)
def test_what_is_wrong_with_the_whole_file(
    path: pathlib.Path, content: str | bytes, options: dict[str, str], told: str
) -> None:
    with pytest.raises(MergeError) as caught:
        rows(path, content, **options)
    assert told in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(MergeError, match=r"nobody.csv cannot be read: No such file"):
        Rows(tmp_path / "nobody.csv")


def test_bad_rows_are_named_by_their_line_and_stop_nothing(path: pathlib.Path) -> None:
    content = (
        'email,name\nada@example.com\n"b@x.example","two\nlines"\nc@x.example,C,D\n\nd@x.example,"a"b\ne@x.example,E\n'
    )
    found = rows(path, content)
    assert [(row.line, row.fault) for row in found] == [
        (2, "it has 1 columns, and the first line has 2"),
        (3, ""),
        (5, "it has 3 columns, and the first line has 2"),
        (7, "it cannot be read as CSV (',' expected after '\"')"),
        (8, ""),
    ]
    assert found[1].values == {"email": "b@x.example", "name": "two\nlines"}


def test_a_quotation_mark_that_is_never_closed(path: pathlib.Path) -> None:
    found = rows(path, 'email,name\na@x.example,A\nb@x.example,"B\nc@x.example,C\nd@x.example,D\n')
    assert [(row.line, row.fault) for row in found] == [
        (2, ""),
        (3, "a quotation mark in it is never closed; it took 3 lines, which were not read"),
    ]


def test_a_quotation_mark_takes_only_so_many_lines(path: pathlib.Path) -> None:
    readers = "".join(f"reader{number}@example.com,Reader\n" for number in range(10_000))
    found = rows(path, f'email,name\na@x.example,"A\n{readers}')
    assert found[0].line == 2
    assert "never closed" in found[0].fault
    assert 5_000 < len(found) < 9_000
    assert all(row.values["email"] == f"reader{row.line - 3}@example.com" for row in found[2:])


def test_columns_are_called_so_that_templates_can_write_it(path: pathlib.Path) -> None:
    [row] = values(path, "E-Mail;First name;Größe;姓名;1st\na@x.example;Ada;1;王;x\n", address_column="E-Mail")
    assert row == {"E_Mail": "a@x.example", "First_name": "Ada", "Größe": "1", "姓名": "王", "1st": "x"}


@pytest.mark.parametrize("header", ["Email", "EMAIL", " email "])
def test_capitals_of_the_address_column_do_not_matter(path: pathlib.Path, header: str) -> None:
    path.write_text(f"{header},name\na@x.example,A\n")
    source = Rows(path)
    [row] = source
    assert row.values[source.address_column] == "a@x.example"


def test_the_column_written_just_so_comes_first(path: pathlib.Path) -> None:
    path.write_text("Email,email\na@x.example,b@x.example\n")
    assert Rows(path).address_column == "email"


def test_json_lines(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "readers.jsonl"
    found = rows(path, '{"email": "a@x.example", "items": [1, 2]}\n\n[1]\nnope\n{"email": "b@x.example"}')
    assert found[0].values == {"email": "a@x.example", "items": [1, 2]}
    assert [(row.line, row.fault) for row in found[1:]] == [
        (3, "it has to be a mapping from names to values, not [1]"),
        (4, "it is not JSON (Expecting value: line 1 column 1 (char 0)); write one object in each line"),
        (5, ""),
    ]


@pytest.mark.parametrize(
    "content", ['[\n{"email": "a@x.example"},\n{"email": "b@x.example"}\n]\n', ' [{"email": "a@x"}]']
)
def test_an_array_is_not_sent_in_part(tmp_path: pathlib.Path, content: str) -> None:
    with pytest.raises(MergeError, match="is one JSON array, but each line has to hold an object of its own"):
        rows(tmp_path / "readers.json", content)


def test_anything_iterable() -> None:
    source = Rows(iter([ADA, 5, WANG]))  # type: ignore[list-item]
    assert source.count() is None
    assert [(row.line, row.values, bool(row.fault)) for row in source] == [
        (1, ADA, False),
        (2, {}, True),
        (3, WANG, False),
    ]
    assert Rows([ADA, WANG]).count() == 2
