"""Forms of lessons, surveys and extension requests. `question_rendering.raw_response` reads answers to questions."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from courseware.course_format.questions.question_types import MAX_TEXT
from courseware.learning.due_dates.due_dates import DueDayField
from courseware.learning.due_dates.extensions import End, ExtensionAnswer
from courseware.learning.lessons.answers import as_compared
from courseware.learning.manager_actions.extension import ExtendForm
from courseware.learning.manager_actions.manager_action import ActionForm, OptionalReason
from courseware.learning.models import LONGEST_WHY
from courseware.lib.web.form_layout import Fields, Group

LONGEST_TEXT = 2000  # characters
MOST_TRIES = 9999
LARGEST_KEY = 2**63 - 1


class IdempotentForm(forms.Form):
    """A form that stores one row, even if sent twice: the row has the UUID of the form."""

    token = forms.UUIDField(widget=forms.HiddenInput)


class AnswerForm(IdempotentForm):
    """`tries`: number of earlier answers, for the order of the options. `revision`: id of the revision shown."""

    tries = forms.IntegerField(min_value=0, max_value=MOST_TRIES)
    revision = forms.IntegerField(min_value=1, max_value=LARGEST_KEY)


class ReadForm(forms.Form):
    revision = forms.IntegerField(min_value=1, max_value=LARGEST_KEY, required=False)


class AutosavedAnswerForm(IdempotentForm):
    text = forms.CharField(required=False)

    def clean_text(self):
        text = as_compared(self.cleaned_data["text"])
        if len(text) > MAX_TEXT:
            raise forms.ValidationError(_("Write something (up to 5,000 characters), then save it."))
        return text


class ReportForm(IdempotentForm):
    comment = forms.CharField(max_length=LONGEST_TEXT, required=False)


class ChangeForm(forms.Form):
    """Acknowledges a change. `release`: id of the release shown. `home`: sent from the home page."""

    release = forms.IntegerField(min_value=1, max_value=LARGEST_KEY)
    home = forms.BooleanField(required=False)


class JobRoleForm(forms.Form):
    job_role = forms.ChoiceField(
        label=_("Your job role"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose your job role first.")},
    )
    helper = Fields(Group("job_role", {"class": "question"}), form_show_labels=False)

    def __init__(self, *args, tracks, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["job_role"].choices = list(tracks.items())


class SurveyForm(forms.Form):
    signed = forms.BooleanField(required=False, label=_("Send my answers with my name"))

    def __init__(self, *args, questions, **kwargs):
        super().__init__(*args, **kwargs)
        self.questions = {question["id"]: question for question in questions}
        for identifier, question in self.questions.items():
            self.fields[f"q-{identifier}"] = survey_field(question)
        # The page itself shows errors of the whole form.
        self.helper = Fields(*(SurveyQuestionGroup(question) for question in questions), form_show_errors=False)

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not self.answers:
            raise forms.ValidationError(_("Answer at least 1 question, then send your answers."))
        return cleaned

    @property
    def answers(self):
        """Question id → number (scale), position (one), positions (several) or text; answered questions only."""
        return {
            identifier: answer
            for identifier in self.questions
            if (answer := self.cleaned_data.get(f"q-{identifier}")) not in (None, "", [])
        }

    @staticmethod
    def texts(sent, questions):
        # `initial` of a new form: after a change of the options, only texts keep their meaning.
        names = [f"q-{question['id']}" for question in questions if question["kind"] == "open"]
        return {name: sent.get(name, "") for name in names}

    def wrong(self):
        """Return (question, error text) of each invalid answer."""
        return [
            (question, error) for key, question in self.questions.items() for error in self.errors.get(f"q-{key}", [])
        ]


class SurveyQuestionGroup(Group):
    template = "learning/_survey_question.html"

    def __init__(self, question):
        kind, identifier = question["kind"], question["id"]
        super().__init__(f"q-{identifier}", {"class": f"card question survey-question {kind}", "id": identifier})
        self.context["question"] = question


def survey_field(question):
    kind = question["kind"]
    label = question["title"]
    if kind == "open":
        area = forms.Textarea(attrs={"rows": 3, "aria-labelledby": f"{question['id']}-title"})
        area.use_fieldset = True  # like the other questions
        return forms.CharField(label=label, required=False, max_length=LONGEST_TEXT, widget=area)
    if kind == "scale":
        values = [(number, str(number)) for number in range(question["from"], question["to"] + 1)]
    else:
        values = [(position, text) for position, text in enumerate(question["choices"])]
    if kind == "several":
        box = forms.CheckboxSelectMultiple
        return forms.TypedMultipleChoiceField(label=label, required=False, choices=values, coerce=int, widget=box)
    return forms.TypedChoiceField(
        label=label, required=False, choices=values, coerce=int, empty_value=None, widget=forms.RadioSelect
    )


def new_token():
    return uuid.uuid4()


IS_DUE_DAY = _("This is already the due date. Choose another date.")


class ExtensionRequestForm(ExtendForm):
    """A learner may request any date that a manager may set and that is after the due date. `enrollment` needs one."""

    due_on = DueDayField(
        label=_("Extend the due date to"),
        help_text=_("The due date includes the whole day, in the time zone of your team."),
    )
    reason = OptionalReason(max_length=LONGEST_WHY, help_text=_("Optional. Your manager can read this message."))

    def clean_due_on(self):
        day = self.cleaned_data["due_on"]
        if day <= self.enrollment.due_on:
            raise forms.ValidationError(_("Choose a date after the due date."))
        return day


class ExtensionAnswerForm(ActionForm):
    """Three buttons: the requested date, another one, or none. Needs `enrollment`. Sets `cleaned_answer` if valid."""

    GIVE, OTHER, REFUSE = "give", "other", "refuse"

    request = forms.IntegerField(widget=forms.HiddenInput)
    answer = forms.ChoiceField(choices=[(each, each) for each in (GIVE, OTHER, REFUSE)])
    due_on = DueDayField(label=_("New due date"), required=False)
    words = forms.CharField(label=_("Message"), required=False, max_length=LONGEST_WHY)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["due_on"].zone = self.enrollment.zone

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        pressed, message = cleaned["answer"], cleaned["words"]
        if pressed == self.OTHER and not cleaned["due_on"]:
            raise forms.ValidationError(_("Choose a date first."))
        if (
            pressed == self.OTHER
            and cleaned["due_on"] == self.enrollment.due_on
            and not self.enrollment.is_due_date_shifted
        ):
            raise forms.ValidationError(IS_DUE_DAY)
        answers = {
            self.GIVE: ExtensionAnswer(End.GIVEN),
            self.OTHER: ExtensionAnswer(End.ANOTHER, cleaned["due_on"], message),
            self.REFUSE: ExtensionAnswer(End.REFUSED, None, message),
        }
        self.cleaned_answer = answers[pressed]
        return cleaned
