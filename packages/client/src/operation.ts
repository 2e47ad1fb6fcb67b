/** What transactions consist of: conditions and operations as plain data, and the types of their results. */
import type { Bytes, KeySelector, LeaseReference } from './data.js';
import type { KeyValue } from './key-value.js';

export interface ReadOptions {
  /** Read at this revision instead of the newest. */
  readonly revision?: number;
  /** At most so many pairs. */
  readonly limit?: number;
  /** Answer from the member at hand, which may be behind. Default false: linearizable. */
  readonly serializable?: boolean;
  readonly keysOnly?: boolean;
  /** Default: ascending by key. */
  readonly order?: 'ascending' | 'descending';
  readonly sortBy?: 'key' | 'version' | 'createRevision' | 'modRevision' | 'value';
  /** Bounds of revisions, inclusive; pairs outside are left out (but counted). */
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
}

export interface WriteOptions {
  readonly lease?: LeaseReference;
  readonly prevKv?: boolean;
  /** Keep the key's value, or its lease; the key must exist. With `ignoreValue` the given value is not looked at. */
  readonly ignoreValue?: boolean;
  readonly ignoreLease?: boolean;
}

export interface RemoveOptions {
  readonly prevKv?: boolean;
}

export interface GetResult<Value = Uint8Array> {
  /** Of the store when it was read. */
  readonly revision: number;
  readonly kvs: readonly KeyValue<Value>[];
  /** Keys in the range, also beyond `limit`. */
  readonly count: number;
  /** Whether `limit` left pairs out. */
  readonly more: boolean;
}

export interface PutResult<Value = Uint8Array> {
  /** At which the put took effect. */
  readonly revision: number;
  readonly prevKv: KeyValue<Value> | undefined;
}

export interface DeleteResult<Value = Uint8Array> {
  readonly revision: number;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue<Value>[];
}

/** A condition of a transaction. For several keys: each must fulfil it. A key that does not exist has 0 for everything, and no value. */
export interface Condition<Input = Bytes> {
  readonly key: KeySelector;
  readonly target: 'version' | 'createRevision' | 'modRevision' | 'value' | 'lease';
  readonly op: Relation;
  /** A revision or version, a value, or a lease, as the target says. */
  readonly operand: number | Input | LeaseReference;
}
export type Relation = '=' | '!=' | '<' | '>';

export interface PutOperation<Input = Bytes> {
  readonly type: 'put';
  readonly key: Bytes;
  readonly value: Input;
  readonly options?: WriteOptions;
}
export interface GetOperation {
  readonly type: 'get';
  readonly keys: KeySelector;
  readonly options?: ReadOptions;
}
export interface FindOperation {
  readonly type: 'find';
  readonly key: Bytes;
  readonly options?: ReadOptions;
}
export interface DeleteOperation {
  readonly type: 'delete';
  readonly keys: KeySelector;
  readonly options?: RemoveOptions;
}
/** A transaction in a transaction. Its conditions look at the state before the outermost one. */
export interface NestedOperation<
  Input = Bytes,
  Then extends Operations<Input> = Operations<Input>,
  Else extends Operations<Input> = Operations<Input>,
> extends Transaction<Input, Then, Else> {
  readonly type: 'txn';
}

export type Operation<Input = Bytes> =
  PutOperation<Input> | GetOperation | FindOperation | DeleteOperation | NestedOperation<Input>;
export type Operations<Input = Bytes> = readonly Operation<Input>[];

export interface Transaction<
  Input = Bytes,
  Then extends readonly unknown[] = Operations<Input>,
  Else extends readonly unknown[] = Operations<Input>,
> {
  /** All must hold for `then`; otherwise `else`. */
  readonly if?: readonly Condition<Input>[];
  readonly then?: Then;
  readonly else?: Else;
}

/** The result of one operation. */
export type ResultOf<Op, Value> = Op extends { readonly type: 'put' }
  ? { readonly type: 'put' } & PutResult<Value>
  : Op extends { readonly type: 'get' }
    ? { readonly type: 'get' } & GetResult<Value>
    : Op extends { readonly type: 'find' }
      ? KeyValue<Value> | undefined
      : Op extends { readonly type: 'delete' }
        ? { readonly type: 'delete' } & DeleteResult<Value>
        : Op extends NestedOperation<infer _Input, infer Then, infer Else>
          ? { readonly type: 'txn' } & Outcomes<Then, Else, Value>
          : never;

/** The results of a list of operations: a tuple where the list is one. */
export type ResultsOf<Ops extends readonly unknown[], Value> = {
  readonly [At in keyof Ops]: ResultOf<Ops[At], Value>;
};

/** Which branch was taken, and the results of its operations. */
export type Outcomes<Then extends readonly unknown[], Else extends readonly unknown[], Value> =
  | { readonly succeeded: true; readonly results: ResultsOf<Then, Value> }
  | { readonly succeeded: false; readonly results: ResultsOf<Else, Value> };

export type TransactionResult<
  Then extends readonly unknown[] = Operations,
  Else extends readonly unknown[] = Operations,
  Value = Uint8Array,
> = { readonly revision: number } & Outcomes<Then, Else, Value>;

export function get(keys: KeySelector, options?: ReadOptions): GetOperation {
  return { type: 'get', keys, ...(options === undefined ? {} : { options }) };
}

/** The pair of one key, or undefined, as the result. */
export function find(key: Bytes, options?: ReadOptions): FindOperation {
  return { type: 'find', key, ...(options === undefined ? {} : { options }) };
}

export function put<Input>(key: Bytes, value: Input, options?: WriteOptions): PutOperation<Input> {
  return { type: 'put', key, value, ...(options === undefined ? {} : { options }) };
}

export function del(keys: KeySelector, options?: RemoveOptions): DeleteOperation {
  return { type: 'delete', keys, ...(options === undefined ? {} : { options }) };
}

/** Conditions: `when.missing('a')`, `when.modRevision('a', '=', 7)`. */
export const when: {
  exists(key: Bytes): Condition<never>;
  missing(key: Bytes): Condition<never>;
  /** Fails for a key that does not exist, whatever the relation. */
  value<Input>(key: KeySelector, op: Relation, value: Input): Condition<Input>;
  /** Puts since the key was created. */
  version(key: KeySelector, op: Relation, version: number): Condition<never>;
  createRevision(key: KeySelector, op: Relation, revision: number): Condition<never>;
  modRevision(key: KeySelector, op: Relation, revision: number): Condition<never>;
  lease(key: KeySelector, op: Relation, lease: LeaseReference): Condition<never>;
} = {
  exists: (key) => ({ key, target: 'createRevision', op: '>', operand: 0 }),
  missing: (key) => ({ key, target: 'createRevision', op: '=', operand: 0 }),
  value: (key, op, operand) => ({ key, target: 'value', op, operand }),
  version: (key, op, operand) => ({ key, target: 'version', op, operand }),
  createRevision: (key, op, operand) => ({ key, target: 'createRevision', op, operand }),
  modRevision: (key, op, operand) => ({ key, target: 'modRevision', op, operand }),
  lease: (key, op, operand) => ({ key, target: 'lease', op, operand }),
};
