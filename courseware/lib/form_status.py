from http import HTTPStatus

from django.forms import BaseForm


def form_status(form: BaseForm) -> HTTPStatus:
    # A bound form on a page is one that is shown again with its errors.
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
