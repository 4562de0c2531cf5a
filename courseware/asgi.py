from django.core.asgi import get_asgi_application

from courseware import starting

starting.begin(serving=True)
with starting.in_one_sentence(starting.GUNICORN_GIVES_UP):
    application = get_asgi_application()
    starting.refuse_what_must_not_be_served()
