"""`python -m tests.faults.filled_site`: a site with rows in most tables. Prints JSON."""

import json

import django
from django.core.management import call_command
from django.utils import timezone

TYPED = {"哪里": "“楼下”\n\ufeff 🫖", "a": [1, 0.1, None, True, {"b": ""}]}


def prepare():
    from django.core.cache import cache

    from courseware.accounts.models import Team
    from courseware.autosave.models import AutosavedText
    from tests.making import PASSWORD, make_course
    from tests.world import make_world

    world = make_world(make_course())
    learner = world.learner
    AutosavedText.objects.create(person=learner, form="a form", fields=TYPED, typed_at=timezone.now())
    cache.set("counted", (1, "二"), timeout=None)
    Team.objects.create(name="Short-lived").delete()  # its key must not be used again
    certificate = world.passed.enrollment.certificate.number
    return {"email": learner.email, "password": PASSWORD, "certificate": certificate}


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    print(json.dumps(prepare()))
