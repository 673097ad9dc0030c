"""A page: bodies that are kept while a thing goes on."""

from streamkit.cli.render.look import UNICODE
from viewer.events import RawEvent
from viewer.page import Page
from viewer.said import Data, Known, Prose


def rows(page):
    return ["".join(span.text for span in page.spans(row)) for row in range(page.height)]


def page_of(*parts):
    page = Page(UNICODE)
    page.take(parts)
    page.fit(40)
    return page


def test_parts_stand_under_each_other():
    assert rows(page_of(Prose("one"), Known((("a", "b"),)), Data(b"[1]"))) == ["one", "a  b", "[", "  1", "]"]


def test_what_stays_keeps_its_folds_and_what_changed_is_new():
    page = page_of(Prose("one"), Data(b"[1]"), Data(b"[2]"))
    page.toggle(1)
    page.toggle(2)
    page.take((Prose("one and more"), Data(b"[1]"), Data(b"[3]")))
    assert rows(page) == ["one and more", "[ …1 ]", "[", "  3", "]"]


def test_keys_of_another_thing_are_others():
    page = page_of(Data(b"[1]"))
    before = page.key(1)
    page.clear()
    page.take((Data(b"[2]"),))
    assert page.key(1) != before


def test_where_nothing_is_said_it_says_so():
    page = page_of()
    assert rows(page) == ["nothing"]
    page.take_events(())
    assert rows(page) == ["nothing"]
    page.take_events((RawEvent(1, None, "a", b"1"),))
    assert len(rows(page)) == 1
    page.take((Prose("text"),))
    assert rows(page) == ["text"]


def test_a_search_follows_what_grows():
    page = page_of(Prose("word"))
    page.search("word")
    page.take((Prose("word\nword"),))
    page.step(1)
    assert page.match() == 1
    assert page.told_search(10) == "/word 2/2"
    page.step(1)
    assert page.match() == 0
    page.search("")
    assert page.match() is None


def test_a_place_is_told_in_rows_and_percents():
    page = page_of(Data(b"[1,2,3]"))
    assert page.place(1) == "2/5 40%"
    assert page.place(99) == "5/5 100%"
    assert Page(UNICODE).place(0) == ""
