from http import HTTPStatus

from django.forms import BaseForm


def form_status(form: BaseForm) -> HTTPStatus:
    """What a page with this form answers: 422 when it is shown again for its mistakes."""
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
