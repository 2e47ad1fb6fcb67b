/**
 * Goal: the descriptors name every method of etcd with its path, direction and messages, and types follow from them. Method:
 * compare with the listing of the real packages; a typed wrapper must compile.
 */
import { expect, expectTypeOf, it } from 'vitest';
import { PutRequest, kvService, methodsByPath, services } from '../src/index.js';
import type {
  LeaseKeepAliveResponse,
  MethodDescriptor,
  PutResponse,
  RangeStreamResponse,
  RequestOf,
  ResponseOf,
  ServiceDescriptor,
  UnaryMethod,
} from '../src/index.js';
import { referenceLines } from './reference.js';

it('has all methods of etcd v3.7.1, with their kinds and messages', () => {
  const ours = [...methodsByPath.values()].map(
    (m) => `method ${m.path} ${m.kind} ${m.request.name} ${m.response.name}`,
  );
  const theirs = referenceLines('descriptors.txt').filter((line) => line.startsWith('method '));
  expect(theirs).toHaveLength(52);
  expect(ours.sort()).toEqual(theirs.sort());
});

it('is called by the name of the method in lower camel case', () => {
  const all: readonly ServiceDescriptor[] = Object.values(services);
  for (const service of all) {
    for (const [key, descriptor] of Object.entries(service)) {
      expect(key).toBe(descriptor.name.replace(/^./, (first) => first.toLowerCase()));
      expect(descriptor.path).toBe(`/${descriptor.service}/${descriptor.name}`);
    }
  }
});

it('carries the types of its messages into a wrapper', () => {
  const unary = <Q, P>(descriptor: UnaryMethod<Q, P>, request: Q): P =>
    descriptor.response.decode(descriptor.request.encode(request).subarray(0, 0));
  const response = unary(kvService.put, PutRequest.create({ key: new Uint8Array([1]) }));
  expectTypeOf(response).toEqualTypeOf<PutResponse>();
  expectTypeOf<RequestOf<typeof services.kv.put>>().toEqualTypeOf<PutRequest>();
  expectTypeOf<ResponseOf<typeof services.kv.rangeStream>>().toEqualTypeOf<RangeStreamResponse>();
  expectTypeOf<
    ResponseOf<typeof services.lease.leaseKeepAlive>
  >().toEqualTypeOf<LeaseKeepAliveResponse>();
  expectTypeOf(kvService.rangeStream.kind).toEqualTypeOf<'serverStream'>();
  expectTypeOf(services.watch.watch).toExtend<MethodDescriptor>();
  expect(response).toEqual({ header: undefined, prevKv: undefined });
});
