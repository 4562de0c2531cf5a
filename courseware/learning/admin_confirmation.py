from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.template.response import TemplateResponse

from courseware.lib.page_views import form_status


def confirmation(model_admin, request, title, form, **context):
    """An admin page with one form; `chosen` and `action` make it a step of an action on a list."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "form": form,
        "opts": model_admin.opts,
        "checkbox": ACTION_CHECKBOX_NAME,
        "action": "",
        "chosen": (),
        **context,
    }
    status = form_status(form)
    return TemplateResponse(request, "admin/learning/confirmation.html", context, status=status)
