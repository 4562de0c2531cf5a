from http import HTTPStatus


def form_status(form) -> HTTPStatus:
    """What a page with this form answers: 422 when it is shown again for its mistakes."""
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
