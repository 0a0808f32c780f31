"""What a file is, by its content; and what it may be called."""

import json
import sys
import zipfile

import pytest

from ccr.desk.refusals import Code, Refusal
from ccr.services import file_kinds, file_names
from ccr.services.file_kinds import _STRETCH, kind_of
from tests.file_corpus import ALLOWED, DECEIVING, FORBIDDEN, PDF, document, picture


@pytest.mark.parametrize("name", ALLOWED)
def test_what_may_be_sent_is_known_by_its_content(name: str) -> None:
    called, content, media_type = ALLOWED[name]

    kind = kind_of(called, content)

    assert kind.media_type == media_type
    assert kind_of("without extension", content) == kind


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_may_not_is_refused_with_its_reason(name: str) -> None:
    called, content, reason = FORBIDDEN[name]

    with pytest.raises(Refusal) as refused:
        kind_of(called, content)

    assert refused.value.code is Code.INVALID
    assert reason in refused.value.fields["file"]


@pytest.mark.parametrize("beginning", [0, 1, _STRETCH - 3, _STRETCH, 3 * _STRETCH - 1, 10 * _STRETCH])
@pytest.mark.parametrize("what", ["< script", "<a href", "\x00"])
def test_what_makes_a_text_a_page_is_found_wherever_it_stands(what: str, beginning: int) -> None:
    with pytest.raises(Refusal):
        kind_of("a.txt", b"x" * beginning + what.encode() + b"x" * _STRETCH)


def test_no_text_is_searched_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    class Watched:
        """What is looked for, and how much was looked through each time."""

        def __init__(self) -> None:
            self.lengths: list[int] = []

        def search(self, text: bytes | str, start: int = 0, end: int = sys.maxsize) -> None:
            self.lengths.append(min(end, len(text)) - start)

    control, markup = Watched(), Watched()
    monkeypatch.setattr(file_kinds, "_CONTROL", control)
    monkeypatch.setattr(file_kinds, "_MARKUP", markup)

    assert kind_of("a.txt", b"x" + b"<" * 1_000_000).media_type == "text/plain"

    for lengths in (control.lengths, markup.lengths):
        assert sum(lengths) > 1_000_000
        assert max(lengths) < 70_000


def test_an_archive_of_too_much_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    crowded = document(**{f"word/{n}.xml": "" for n in range(file_kinds.MOST_ENTRIES)})
    monkeypatch.setattr(zipfile, "ZipFile", None)

    with pytest.raises(Refusal) as refused:
        kind_of("a.docx", crowded)

    assert refused.value.fields["file"] == "unpacks to far more than it is"


@pytest.mark.parametrize("name", DECEIVING)
def test_a_name_that_deceives_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        file_names.checked(name)

    assert DECEIVING[name] in refused.value.fields["file"]


@pytest.mark.parametrize(
    "name",
    [
        "Rechnung März.pdf",
        "发票.pdf",
        "فاتورة.pdf",
        "می\u200cخواهم.pdf",
        "क्\u200dष.pdf",
        "👩\u200d🔧.pdf",
        "a 'quoted' name (2).pdf",
        "no extension",
        "",
        "...",
        ".htaccess",
        "a.b.c.pdf",
    ],
)
def test_a_name_of_any_script_stays(name: str) -> None:
    assert file_names.checked(name) == name


@pytest.mark.parametrize("character", ["x", "漢", "😀", '"'])
def test_a_long_name_is_cut_before_its_extension(character: str) -> None:
    cut = file_names.checked(character * 300 + ".pdf")

    assert cut.endswith(".pdf")
    assert 100 < len(json.dumps(cut, ensure_ascii=False).encode()) - 2 <= file_names.MOST_BYTES


def test_a_name_without_an_extension_is_given_one() -> None:
    assert file_names.with_extension("image", "png") == "image.png"
    assert file_names.with_extension("", "png") == "file.png"
    assert file_names.with_extension("a.jpeg", "jpg") == "a.jpeg"


def test_the_extension_is_looked_at_whatever_its_case() -> None:
    assert kind_of("A.JPEG", picture()).media_type == "image/jpeg"
    assert kind_of("Version 2.0 of it", PDF).media_type == "application/pdf"
