import pytest

from streamkit.testing.ragflow.pen import Pen, documents, found
from streamkit.testing.ragflow.version import version_of
from streamkit.testing.seeded import Seeded


def test_json_stands_behind_data_without_a_blank_and_has_blanks_itself():
    pen = Pen(version_of("0.27"), Seeded(0))
    pen.write({"code": 0, "data": "é"})
    pen.raw(b"")
    assert [chunk.data for chunk in pen.bodies[0]] == ['data:{"code": 0, "data": "é"}\n\n'.encode()]


def test_each_body_has_a_message_of_its_own():
    pen = Pen(version_of("0.27"), Seeded(0))
    first, begun = pen.message, pen.begun
    pen.now = 2.0
    pen.turn()
    assert pen.message != first
    assert (pen.now, pen.begun) == (0, begun + 7)
    assert pen.tick == 1000.0


@pytest.mark.parametrize(
    ("version", "more"),
    [
        ("0.17", []),
        ("0.18", ["url"]),
        ("0.19", ["url", "doc_type"]),
        ("0.24", ["url", "doc_type", "document_metadata"]),
        ("0.27", ["url", "row_id", "doc_type", "document_metadata"]),
    ],
)
def test_a_chunk_has_the_fields_of_its_version(version, more):
    late = {"url", "row_id", "doc_type", "document_metadata"}
    chunk = found({"content": "c", "document_name": "a.md"}, 0, version_of(version))
    assert [name for name in chunk if name in late] == more
    assert (chunk["content"], chunk["document_name"], chunk["document_id"]) == ("c", "a.md", "a.md")


def test_documents_are_counted():
    chunks = [found({"document_name": name}, place, version_of("0.27")) for place, name in enumerate("aba")]
    assert [(each["doc_name"], each["count"]) for each in documents(chunks)] == [("a", 2), ("b", 1)]
