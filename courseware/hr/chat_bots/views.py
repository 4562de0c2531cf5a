"""/people/chat-bots/: bots in chat groups, by team; for HR and superusers, as the server sends to their addresses."""

from datetime import datetime

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from courseware.accounts.models import Team
from courseware.accounts.permissions.permissions import handles_people
from courseware.accounts.security.reauthentication import asks_before_posting
from courseware.assignments.chat.bots import remove_bot, request_test_message, save_bot
from courseware.assignments.models import ChatBot, ChatDeliveryState, ChatMessage
from courseware.jobs.health import HealthWarning
from courseware.lib.web.form_layout import Fields
from courseware.lib.web.page_views import form_view, page_view, post_view, posted, render_form
from courseware.notifications.chat.client import check_address
from courseware.notifications.chat.messages import SERVICES

SECRET = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}


class ChatBotForm(forms.ModelForm):
    """Form of a bot. Address and secret are never shown again; a new address replaces or removes the secret."""

    helper = Fields(error_summary=True, marks_required=True)

    new_address = forms.CharField(
        label=_("Webhook address of the bot"), max_length=1000, widget=forms.TextInput(SECRET)
    )
    new_secret = forms.CharField(
        label=_("Signing secret"),
        max_length=200,
        required=False,
        widget=forms.PasswordInput(SECRET),  # not shown again in a form that is refused
        help_text=_("Fill this in only if a DingTalk or Feishu bot requires a signature."),
    )

    class Meta:
        model = ChatBot
        fields = ("team", "service", "language", "is_for_managers", "is_on")
        help_texts = {
            "team": _("The bot also reports on all teams below this team."),
            "service": _(
                "Microsoft Teams: anybody can create an address at logic.azure.com. Make sure that the address "
                "belongs to a workflow of your company."
            ),
            "is_for_managers": _(
                "If you tick this box, messages show how many learners have each status. If you do not tick "
                "it, messages show only how many learners are late or due soon, and messages are sent only if "
                "the team has 5 or more learners."
            ),
        }

    field_order = ("team", "service", "new_address", "new_secret", "language", "is_for_managers", "is_on")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.only("name")
        self.fields["team"].empty_label = _("choose a team")
        self.fields["new_address"].required = self.instance.pk is None
        if self.instance.pk:
            hint = _("Current address: %(address)s. Leave empty to keep the address and its secret.")
            self.fields["new_address"].help_text = hint % {"address": self.instance.masked_address}

    def clean_new_address(self):
        """Return the new address, else the stored one. Raise ValidationError if it does not fit the service."""
        address = self.cleaned_data["new_address"] or self.instance.address
        if service := self.cleaned_data.get("service"):
            check_address(address, service)
        return address

    def clean(self):
        super().clean()
        service, secret = self.cleaned_data.get("service"), self.cleaned_data.get("new_secret")
        if service and secret and not SERVICES[service].sign:
            self.add_error(
                "new_secret", ValidationError(_("This service does not use signatures. Leave this field empty."))
            )

    def _post_clean(self):
        super()._post_clean()
        address, secret = self.cleaned_data.get("new_address"), self.cleaned_data.get("new_secret", "")
        if address and address != self.instance.address:
            self.instance.address, self.instance.secret = address, secret
        elif secret:
            self.instance.secret = secret


BOTS_PER_PAGE = 50
MESSAGES_SHOWN = 20
hides_secrets = sensitive_post_parameters("new_address", "new_secret")  # from error reports


@page_view(allowed=handles_people)
def chat_bots(request):
    newest = ChatMessage.objects.filter(bot=OuterRef("pk")).order_by("-pk")
    columns = {
        "message_state": Subquery(newest.values("state")[:1]),
        "message_at": Subquery(newest.values("written_at")[:1]),
    }
    found = ChatBot.objects.select_related("team").annotate(**columns)
    page = Paginator(found, BOTS_PER_PAGE).get_page(request.GET.get("page"))
    for bot in page.object_list:
        bot.state_label = ChatDeliveryState(bot.message_state).label if bot.message_state else ""
    return render(request, "hr/chat_bots.html", {"page": page})


@hides_secrets
@form_view("hr:new-chat-bot", allowed=handles_people, reauthenticate=asks_before_posting, is_held=False)
def new_bot(request):
    initial = {"language": get_language(), "team": request.GET.get("team", "")}
    form = ChatBotForm(posted(request), initial=initial)
    if form.is_valid():
        save_bot(form.instance, form.changed_data, by=request.user)
        messages.success(request, gettext("The bot was added. Send a test message to check that it works."))
        return redirect("hr:chat-bot", form.instance.pk)
    return render_form(request, "hr/new_chat_bot.html", form)


@hides_secrets
@form_view("hr:chat-bot", allowed=handles_people, reauthenticate=asks_before_posting, is_held=False)
def chat_bot(request, pk):
    found = get_object_or_404(ChatBot.objects.select_related("team"), pk=pk)
    form = ChatBotForm(posted(request), instance=found)
    if form.is_valid():
        save_bot(form.instance, form.changed_data, by=request.user)
        messages.success(request, gettext("The bot was saved."))
        return redirect("hr:chat-bot", pk)
    shown = ChatBot.objects.select_related("team").get(pk=pk) if form.is_bound else found
    chat_messages = ChatMessage.objects.filter(bot=pk)[:MESSAGES_SHOWN]
    context = {"bot": shown, "chat_messages": chat_messages}
    return render_form(request, "hr/chat_bot.html", form, context)


@post_view("hr:chat-bot", allowed=handles_people)
def send_test(request, pk):
    found = get_object_or_404(ChatBot.objects.select_related("team"), pk=pk)
    if request_test_message(found, by=request.user):
        note = gettext("A test message is being sent. Reload this page in a few seconds to see the result.")
        messages.success(request, note)
    else:
        messages.warning(
            request,
            gettext(
                "A test message is already being sent, or the bot is paused. If the bot is paused, save it again first."
            ),
        )
    return redirect("hr:chat-bot", pk)


@post_view("hr:chat-bot", allowed=handles_people)
def remove_bot_page(request, pk):
    found = get_object_or_404(ChatBot.objects.select_related("team"), pk=pk)
    remove_bot(found, by=request.user)
    messages.success(request, gettext("The group-chat bot of “%(team)s” was deleted.") % {"team": found.team})
    return redirect("hr:chat-bots")


def bot_warnings(now: datetime) -> list[HealthWarning]:
    """Return a warning if bots are paused because the service rejected a message. `now` is ignored."""
    number = ChatBot.objects.refused().count()
    if not number:
        return []
    message = ngettext(
        "%(count)d group-chat bot is paused: the service rejected a message",
        "%(count)d group-chat bots are paused: the service rejected a message",
        number,
    )
    return [HealthWarning(message % {"count": number}, gettext("Group-chat bots"), "hr:chat-bots")]
