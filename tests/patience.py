"""How long tests wait for something that must happen. A timeout means failure; speed is not judged."""

PATIENCE = 600  # seconds
