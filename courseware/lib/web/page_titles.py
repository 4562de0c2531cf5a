"""Page titles that start with the result of the last action: `{% with_outcome %}…{% endwith_outcome %}`."""

from django.contrib.messages import constants
from django.template import Context, Library
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

register = Library()


@register.simple_block_tag(takes_context=True)
def with_outcome(context: Context, content: SafeString) -> SafeString:
    """Return the title after "Error:" if a message is an error, after "Done:" if one is a success, else unchanged."""
    messages = context.get("messages")
    levels = (
        {message.level for message in messages} if messages else set()
    )  # iterating over an empty storage would write it
    error = gettext("Error:")
    if content.startswith(error) or levels.isdisjoint({constants.ERROR, constants.SUCCESS}):
        return content
    return format_html("{} {}", error if constants.ERROR in levels else gettext("Done:"), content)
