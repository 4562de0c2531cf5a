"""`python -m tests.faults.signed_in_people NUMBER`: enroll and sign in so many people; print sessions and form."""

import json
import sys

import django


def sign_in_people(number):
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from courseware.accounts.security import sessions
    from courseware.content.models import Course, ReleaseEntry
    from courseware.learning.enrollments import enrollment
    from courseware.learning.lessons.question_rendering import drawn_with
    from tests.making import make_user

    course = Course.objects.get(identifier="tea-room")
    keys = []
    for index in range(number):
        person = make_user(email=f"crowd-{index}@example.com")
        enrollment.enroll(person, course)
        session = SessionStore()
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[sessions.BEGAN] = sessions.now()
        sessions.see(session, person, sessions.now())
        session.create()
        keys.append(session.session_key)
    revision = ReleaseEntry.objects.filter(document__identifier="boiling").latest("pk").revision_id
    return {"sessions": keys, "form": {"revision": revision, "drawn_with": drawn_with()}}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(sign_in_people(int(sys.argv[1]))))
