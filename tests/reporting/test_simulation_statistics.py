import pytest

from courseware.content.compiled import serving
from courseware.content.models import Document
from courseware.learning.models import Enrollment
from courseware.reporting.simulation_statistics import Share, split_of
from tests.making import join, make_editor, make_team, make_user
from tests.simulations.playing import BEST, RED, YELLOW, play
from tests.simulations.samples import KETTLE, change, make_player

PAGE = f"/team/simulations/tea-room/{KETTLE}/"

pytestmark = pytest.mark.django_db


def split(people=None):
    document = Document.objects.select_related("course__current").get(identifier=KETTLE)
    page = serving.page(document.course.current, KETTLE, "en")
    return split_of(document, page, Enrollment.objects.all() if people is None else people)


def node(found, identifier):
    return next(each for each in found.nodes if each.node.id == identifier)


def test_fewer_than_five_people_show_nothing():
    for _ in range(4):
        play(make_player(), RED)
    found = split()
    assert (found.people, found.endings, found.ways) == (4, (), ())
    assert all(not each.choices and not each.critical for each in found.nodes)


def test_the_cohort_is_split_at_each_situation():
    for choices in [RED, RED, YELLOW, BEST, BEST]:
        play(make_player(), choices)
    found = split()
    rings = node(found, "rings")
    assert [each.share for each in rings.choices] == [Share(3, 60), Share(2, 40), Share(0, 0), Share(0, 0)]
    assert (rings.people, rings.critical) == (5, Share(2, 40))
    assert [(ending.id, share.count) for ending, share in found.endings] == [
        ("burnt-down", 2),
        ("hurt", 1),
        ("calm-end", 2),
    ]
    assert node(found, "kitchen").choices == ()
    assert {(way.source, way.target) for way, _width in found.ways} == {
        ("rings", "where"), ("where", "note"), ("note", "burnt-down"), ("note", "hurt"), ("note", "calm-end"),
    }  # fmt: skip


def test_the_time_is_the_median_of_the_decisions():
    for _ in range(5):
        play(make_player(), BEST)
    assert node(split(), "rings").seconds == 0


def test_only_the_first_run_of_each_person_counts():
    enrollments = [make_player() for _ in range(5)]
    for enrollment in enrollments:
        play(enrollment, RED)
        play(enrollment, BEST)
    assert node(split(), "rings").critical == Share(5, 100)


def test_five_runs_of_one_person_are_one_person():
    enrollment = make_player()
    for _ in range(5):
        play(enrollment, RED)
    assert (split().people, split().endings) == (1, ())


def test_a_situation_that_was_changed_begins_a_new_count_and_the_others_go_on():
    for _ in range(5):
        play(make_player(), RED)
    weak, harmful = '- [叫小李去](#where "weak")', '- [叫小李去](#where "harmful")'
    change(zh_hans=(weak, harmful), en=('- [Send Li](#where "weak")', '- [Send Li](#where "harmful")'))
    found = split()
    assert (node(found, "rings").people, node(found, "where").people) == (0, 5)


def test_a_word_that_is_mended_keeps_the_count():
    for _ in range(5):
        play(make_player(), RED)
    change(zh_hans=("叫小李去", "请小李去"), en=("Send Li", "Let Li go"))
    assert node(split(), "rings").people == 5


def test_the_page_is_for_managers_and_editors_and_names_nobody(client):
    team = make_team()
    for _ in range(5):
        enrollment = make_player(make_user("Nora Named"))
        join(team, enrollment.learner)
        play(enrollment, RED)
    for person, status in [(team.manager, 200), (make_editor(), 200), (enrollment.learner, 404), (make_user(), 404)]:
        client.force_login(person)
        assert client.get(PAGE).status_code == status
    client.force_login(team.manager)
    text = client.get(PAGE).content.decode()
    assert "critical error: 100%" in text and "Nora" not in text


def test_a_manager_sees_the_own_people_only(client):
    for _ in range(5):
        play(make_player(), RED)
    client.force_login(make_team(learners=1).manager)
    assert "Not enough runs yet" in client.get(PAGE).content.decode()


def test_there_is_no_page_for_what_is_no_simulation(client):
    make_player()
    client.force_login(make_editor())
    assert client.get("/team/simulations/tea-room/boiling/").status_code == 404
    assert client.get("/team/simulations/nowhere/boiling/").status_code == 404
    assert client.get("/team/simulations/tea-room/a%00b/").status_code == 404


@pytest.mark.parametrize("runs", [1, 3])
def test_the_page_costs_the_same_for_any_number_of_runs(client, django_assert_num_queries, runs):
    for _ in range(5 * runs):
        play(make_player(), RED)
    client.force_login(make_editor())
    client.get(PAGE)
    with django_assert_num_queries(7):  # session, person, course, document, shapes, endings, decisions
        client.get(PAGE)
