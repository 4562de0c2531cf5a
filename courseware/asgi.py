from django.core.asgi import get_asgi_application

from courseware.project import bootstrap

bootstrap.begin(serving=True)
with bootstrap.in_one_sentence(bootstrap.GUNICORN_GIVES_UP):
    application = get_asgi_application()
    bootstrap.refuse_what_must_not_be_served()
