"""Pages for people: our own HTML, no outside request."""
