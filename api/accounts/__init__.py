"""Accounts and access: passwords, API keys, sessions, rates, and who may come in.

The rows are kept by `data.store.rooms.accounts`; this package decides what they mean.  HTTP is spoken in
`api.routes.access` and `api.routes.accounts`, the command line in `api.cli.commands.user`.
"""
