"""Traces, where an operator wants them: one span of OpenTelemetry for each request.

The packages are an extra: `pip install 'stancelog[otel]'`. Where spans go, and how many of them, is
set by OpenTelemetry's own variables, such as OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_TRACES_SAMPLER.
"""

import os
from collections.abc import Callable
from importlib.util import find_spec
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any

from service import settings
from service.access.tokens import without_secrets
from service.telemetry.requests import ROUTE, Seen

if TYPE_CHECKING:
    from opentelemetry.trace import Span, TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

MISSING = (
    f"{settings.traces.name} is 'on', and OpenTelemetry is not installed: "
    "pip install 'stancelog[otel]'"
)


class Tracing:
    """Makes the spans of one process."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry import context, trace  # noqa: PLC0415  it is not always there
        from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415

        self._context, self._trace = context, trace
        self._tracer = provider.get_tracer("stancelog")
        self._told_by = tracecontext.TraceContextTextMapPropagator()

    def begin(self, environ: dict[str, Any]) -> Callable[[Seen], None]:
        """Begin the span of a request, within the trace that its sender tells of.

        Returns what ends it. W3C Trace Context.
        """
        told = {
            name: environ[f"HTTP_{name.upper()}"]
            for name in ("traceparent", "tracestate")
            if f"HTTP_{name.upper()}" in environ
        }
        method = environ["REQUEST_METHOD"]
        span = self._tracer.start_span(
            method,
            context=self._told_by.extract(told),
            kind=self._trace.SpanKind.SERVER,
            attributes={
                "http.request.method": method,
                "url.path": without_secrets(environ.get("PATH_INFO", "")),  # without the query
                "url.scheme": environ["wsgi.url_scheme"],
            },
        )
        token = self._context.attach(self._trace.set_span_in_context(span))

        def end(seen: Seen) -> None:
            self._context.detach(token)
            self._end(span, seen)

        return end

    def _end(self, span: "Span", seen: Seen) -> None:
        span.set_attribute("http.response.status_code", seen.status)
        span.set_attribute("stancelog.request_id", without_secrets(seen.id))
        if ROUTE in seen.environ:
            span.set_attribute("http.route", seen.environ[ROUTE])
            span.update_name(f"{seen.environ['REQUEST_METHOD']} {seen.environ[ROUTE]}")
        if seen.status >= 500:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end()


def are_wanted() -> bool:
    """Tell whether spans are made, as it is set. Raises SettingError."""
    wanted = settings.traces()
    is_there = find_spec("opentelemetry") and find_spec("opentelemetry.sdk")
    if wanted == "on" and not is_there:
        raise settings.SettingError(MISSING)
    if wanted == "auto":
        return bool(is_there) and any(os.environ.get(name) for name in ENDPOINTS)
    return wanted == "on"


def of_settings() -> Tracing | None:
    """Return what makes spans, where they are wanted. Raises SettingError."""
    return Tracing(_exporting()) if are_wanted() else None


def _exporting() -> "TracerProvider":
    """Return what sends spans on, a batch at a time, from a thread of its own."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    name = os.environ.get("OTEL_SERVICE_NAME", "stancelog")
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    # A worker ends as processes of multiprocessing do, which is not what `atexit` waits for.
    Finalize(None, provider.shutdown, exitpriority=10)
    return provider
