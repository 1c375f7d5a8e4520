"""The services that ``manage.py up`` brings along: PostgreSQL and Valkey from wheels."""
