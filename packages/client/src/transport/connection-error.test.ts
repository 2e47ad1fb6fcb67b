/** What an error of a socket means, also where a host has several addresses. */
import { expect, test } from 'vitest';
import { connectionError } from './connection-error.js';

test('a host with several addresses: the text has a reason for each', () => {
  const refused = (address: string): Error =>
    Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' });
  const both = new AggregateError([refused('::1:1'), refused('127.0.0.1:1')]);
  expect(connectionError(both)).toMatchObject({
    code: 'connectionRefused',
    message: 'connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1',
  });
});
