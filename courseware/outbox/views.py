"""/tray/: the own notifications."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from courseware.lib.long_lists import FirstRows
from courseware.lib.page_views import form_view, post_view
from courseware.lib.small_numbers import keys_in
from courseware.outbox.tray import in_words, mark_one_read, mark_read
from courseware.outbox.tray_lines import TrayLine

LINES_A_PAGE = 50


@form_view("outbox:tray")
def tray(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        for up_to in keys_in([request.POST.get("up_to", "")]):
            mark_read(request.user.pk, up_to=up_to)
        return redirect("outbox:tray")
    own = FirstRows(TrayLine.objects.of(request.user.pk), LINES_A_PAGE)
    page = own.get_page(request.GET.get("page"))
    context = {"page": page, "lines": in_words(page.object_list), "up_to": next(iter(own.keys), 0)}
    return render(request, "outbox/tray.html", context)


@post_view("outbox:tray", takes=())
def open_line(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a line read and go to its page."""
    line = get_object_or_404(TrayLine.objects.of(request.user.pk), pk=pk)
    [(_line, said)] = in_words([line])
    mark_one_read(line)
    return redirect(said.address or "outbox:tray")
