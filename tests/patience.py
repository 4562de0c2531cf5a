"""How long tests wait for what must come. A wait that comes to its end has failed already: it judges no speed, and
machines are busy."""

PATIENCE = 600  # seconds
