import logging


class OneLine(logging.Filter):
    """Turns what anybody may cause at will into a warning of one line, without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = record.getMessage().encode("unicode_escape").decode("ascii"), ()
        record.exc_info = record.exc_text = record.stack_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
