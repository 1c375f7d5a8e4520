"""Why a telemetry source did not answer. Adapters raise these; ``ask`` turns them into results."""


class TelemetryError(Exception):
    """A source could not answer. ``retryable`` says whether asking again may help."""

    retryable = False


class SourceUnavailable(TelemetryError):
    """The source refused the connection, or broke off."""

    retryable = True


class QueryTimeout(TelemetryError):
    """The source did not answer within the query's deadline."""

    retryable = True


class QueryRejected(TelemetryError):
    """The source understood the query and refused it, or its answer was not readable."""


class NotAuthorised(TelemetryError):
    """The credential is missing a permission. The message names it where the source says so."""
