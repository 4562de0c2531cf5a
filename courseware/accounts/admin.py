"""Admin pages of people, teams and groups; every change is logged."""

from allauth.account import admin as allauth_admin
from allauth.mfa import admin as allauth_mfa_admin
from allauth.usersessions import admin as allauth_sessions_admin
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.template.loader import render_to_string
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Membership, Team, User, merge_of
from courseware.accounts.people import extra_time
from courseware.accounts.people.admin_search import AbsenceFilter, NoTeamFilter, TeamFilter
from courseware.accounts.people.search import HOW_PEOPLE_ARE_FOUND, found_by
from courseware.accounts.permissions.permissions import may_decide_about, undecidable_ids
from courseware.accounts.permissions.role_changes import (
    RIGHTS_OF_NOBODY,
    deactivate,
    end_sessions,
    log_group_rights,
    log_memberships,
    log_rights,
    log_rights_of_all,
    permissions_of,
    rights_of,
)
from courseware.accounts.permissions.roles import AUDITORS
from courseware.accounts.security import two_factor
from courseware.accounts.security.reauthentication import AsksForReauthentication
from courseware.accounts.sign_in.invitations import NotInvited, invite
from courseware.accounts.teams.memberships import lock_memberships_exclusive, notify_old_address
from courseware.audit_log.record import record, record_many, subject_of
from courseware.lib.admin.model_admins import LargeTableAdmin, ListFiltersOnly, RetryOnIntegrityError, SuperusersOnly
from courseware.notifications.models import OutgoingEmail

EMAILS_SHOWN = 10  # on the page of a person

# People have one address, in their own row. A second table of sign-in addresses would be a back door.
admin.site.unregister(allauth_admin.EmailAddress)
# The second factor of another person can only be reset as a whole.
admin.site.unregister(allauth_mfa_admin.Authenticator)
admin.site.unregister(Group)
admin.site.unregister(allauth_sessions_admin.UserSession)


class DeletedOneByOne:
    """Rows are deleted on their own pages only, so that each deletion is logged."""

    def get_actions(self, request):
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}


class MembershipFormSet(forms.BaseInlineFormSet):
    by = None

    def clean(self):
        """Also raise ValidationError if `by` may not decide about a person whose row changes. Add an error to new rows
        that another person added after the page was loaded; Django compares only the rows of the page.
        """
        super().clean()
        if people_of(self) & undecidable_ids(self.by):
            raise forms.ValidationError(
                _(
                    "You cannot change your own teams. You also cannot change the teams of people who added "
                    "you, or made you a manager or a deputy, within the last 90 days."
                )
            )
        known = [form.instance.pk for form in self.initial_forms]
        for form in self.extra_forms if self.instance.pk else []:
            if form.has_changed() and not form.errors:
                added = {name: form.cleaned_data[name] for name in ("team", "person", "role")}
                if Membership.objects.filter(**added).exclude(pk__in=known).exists():
                    form.add_error(None, _("Another person added the same entry in the meantime."))


class MembershipInline(SuperusersOnly, admin.StackedInline):
    model = Membership
    formset = MembershipFormSet
    extra = 0
    autocomplete_fields = ["person", "team"]

    def get_formset(self, request, obj=None, **kwargs):
        return type("MembershipFormSet", (super().get_formset(request, obj, **kwargs),), {"by": request.user})


def people_of(formset):
    """Return the ids of the people whose memberships the form changes, before and after the change."""
    gone = formset.deleted_forms if formset.is_bound else []
    changed = [form for form in formset.forms if form.has_changed() or form in gone]
    found = {key for form in changed for key in (form.instance.person_id, form.initial.get("person"))}
    return found - {None}


class LogsMemberships(
    RetryOnIntegrityError, AsksForReauthentication, SuperusersOnly, ListFiltersOnly, LargeTableAdmin, admin.ModelAdmin
):
    inlines = [MembershipInline]

    def save_formset(self, request, form, formset, change):
        people = people_of(formset)
        # Lock people before memberships, as other code does; the row of a manager changes, too.
        list(User.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk").values_list("pk"))
        lock_memberships_exclusive(people)
        super().save_formset(request, form, formset, change)
        log_memberships(
            [
                *(("membership-added", membership) for membership in formset.new_objects),
                *(("membership-changed", membership) for membership, _fields in formset.changed_objects),
                *(("membership-removed", membership) for membership in formset.deleted_objects),
            ],
            by=request.user,
        )


@admin.register(Group)
class RightsOfGroupsAdmin(
    RetryOnIntegrityError, DeletedOneByOne, AsksForReauthentication, SuperusersOnly, ListFiltersOnly, GroupAdmin
):
    def save_model(self, request, obj, form, change):
        form.permissions_before = permissions_of(obj) if change else []
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        log_group_rights(form.instance, form.permissions_before, by=request.user)

    def delete_model(self, request, obj):
        before = [(person, rights_of(person)) for person in User.objects.filter(groups=obj).order_by("pk")]
        super().delete_model(request, obj)
        log_rights_of_all(before, by=request.user)


class PersonForm(forms.ModelForm):
    def clean(self):
        super().clean()
        if self.cleaned_data.get("is_active") and "is_active" in self.changed_data and merge_of(self.instance):
            self.add_error(
                "is_active",
                _("This account was merged into another account, so you cannot change it. Undo the merge first."),
            )
        groups = self.cleaned_data.get("groups")  # missing if the own rights are read-only
        if groups and groups.filter(name=AUDITORS).exists() and not self.cleaned_data.get("audits_until"):
            self.add_error("audits_until", _("Enter the last day of access for this auditor."))


class NewPersonForm(PersonForm):
    send_link = forms.BooleanField(
        label=_("Send the link to set a password"),
        required=False,
        initial=True,
        help_text=_(
            "The system sends an email in this person’s language. You can send the email again from the list of people."
        ),
    )


@admin.register(User)
class PersonAdmin(LogsMemberships):
    list_display = ["name", "email", "staff_number", "language", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups", TeamFilter, NoTeamFilter, AbsenceFilter]
    search_fields = ["name", "email", "staff_number"]  # shows the search field; `get_search_results` searches
    search_help_text = HOW_PEOPLE_ARE_FOUND
    readonly_fields = ["joined_at", "last_login", "emails"]
    form = PersonForm
    actions = ["send_link", "end_sessions", "reset_second_factor", "deactivate"]
    fieldsets = [
        (None, {"fields": ["name", "email", "staff_number", "language", "job_role", "extra_time"]}),
        (_("Rights"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "audits_until"]}),
        (_("Dates"), {"fields": ["starts_on", "leaves_on", "joined_at", "last_login"]}),
        (_("Emails"), {"fields": ["emails"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["name", "email", "staff_number", "language", "job_role", "starts_on", "send_link"]}),
        (_("Rights"), {"fields": ["is_staff", "groups", "audits_until"]}),
    ]

    def get_search_results(self, request, queryset, search_term):
        return found_by(search_term, queryset), False

    def get_fieldsets(self, request, obj=None):
        return self.fieldsets if obj else self.add_fieldsets

    def get_form(self, request, obj=None, change=False, **kwargs):
        return super().get_form(request, obj, change, **({} if obj else {"form": NewPersonForm}) | kwargs)

    def get_readonly_fields(self, request, obj=None):
        """Also return fields that the user cannot change: of the own person, of people in a conflict of interest."""
        fields = list(self.readonly_fields)
        if obj == request.user:
            fields += ["is_active", "is_staff", "is_superuser", "groups", "audits_until"]
        if obj and not may_decide_about(request.user, obj):
            fields += ["name", "job_role", "starts_on", "leaves_on", "extra_time"]
        return fields

    @admin.display(description=_("latest emails"))
    def emails(self, person):
        emails = list(OutgoingEmail.objects.of(person)[:EMAILS_SHOWN])
        return render_to_string("accounts/_emails.html", {"emails": emails})

    def has_delete_permission(self, request, obj=None):
        return False  # people are deactivated, and their records stay

    def save_model(self, request, obj, form, change):
        if change:
            # `offboarding.leave` takes the same lock.
            before = User.objects.select_for_update(no_key=True).get(pk=obj.pk)
            form.rights_before, form.address_before = rights_of(before), before.email
        else:
            form.rights_before = RIGHTS_OF_NOBODY
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        person = form.instance
        if not change:
            record("person-added", actor=request.user, subject=person)
        elif "email" in form.changed_data:
            record("address-changed", actor=request.user, subject=person)
            notify_old_address(person, form.address_before)
        if change and "extra_time" in form.changed_data:
            record_many(extra_time.events([person.pk], by=request.user))
        log_rights(person, form.rights_before, by=request.user)
        if form.cleaned_data.get("send_link"):
            self.send_link(request, [person])

    @admin.action(description=_("Send the link to set a password"))
    def send_link(self, request, people):
        sent = 0
        for person in people:
            try:
                invite(person, by=request.user)
                sent += 1
            except NotInvited:
                note = gettext("%(person)s cannot sign in, so no link was sent.")
                self.message_user(request, note % {"person": person}, messages.WARNING)
        if sent:
            note = ngettext("%(count)d link was sent.", "%(count)d links were sent.", sent)
            self.message_user(request, note % {"count": sent}, messages.SUCCESS)

    @admin.action(description=_("Sign out on every device"))
    def end_sessions(self, request, people):
        for person in people:
            end_sessions(person, by=request.user)

    @admin.action(description=_("Reset two-step verification"))
    def reset_second_factor(self, request, people):
        """Reset it for `people` except the user: a stranger at an open session must not remove it."""
        reset = sum(two_factor.reset(person, by=request.user) for person in people.exclude(pk=request.user.pk))
        if people.filter(pk=request.user.pk).exists():
            note = gettext("Only another admin can reset your own two-step verification.")
            self.message_user(request, note, messages.ERROR)
        note = ngettext(
            "Two-step verification was reset for %(count)d person.",
            "Two-step verification was reset for %(count)d people.",
            reset,
        )
        self.message_user(request, note % {"count": reset}, messages.SUCCESS)

    @admin.action(description=_("Deactivate accounts (block sign-in)"))
    def deactivate(self, request, people):
        found = list(people.exclude(pk=request.user.pk).select_for_update(no_key=True).order_by("pk"))
        lock_memberships_exclusive(person.pk for person in found)
        for person in found:
            deactivate(person, by=request.user)


@admin.register(Team)
class TeamAdmin(DeletedOneByOne, LogsMemberships):
    list_display = ["name", "parent", "time_zone"]
    list_select_related = ["parent"]
    search_fields = ["name"]
    autocomplete_fields = ["parent"]

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if "parent" in form.changed_data:  # the managers above see the people below
            record("team-moved", actor=request.user, subject=obj, data={"parent": obj.parent_id})

    def delete_model(self, request, obj):
        subject, people = subject_of(obj), sorted(obj.memberships.values_list("person", flat=True))
        super().delete_model(request, obj)
        record("team-deleted", actor=request.user, subject=subject, data={"people": people})
