from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Exists, OuterRef

from courseware.accounts.models import Membership, User


class PersonBackend(AuthenticationBackend):
    """Loads the signed-in person together with `is_manager`, so that the page's frame costs no query of its own."""

    def get_user(self, user_id):
        manages = Membership.objects.filter(person=OuterRef("pk"), role=Membership.Role.MANAGER)
        user = User.objects.annotate(is_manager=Exists(manages)).filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
