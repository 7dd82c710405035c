"""Every way in: files and pages become drafts of practices. The way to call it is `corpus.importers.reading`.

Kept empty of imports: the parsers run in a child process that should start fast (see `sandbox`).
"""
