/**
 * Hooks that make spans and metrics with the OpenTelemetry API that the application hands in: `hooks: openTelemetryHooks(api)` with
 * `import * as api from '@opentelemetry/api'`. Names are those of the semantic conventions for gRPC.
 */
import { KvError } from './errors.js';
import type { ClientHooks, RequestInfo, ResponseInfo } from './hooks.js';

export type Attributes = Record<string, string | number>;

/** What we need of a span. */
export interface OpenTelemetrySpan {
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  recordException(error: Error): void;
  addEvent(name: string, attributes?: Attributes): unknown;
  end(): void;
}

/** What we need of the API: the module itself fits. `Context` is its own type. */
export interface OpenTelemetryApi<Context, Span extends OpenTelemetrySpan> {
  readonly context: { active(): Context };
  readonly trace: {
    getTracer(name: string): {
      startSpan(
        name: string,
        options: { kind: number; attributes: Attributes },
        context: Context,
      ): Span;
    };
    setSpan(context: Context, span: Span): Context;
  };
  readonly propagation: { inject(context: Context, carrier: Record<string, string>): void };
  readonly metrics: {
    getMeter(name: string): {
      createHistogram(
        name: string,
        options: { unit: string; description: string },
      ): { record(value: number, attributes: Attributes): void };
    };
  };
}

const libraryName = '@kv/client';
/** `SpanKind.CLIENT` and `SpanStatusCode.ERROR` of the API. */
const spanKindClient = 2;
const statusError = 2;

/** Streams make no spans, since they last for as long as the program; their ends are counted. */
export function openTelemetryHooks<Context, Span extends OpenTelemetrySpan>(
  api: OpenTelemetryApi<Context, Span>,
): ClientHooks<Span | undefined> {
  const tracer = api.trace.getTracer(libraryName);
  const durations = api.metrics.getMeter(libraryName).createHistogram('rpc.client.duration', {
    unit: 'ms',
    description: 'Time of calls, with retries.',
  });
  return {
    onRequest: (request) =>
      request.kind === 'stream' ? undefined : startSpan(api, tracer, request),
    onRetry: ({ attempt, endpoint, error }, span) => {
      span?.addEvent('retry', { attempt, endpoint: endpoint ?? '', reason: error.message });
    },
    onResponse: (response, span) => {
      const attributes = responseAttributes(response);
      durations.record(response.durationMs, attributes);
      if (span === undefined) return;
      span.setAttributes({ ...attributes, 'rpc.attempts': response.attempts });
      if (response.error !== undefined) fail(span, response.error);
      span.end();
    },
  };
}

function startSpan<Context, Span extends OpenTelemetrySpan>(
  api: OpenTelemetryApi<Context, Span>,
  tracer: ReturnType<OpenTelemetryApi<Context, Span>['trace']['getTracer']>,
  { methodPath, requestBytes, setHeader }: RequestInfo,
): Span {
  const parent = api.context.active();
  const attributes = { ...methodAttributes(methodPath), 'rpc.request.bytes': requestBytes };
  const span = tracer.startSpan(methodPath.slice(1), { kind: spanKindClient, attributes }, parent);
  const carrier: Record<string, string> = {};
  api.propagation.inject(api.trace.setSpan(parent, span), carrier);
  for (const [name, value] of Object.entries(carrier)) setHeader(name, value);
  return span;
}

function methodAttributes(methodPath: string): Attributes {
  const [, service = '', method = ''] = methodPath.split('/');
  return { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method };
}

function responseAttributes({ methodPath, endpoint, error }: ResponseInfo): Attributes {
  return {
    ...methodAttributes(methodPath),
    'server.address': endpoint ?? '',
    'rpc.grpc.status_code': error === undefined ? 0 : codeOf(error),
    ...(error instanceof KvError ? { 'error.type': error.code } : {}),
  };
}

/** What is no status of the server was given up by the caller: CANCELLED. */
function codeOf(error: unknown): number {
  return error instanceof KvError ? (error.grpcCode ?? 2) : 1;
}

function fail(span: OpenTelemetrySpan, error: unknown): void {
  const cause = error instanceof Error ? error : new Error(String(error));
  span.setStatus({ code: statusError, message: cause.message });
  span.recordException(cause);
}
