"""The commands of `empelt`, a module for each group; `service/cli.py` puts them together."""
