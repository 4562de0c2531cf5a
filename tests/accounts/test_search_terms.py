import pytest
from django.db import connection, transaction

from courseware.accounts.models import User
from courseware.accounts.people.offboarding import remove_person
from courseware.accounts.people.search import SearchTerm, found_by, people_with_outdated_terms, renew_terms, terms_of
from courseware.accounts.teams.memberships import change_profile
from courseware.reporting.integrity.check_all import differences
from tests.making import make_hr, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ming():
    return make_user("王小明", email="xiao.ming@company.example", staff_number="A-0012")


def found(words):
    return {person.name for person in found_by(words, User.objects.all())}


@pytest.mark.parametrize(
    "words",
    [
        *("王", "王小", "王小明", "小明", "明"),
        *("wang", "wangxiaoming", "wang xiaoming", "xiaoming", "Xiao Ming", "xiaoming wang", "ming", "WANG"),
        *("wxm", "wx", "xm", "wangxm", "ｗｘｍ"),
        *("xiao.ming@company.example", "xiao.m", "ming@", "ming@company", "company.example", "@company.ex"),
        *("A-0012", "a0012", "A00", "Ａ００", "0012", "012", "12"),
        *("王 0012", "  wang  ming@ "),
    ],
)
def test_person_is_found_by_beginning_of_name_or_identifier(ming, words):
    make_user("Lea Grün", email="lea@other.example", staff_number="B-7734")
    assert found(words) == {"王小明"}


@pytest.mark.parametrize(
    "words",
    [
        "王明",
        "ang",
        "xming",
        "mx",
        "example",
        "iao.ming",
        "001",
        "2",
        "王 Lea",
        "%",
        "_",
        "Z",
        "Z2",
        "\\",
        "@",
        "\u0301",
    ],
)
def test_other_parts_are_not_found(ming, words):
    assert found(words) == set()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Lea Grün", ["Lea", "gru", "GRÜN", "lea grün", "grün lea", "leagr"]),
        ("Jean-Luc O’Brien", ["jean-l", "jeanluc", "luc", "o’brien", "obrien", "brien"]),
        ("买买提·阿不都", ["买买提·阿", "阿不都", "maimaiti", "mmt", "abudou", "abd"]),
        ("Ming 王小明", ["ming", "王小明", "wxm", "ming 王"]),
        ("𠮷野家", ["𠮷野", "野家"]),
        ("\U0003abcd明", ["\U0003abcd", "明", "ming"]),  # which no table reads
        ("Straße 7", ["strasse", "STRASSE", "7"]),
        ("王 明", ["王明", "明", "wangming", "wm", "wangm"]),  # as a column of names is lined up
        ("Łukasz Żółć", ["lukasz", "ŁUK", "zolc"]),
        ("Søren Ærøskøbing", ["soren", "aeros", "ærø"]),
    ],
)
def test_name_is_found_from_each_word_or_character(name, words):
    make_user(name, email="x@x.example")
    assert {word: found(word) for word in words} == {word: {name} for word in words}


def test_term_that_begins_another_is_not_stored():
    assert terms_of("王明", "ming@x.example", None) == {
        *("王明", "明", "wangming", "wm"),
        *("ming@x.example", "x.example"),
    }
    assert terms_of("", None, "12") == {"12", "Z21"}


def test_long_name_is_found_by_beginning():
    name = "赵" * 60
    make_user(name, email="x@x.example")
    assert found(name) == {name}
    assert max(len(term) for term in SearchTerm.objects.values_list("term", flat=True)) == 40


def test_renamed_person_is_found_by_new_name(ming):
    before = set(SearchTerm.objects.filter(person=ming).values_list("pk", "term"))
    change_profile(ming, {"name": "李小明"}, by=make_hr())
    assert {words: found(words) for words in ("王", "wxm", "李", "lxm", "小明", "0012")} == {
        "王": set(), "wxm": set(), "李": {"李小明"}, "lxm": {"李小明"}, "小明": {"李小明"}, "0012": {"李小明"},
    }  # fmt: skip
    stayed = before & set(SearchTerm.objects.filter(person=ming).values_list("pk", "term"))
    assert "小明" in {term for _key, term in stayed}


def test_saving_other_fields_writes_no_terms(ming, django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(1):
        ming.save(update_fields=["last_login"])
    with transaction.atomic(), django_assert_num_queries(3):  # whether one is here, the row, the terms
        ming.save()


def test_failed_save_stores_no_terms(ming):
    ming.name, ming.staff_number, ming.email = "李", None, None  # the database refuses this
    with pytest.raises(Exception, match="address_or_staff_number"), transaction.atomic():
        ming.save()
    assert found("李") == set()
    assert found("王") == {"王小明"}


def test_removed_person_leaves_no_terms(ming):
    remove_person(ming, by=make_hr())
    assert found("王") == set()
    assert not SearchTerm.objects.filter(person=ming.pk).exists()


def test_outdated_terms_are_reported_and_renewed(ming):
    lea = make_user("Lea", email="lea@x.example")
    assert list(differences()) == []
    User.objects.filter(pk=ming.pk).update(name="李小明")  # as an older version does
    SearchTerm.objects.filter(person=lea, term="lea@x.example").delete()
    assert list(people_with_outdated_terms()) == [ming.pk, lea.pk]
    assert list(differences()) == [
        f"person {key}: search terms differ from name, email and staff number" for key in (ming.pk, lea.pk)
    ]
    assert [renew_terms(), renew_terms()] == ["2", "0"]
    assert (found("李"), found("王"), found("lea@")) == ({"李小明"}, set(), {"Lea"})


def test_search_uses_index(ming):
    plan = found_by("wxm", User.objects.all()).explain()
    if connection.vendor == "sqlite":
        assert "people_by_term (term>? AND term<?)" in plan
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        # Terms alone: with so few people the planner may begin with either table.
        assert "term)::text ~>=~ 'wxm'" in SearchTerm.objects.filter(term__begins="wxm").explain()
