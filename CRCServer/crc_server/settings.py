"""Django's settings, all of them from `crc_server.config`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crc_server.config import DatabaseUrl, read_config

CONFIG = read_config()


def _database(url: DatabaseUrl | None) -> dict[str, Any]:
    if url is None:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": CONFIG.sqlite,
            # The last connection that closes takes the write-ahead log with it, and on a full disk nobody could make
            # another: who only reads would be sent away too.
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # Two writers that both begin by reading would otherwise both fail when they come to write.
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.name,
        "USER": url.user,
        "PASSWORD": url.password,
        "HOST": url.host,
        "PORT": url.port,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # Such a database lies in memory, where what an index finds costs no more than reading on; and compiling a
        # question takes longer than answering any of ours.
        "OPTIONS": {"connect_timeout": 10, "options": "-c random_page_cost=1.1 -c jit=off"},
    }


def _bodies(bucket: str | None) -> dict[str, Any]:
    if bucket is None:
        return {"BACKEND": "crc_server.storage.FlushedStorage", "OPTIONS": {"location": str(CONFIG.bodies)}}
    # The keys, the region and the endpoint come from the environment in the way boto3 reads it.
    options = {"bucket_name": bucket, "file_overwrite": True, "default_acl": None, "querystring_auth": True}
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


SECRET_KEY = CONFIG.secret_key
DEBUG = False
ALLOWED_HOSTS = list(CONFIG.hosts)
ROOT_URLCONF = "crc_server.urls"
WSGI_APPLICATION = "crc_server.wsgi.application"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "knox",
    "crc_server.apps.CrcServerConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "crc_server.middleware.OwnHeaders",
    "crc_server.middleware.BoundedBodies",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
DATABASES = {"default": _database(CONFIG.database)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STORAGES = {
    "default": _bodies(CONFIG.bucket),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["crc_server.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["crc_server.api.parsing.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["crc_server.api.parsing.DocumentRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_RATES": {"sign_in": "30/min"},
    "EXCEPTION_HANDLER": "crc_server.api.problems.handle",
    "NUM_PROXIES": CONFIG.proxies,
    "UNAUTHENTICATED_USER": None,
}
REST_KNOX = {"TOKEN_TTL": timedelta(hours=CONFIG.token_hours), "AUTO_REFRESH": False, "TOKEN_LIMIT_PER_USER": 100}
SPECTACULAR_SETTINGS = {
    "TITLE": "CRC Database",
    "VERSION": "1",
    "DESCRIPTION": "Readings, finals and images of the colorectal-cancer CT database.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "OAS_VERSION": "3.1.0",
}

# A document is small; large files come in ranges and are streamed to disk, never held in memory.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CONFIG.is_tls
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = CONFIG.token_hours * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CONFIG.is_tls else None
SECURE_SSL_REDIRECT = CONFIG.is_tls
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if CONFIG.is_tls else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "crc_server.api.errors.csrf_failed"
CSRF_TRUSTED_ORIGINS = [f"https://{name}" for name in CONFIG.hosts] if CONFIG.is_tls else []

CRC_CLOCK = "crc_core.store.clock.utc_now"
"""What the time is: a dotted name, so that tests can move it."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # Django's own lines name paths, and with them units and readings.
    "loggers": {"django.request": {"level": "CRITICAL"}, "django.security": {"level": "CRITICAL"}},
}
