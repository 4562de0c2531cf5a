"""URLs below /accounts/. allauth looks up the names that begin with `account_` and `mfa_`."""

from allauth.account import views as allauth_views
from allauth.mfa.totp.views import deactivate_totp
from django.urls import include, path, re_path

from courseware.accounts.security import two_factor_views
from courseware.accounts.sign_in import views

password_urls = [
    path("change/", views.ChangePasswordView.as_view(), name="account_change_password"),
    path("set/", views.SetPasswordView.as_view(), name="account_set_password"),
    path("reset/", views.PasswordLinkView.as_view(), name="account_reset_password"),
    path("reset/done/", allauth_views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.PasswordFromLinkView.as_view(),
        name="account_reset_password_from_key",
    ),
]

second_factor_urls = [
    path("", two_factor_views.OwnFactorsView.as_view(), name="mfa_index"),
    path("code/", two_factor_views.CodeView.as_view(), name="mfa_authenticate"),
    path("code/again/", two_factor_views.CodeAgainView.as_view(), name="mfa_reauthenticate"),
    path("passkey/again/", two_factor_views.PasskeyAgainView.as_view(), name="mfa_reauthenticate_webauthn"),
    path("app/", two_factor_views.NewAppView.as_view(), name="mfa_activate_totp"),
    path("app/remove/", deactivate_totp, name="mfa_deactivate_totp"),
    path("passkey/", two_factor_views.NewPasskeyView.as_view(), name="mfa_add_webauthn"),
    path("passkey/<int:pk>/remove/", two_factor_views.RemovePasskeyView.as_view(), name="mfa_remove_webauthn"),
    path("codes/", two_factor_views.OwnCodesView.as_view(), name="mfa_view_recovery_codes"),
    path("codes/new/", two_factor_views.NewCodesView.as_view(), name="mfa_generate_recovery_codes"),
]

urlpatterns = [
    path("", views.OwnAccountView.as_view(), name="own-account"),
    path("login/", views.SignInView.as_view(), name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.ReauthenticateView.as_view(), name="account_reauthenticate"),
    path("code/", views.CodeToSignInView.as_view(), name="account_sign_in_code"),
    path("join/<str:token>/", views.JoinView.as_view(), name="account_join"),
    path("password/", include(password_urls)),
    path("sessions/", views.OwnSessionsView.as_view(), name="usersessions_list"),
    path("two-factor/", include(second_factor_urls)),
    path("language/", views.set_language, name="set-language"),
    path("session/", views.session, name="session"),
    path("unsent/", views.unsent_form, name="unsent-form"),
]
