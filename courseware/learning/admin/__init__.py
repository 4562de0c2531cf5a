"""Admin pages of learning, registered when Django imports this package."""

from courseware.learning.admin import pages, publishing  # noqa: F401
