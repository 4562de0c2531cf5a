"""Page views: decorators that check in this order: method (405), sign-in, recent authentication, permission (404)."""

from collections.abc import Callable, Collection
from functools import partial, wraps
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_required
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

View = Callable[..., Any]
RenderedPage = str | Callable[..., str]
Decorator = Callable[[View], View]
SHOW, SEND = ("GET", "HEAD"), ("POST",)


def form_on(page: RenderedPage, *, takes: Collection[str] | None = None, is_held: bool = True) -> Decorator:
    """Mark a view that receives a form shown on `page`: a URL name, or a function that gets the URL arguments of the
    view by name and returns a URL. `takes`: names of the arguments that the URL name needs (default: all). `is_held`:
    if the session has ended, the form may be stored until its author has signed in again.
    """
    page_url = page if callable(page) else partial(_url, page, takes)

    def mark(view: View) -> View:
        view.page_of_form, view.is_held = page_url, is_held  # type: ignore[attr-defined]  # marks on a function
        return view

    return mark


def _url(name: str, takes: Collection[str] | None, **arguments: Any) -> str:
    return reverse(name, kwargs=arguments if takes is None else {each: arguments[each] for each in takes})


def page_view(*, allowed: Callable[..., bool] | None = None, reauthenticate: Decorator | None = None) -> Decorator:
    """Decorate a view for GET. `allowed`: user → False for a 404. `reauthenticate`: decorator for a recent sign-in."""
    return lambda view: _checked(view, SHOW, allowed, reauthenticate)


def form_view(
    page: RenderedPage,
    *,
    takes: Collection[str] | None = None,
    allowed: Callable[..., bool] | None = None,
    reauthenticate: Decorator | None = None,
    is_held: bool = True,
    methods: tuple[str, ...] = SHOW + SEND,
) -> Decorator:
    """Decorate a view that shows a form and receives it. Arguments: see `form_on` and `page_view`."""
    mark = form_on(page, takes=takes, is_held=is_held)
    return lambda view: mark(_checked(view, methods, allowed, reauthenticate))


def post_view(
    page: RenderedPage,
    *,
    takes: Collection[str] | None = None,
    allowed: Callable[..., bool] | None = None,
    reauthenticate: Decorator | None = None,
    is_held: bool = True,
) -> Decorator:
    """Decorate a view that receives a form shown on another page. Arguments: see `form_on` and `page_view`."""
    return form_view(page, takes=takes, allowed=allowed, reauthenticate=reauthenticate, is_held=is_held, methods=SEND)


def _checked(
    view: View, methods: tuple[str, ...], allowed: Callable[..., bool] | None, reauthenticate: Decorator | None
) -> View:
    @wraps(view)
    def with_permission(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if allowed and not allowed(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    with_permission.allowed = allowed  # type: ignore[attr-defined]  # a test compares it with access.txt
    checked = reauthenticate(with_permission) if reauthenticate else with_permission
    return require_http_methods(list(methods))(login_required(checked))


def form_status(form: BaseForm) -> HTTPStatus:
    """Return 422 for a bound form, valid or not, because it is shown again with its errors; else 200."""
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK


def render_form(
    request: HttpRequest, template: str, form: BaseForm, context: dict[str, Any] | None = None
) -> HttpResponse:
    return render(request, template, {"form": form, **(context or {})}, status=form_status(form))


def posted(request: HttpRequest) -> QueryDict | None:
    """Return the data of a POST request, also if it is empty. None for other methods, so that a form stays unbound."""
    return request.POST if request.method == "POST" else None


def in_background(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view that a script calls by itself, so that it does not count as an action of the user."""
    view.is_in_background = True  # type: ignore[attr-defined]  # a mark on a function
    return view


def is_in_background(view: Callable[..., Any]) -> bool:
    return getattr(view, "is_in_background", False)


def full_page_redirect(request: Any, redirect: Any) -> HttpResponse:
    """Return the redirect response, or for an htmx request one that makes the browser load the whole page."""
    return HttpResponseClientRedirect(redirect.url) if request.htmx else redirect
