"""Every setting, grouped. Reads the environment through ``env`` only."""

from pathlib import Path
from typing import Any

import dj_database_url

from sre_workspace.embedded.paths import state_paths
from sre_workspace.embedded.postgres import DATABASE, SUPERUSER
from sre_workspace.env import (
    env_bool,
    env_float,
    env_int,
    env_list,
    env_optional_float,
    env_seconds,
    env_secret,
    env_shares,
    env_text,
)
from sre_workspace.logging import configure_logging

BASE_DIR = Path(__file__).resolve().parent.parent
STATE = state_paths()

# --- Security -----------------------------------------------------------------------------------
DEBUG = env_bool("SRE_DEBUG")
# Empty until the first ``up``: Django refuses to sign anything with an empty key.
SECRET_KEY = env_secret("SRE_SECRET_KEY")
if not SECRET_KEY and STATE.secret_key.exists():
    SECRET_KEY = STATE.secret_key.read_text(encoding="utf-8").strip()
# Loopback always: the supervisor and the lab reach the web process by it.
ALLOWED_HOSTS = [*env_list("SRE_ALLOWED_HOSTS"), "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env_list("SRE_TRUSTED_ORIGINS")
IS_BEHIND_TLS = env_bool("SRE_TLS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_BEHIND_TLS
SESSION_COOKIE_NAME = "__Host-session" if IS_BEHIND_TLS else "sre_session"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_BEHIND_TLS else "sre_csrf"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SECURE_HSTS_SECONDS = 31_536_000 if IS_BEHIND_TLS else 0
SECURE_REDIRECT_EXEMPT = [r"^healthz(/live|/ready)?$"]
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_BEHIND_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}

# --- Applications -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "csp",
    "template_partials",
    "investigations",
    "agents",
    "remediation",
    "sre_workspace",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # Before what makes bodies. Nothing secret stands beside what a stranger can make a page repeat:
    # cookies are not sent across sites, CSRF tokens are masked anew, and lengths are made random.
    "django.middleware.gzip.GZipMiddleware",
    "sre_workspace.static_files.KeptFilesMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "sre_workspace.middleware.TypedTextMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "sre_workspace.middleware.HardeningMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sre_workspace.context.viewer",
            ],
        },
    }
]
ROOT_URLCONF = "sre_workspace.urls"
ASGI_APPLICATION = "sre_workspace.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"

# --- Static files: straight from the folder, each address with its content's version --------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = STATE.root / "static"
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "sre_workspace.static_files.VersionedStaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = DEBUG

# --- Database: DATABASE_URL, or the embedded server's socket --------------------------------------
DATABASE_URL = env_secret("DATABASE_URL")
IS_DATABASE_EMBEDDED = not DATABASE_URL
if DATABASE_URL:
    DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": DATABASE,
            "USER": SUPERUSER,
            "HOST": str(STATE.postgres_sockets),
        }
    }
# Under ASGI a connection lives for one request. ``up`` lets its workers keep theirs: a restarted
# server must not leave them with a dead one, so each is checked when it is used again.
DATABASES["default"]["CONN_MAX_AGE"] = env_int("SRE_CONNECTION_SECONDS", 0)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- Redis: REDIS_URL, or the embedded Valkey's socket --------------------------------------------
REDIS_URL = env_secret("REDIS_URL")
IS_REDIS_EMBEDDED = not REDIS_URL
REDIS_URL = REDIS_URL or f"unix://{STATE.valkey_socket}?db=0"
BROKER_URL = (
    f"redis+socket://{STATE.valkey_socket}?virtual_host=0" if IS_REDIS_EMBEDDED else REDIS_URL
)
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "sre"},
    }
}

# --- Celery: ids only, late acknowledgement, Postgres decides what is lost ------------------------
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600}
CELERY_TASK_DEFAULT_QUEUE = "investigate"
CELERY_TASK_ROUTES = {"remediation.*": {"queue": "remediate"}}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "agents-open-work": {"task": "agents.run_open_work", "schedule": 5.0},
    "agents-recalibrate": {"task": "agents.recalibrate", "schedule": 3600.0},
    "remediation-open-work": {"task": "remediation.run_open_work", "schedule": 5.0},
    "investigations-housekeeping": {"task": "investigations.run_housekeeping", "schedule": 30.0},
    "investigations-notifications": {
        "task": "investigations.deliver_notifications",
        "schedule": 10.0,
    },
    "agents-scans": {"task": "agents.run_scans", "schedule": 120.0},
    "investigations-services": {"task": "investigations.refresh_services", "schedule": 20.0},
}
for _entry in CELERY_BEAT_SCHEDULE.values():
    _entry["options"] = {"expires": _entry["schedule"]}

# --- Telemetry ------------------------------------------------------------------------------------
LAB_SOCKET = env_text("SRE_LAB_SOCKET", str(STATE.lab_socket))
PROMETHEUS: dict[str, Any] = {
    "url": env_text("PROMETHEUS_URL"),
    "token": env_secret("PROMETHEUS_TOKEN"),
    "username": env_text("PROMETHEUS_USERNAME"),
    "password": env_secret("PROMETHEUS_PASSWORD"),
    "tenant": env_text("PROMETHEUS_TENANT"),
    "ca_file": env_text("PROMETHEUS_CA_FILE"),
    "mapping": env_text("PROMETHEUS_MAPPING"),
    "scrape_seconds": env_seconds("PROMETHEUS_SCRAPE_SECONDS", 15.0),
    "page_url": env_text("PROMETHEUS_PAGE_URL"),
    "databases": env_list("PROMETHEUS_DATABASES"),
}
_NAMESPACES = env_list("KUBERNETES_NAMESPACES")
KUBERNETES: dict[str, Any] = {
    # Reading: this kubeconfig, or the pod's own service account when only namespaces are given.
    "kubeconfig": env_text("KUBERNETES_KUBECONFIG"),
    "context": env_text("KUBERNETES_CONTEXT"),
    "namespaces": _NAMESPACES or ["default"],
    "is_connected": bool(_NAMESPACES or env_text("KUBERNETES_KUBECONFIG")),
    # Changing: an identity of its own, which only the remediate worker is given.
    "remediate_kubeconfig": env_text("KUBERNETES_REMEDIATE_KUBECONFIG"),
    "may_remediate_in_cluster": env_bool("KUBERNETES_REMEDIATE_IN_CLUSTER"),
}
# What an alert's investigation asks, unless it came from the lab.
_IS_LIVE = bool(PROMETHEUS["url"] or KUBERNETES["is_connected"])
TELEMETRY_DEFAULT = {"kind": "live" if _IS_LIVE else "lab"}
# What may be found, by slug, each with its title: pages name it as the agents do.
SIGNS = "agents.features.FEATURES"
TELEMETRY_DEADLINE_SECONDS = env_seconds("SRE_QUERY_DEADLINE_SECONDS", 8.0)

# --- Investigations -------------------------------------------------------------------------------
INTAKE_MAX_BYTES = 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = INTAKE_MAX_BYTES
LEASE_SECONDS = env_seconds("SRE_LEASE_SECONDS", 15.0)
CRASH_AT = env_text("SRE_CRASH_AT")

# --- Language model: none without a key (or a base URL of a compatible server) -------------------
LLM_PROVIDER = env_text("SRE_LLM_PROVIDER").lower()
if LLM_PROVIDER not in {"", "anthropic", "openai", "off"}:
    raise ValueError(f"SRE_LLM_PROVIDER must be anthropic, openai or off, not {LLM_PROVIDER!r}")
LLM_KEYS = {
    "anthropic": env_secret("ANTHROPIC_API_KEY"),
    "openai": env_secret("OPENAI_API_KEY"),
}
LLM_MODEL = env_text("SRE_LLM_MODEL")
LLM_BASE_URL = env_text("SRE_LLM_BASE_URL")
LLM_DEADLINE_SECONDS = env_seconds("SRE_LLM_DEADLINE_SECONDS", 30.0)
LLM_MAX_TOKENS_PER_RUN = env_int("SRE_LLM_MAX_TOKENS_PER_RUN", 100_000)
LLM_MAX_COST_PER_RUN_CENTS = env_float("SRE_LLM_MAX_COST_PER_RUN_CENTS", 50.0)
LLM_INPUT_PRICE_CENTS = env_optional_float("SRE_LLM_INPUT_PRICE_CENTS")
LLM_OUTPUT_PRICE_CENTS = env_optional_float("SRE_LLM_OUTPUT_PRICE_CENTS")

# --- Remediation ----------------------------------------------------------------------------------
APPROVAL_EXPIRY_SECONDS = env_seconds("SRE_APPROVAL_EXPIRY_SECONDS", 1800.0)
EXECUTION_EXPIRY_SECONDS = env_seconds("SRE_EXECUTION_EXPIRY_SECONDS", 900.0)
VERIFY_SETTLE_SECONDS = env_seconds("SRE_VERIFY_SETTLE_SECONDS", 12.0)
VERIFY_SAMPLES = env_int("SRE_VERIFY_SAMPLES", 10)
# At the least: a source with samples further apart is asked in steps of its own.
VERIFY_STEP_SECONDS = env_seconds("SRE_VERIFY_STEP_SECONDS", 2.0)
EXECUTOR_DEADLINE_SECONDS = env_seconds("SRE_EXECUTOR_DEADLINE_SECONDS", 30.0)
COOLDOWN_SECONDS = env_seconds("SRE_COOLDOWN_SECONDS", 900.0)
# Percent: the diagnosis, the sources that answered, the track record, likeness to past incidents.
ASSURANCE_WEIGHTS = env_shares("SRE_ASSURANCE_WEIGHTS", "35/25/25/15")
ASSURANCE_GATE = 0.90
if max(ASSURANCE_WEIGHTS) >= ASSURANCE_GATE or len(ASSURANCE_WEIGHTS) != 4:
    raise ValueError("SRE_ASSURANCE_WEIGHTS needs four shares, none of which is enough alone.")

# --- Notifications --------------------------------------------------------------------------------
# Address under which people open the pages, for links in messages; without it only paths are sent.
PUBLIC_URL = (env_text("SRE_PUBLIC_URL") or next(iter(CSRF_TRUSTED_ORIGINS), "")).rstrip("/")
EMAIL_HOST = env_text("SRE_SMTP_HOST")
EMAIL_PORT = env_int("SRE_SMTP_PORT", 587)
EMAIL_HOST_USER = env_text("SRE_SMTP_USERNAME")
EMAIL_HOST_PASSWORD = env_secret("SRE_SMTP_PASSWORD")
EMAIL_SECURITY = env_text("SRE_SMTP_SECURITY", "starttls").lower()
if EMAIL_SECURITY not in {"starttls", "tls", "none"}:
    raise ValueError(f"SRE_SMTP_SECURITY must be starttls, tls or none, not {EMAIL_SECURITY!r}")
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_SECURITY == "starttls", EMAIL_SECURITY == "tls"
EMAIL_TIMEOUT = 6
DEFAULT_FROM_EMAIL = env_text("SRE_SMTP_FROM")
EMAIL_DOMAINS = [domain.lower() for domain in env_list("SRE_SMTP_DOMAINS")]
VAPID = {
    "private_key": env_secret("SRE_VAPID_PRIVATE_KEY"),
    "subject": env_text("SRE_VAPID_SUBJECT") or f"mailto:{DEFAULT_FROM_EMAIL or 'root@localhost'}",
}

LOGGING_CONFIG = None
configure_logging(level=env_text("SRE_LOG_LEVEL", "INFO"))
CSRF_FAILURE_VIEW = "sre_workspace.views.csrf_failed"
