/** Goal: the log says why a handshake failed as etcd's does. Method: the errors that Node reports, by what it puts into them. */
import { describe, expect, it } from 'vitest';
import { handshakeProblem } from './tls-acceptor.js';

const failure = (fields: Readonly<Record<string, string>>): Error =>
  Object.assign(new Error('as Node says it'), fields);

describe('a handshake that failed', () => {
  it.each([
    [{ code: 'ERR_SSL_HTTP_REQUEST' }, 'tls: first record does not look like a TLS handshake'],
    [{ code: 'ECONNRESET' }, 'EOF'],
    [{ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' }, 'i/o timeout'],
    [{ reason: 'tlsv1 alert unknown ca' }, 'remote error: tls: unknown certificate authority'],
    [{ reason: 'ssl/tls alert bad certificate' }, 'remote error: tls: bad certificate'],
    [{ reason: 'no shared cipher' }, 'tls: no shared cipher'],
    [{}, 'tls: as Node says it'],
  ])('%j', (fields, text) => {
    expect(handshakeProblem(failure(fields))).toBe(text);
  });
});
