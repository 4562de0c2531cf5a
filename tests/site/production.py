"""Send requests to the site in production: `python -m tests.site.production` prints the answers as JSON.

Run by test_settings.py in its own process, because settings are read once per process.
"""

import json

import django
from django.core.management import call_command
from django.test import Client

HOST = "training.example.com"
PERSON = {"email": "a@example.com", "password": "a-password-for-tests", "name": "A"}
FLAGS = ("secure", "httponly", "samesite", "path", "domain")


def summary(response):
    cookies = {
        name: {flag: morsel[flag] for flag in FLAGS} for name, morsel in response.cookies.items() if morsel.value
    }
    return {"status": response.status_code, "headers": dict(response.headers), "cookies": cookies}


def answers():
    by_proxy = Client(headers={"host": HOST, "x-forwarded-proto": "https"})
    in_the_clear = Client(headers={"host": HOST})
    forged = Client(headers={"host": "evil.example", "x-forwarded-proto": "https"})
    sign_in = {"login": PERSON["email"], "password": PERSON["password"]}
    return {
        "page": summary(by_proxy.get("/accounts/login/")),
        "signed in": summary(by_proxy.post("/accounts/login/", sign_in)),
        "language": summary(by_proxy.post("/accounts/language/", {"language": "en"})),
        "in the clear": summary(in_the_clear.get("/accounts/login/?next=/team/")),
        "forged": summary(forged.get("/")),
        "forged by a proxy's header": summary(by_proxy.get("/nowhere/", headers={"x-forwarded-host": "evil.example"})),
    }


if __name__ == "__main__":
    django.setup()
    call_command("collectstatic", interactive=False, verbosity=0)
    from courseware.accounts.models import User

    User.objects.create_user(**PERSON)
    print(json.dumps(answers()))
