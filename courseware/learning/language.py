"""How HTML calls the languages that files and code write in lower case."""


def language_tag(language: str) -> str:
    """As HTML wants it: zh-hans → zh-Hans, pt-br → pt-BR.

    >>> [language_tag(language) for language in ("en", "zh-hans", "pt-br")]
    ['en', 'zh-Hans', 'pt-BR']
    """
    first, *others = language.split("-")
    return "-".join([first, *(part.title() if len(part) == 4 else part.upper() for part in others)])
