"""Settings of the tests: the real Postgres, a fast hasher, an in-memory channel layer."""

from sre_workspace.settings import *  # noqa: F403
from sre_workspace.settings import DATABASES

SECRET_KEY = "only-for-tests"  # noqa: S105
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
CELERY_BROKER_URL = "memory://"
DATABASES["default"]["CONN_MAX_AGE"] = 0
WHITENOISE_AUTOREFRESH = True
# A key in the shell that runs the tests must not reach a test.
LLM_PROVIDER = LLM_MODEL = LLM_BASE_URL = ""
LLM_KEYS = {"anthropic": "", "openai": ""}
