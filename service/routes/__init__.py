"""Everything reached over HTTP: the JSON API under /v1, health, and the pages."""
