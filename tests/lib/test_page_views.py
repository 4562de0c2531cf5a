from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpResponse

from courseware.lib.web.page_views import form_view, page_view, post_view

PERSON = SimpleNamespace(is_authenticated=True, is_boss=False)
BOSS = SimpleNamespace(is_authenticated=True, is_boss=True)


def shown(request):
    return HttpResponse("shown")


def may_see(user):
    return user.is_boss


def answer(rf, view, user, method="get"):
    request = getattr(rf, method)("/")
    request.user = user
    return view(request).status_code


@pytest.mark.parametrize(
    ("decorator", "statuses"),
    [
        (page_view, {"get": 200, "head": 200, "post": 405, "put": 405}),
        (form_view, {"get": 200, "head": 200, "post": 200, "put": 405}),
        (post_view, {"get": 405, "head": 405, "post": 200, "put": 405}),
    ],
)
def test_allowed_methods(rf, decorator, statuses):
    address = () if decorator is page_view else (lambda: "/",)
    view = decorator(*address, allowed=may_see)(shown)
    assert {method: answer(rf, view, BOSS, method) for method in statuses} == statuses


def test_anonymous_user_is_redirected_to_sign_in(rf):
    view = page_view(allowed=may_see)(shown)
    assert answer(rf, view, AnonymousUser()) == 302


def test_person_without_permission_gets_404(rf):
    with pytest.raises(Http404):
        answer(rf, page_view(allowed=may_see)(shown), PERSON)


def test_reauthentication_precedes_permission(rf):
    asked = []

    def reauthenticate(view):
        def wrapper(request):
            asked.append(request.user)
            return view(request)

        return wrapper

    with pytest.raises(Http404):
        answer(rf, page_view(allowed=may_see, reauthenticate=reauthenticate)(shown), PERSON)
    assert asked == [PERSON]


def test_form_view_sets_attributes_on_outer_function():
    def address(pk):
        return f"/{pk}/"

    view = form_view(address, allowed=may_see, is_held=False)(shown)
    assert (view.page_of_form, view.is_held, view.allowed) == (address, False, may_see)


def test_form_page_url_takes_named_arguments():
    view = post_view("hr:team", takes=("pk",))(shown)
    assert view.page_of_form(pk=3, place=4) == "/people/teams/3/"
    assert form_view("hr:team")(shown).page_of_form(pk=3) == "/people/teams/3/"
