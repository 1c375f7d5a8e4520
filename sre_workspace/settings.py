"""Every setting, grouped. Reads the environment through ``env`` only."""

from pathlib import Path

from sre_workspace.env import env_bool, env_int, env_list, env_secret, env_seconds, env_text

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env_bool("SRE_DEBUG")
SECRET_KEY = env_secret("SRE_SECRET_KEY") or "set-by-up"
ALLOWED_HOSTS = env_list("SRE_ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]

INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.admin",
    "channels",
    "csp",
    "template_partials",
    "investigations",
    "agents",
    "remediation",
    "sre_workspace",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "sre_workspace",
        "USER": "postgres",
        "HOST": "",
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "sre_workspace.urls"
ASGI_APPLICATION = "sre_workspace.asgi.application"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
