/** The few calls that these tests make, by an independent gRPC library. */
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import {
  AlarmRequest,
  AlarmResponse,
  CompactionRequest,
  CompactionResponse,
  HashKVRequest,
  HashKVResponse,
  MemberAddRequest,
  MemberAddResponse,
  MemberListRequest,
  MemberListResponse,
  MemberPromoteRequest,
  MemberPromoteResponse,
  MemberRemoveRequest,
  MemberRemoveResponse,
  MemberUpdateRequest,
  MemberUpdateResponse,
  MoveLeaderRequest,
  MoveLeaderResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  StatusRequest,
  StatusResponse,
  WatchRequest,
  WatchResponse,
  codecOf,
} from '@kv/proto';
import type { AlarmMember, Member, MessageType } from '@kv/proto';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);

function coders<T>(type: MessageType<T>): {
  readonly serialize: (message: T) => Buffer;
  readonly deserialize: (wire: Buffer) => T;
} {
  const codec = codecOf(type);
  return {
    serialize: (message) => Buffer.from(codec.encode(message)),
    deserialize: (wire) => codec.decode(wire),
  };
}

export class TestClient {
  readonly address: string;
  readonly #client: Client;

  /** Encrypted when there are authorities that vouch for the server, in PEM; its certificate must be that of `localhost`. */
  constructor(address: string, authorities?: Buffer) {
    this.address = address;
    const how =
      authorities === undefined ? credentials.createInsecure() : credentials.createSsl(authorities);
    this.#client = new Client(address, how, {
      'grpc.use_local_subchannel_pool': 1,
      // Node 26 refuses the address that grpc-js would send as the server's name.
      ...(authorities === undefined ? {} : { 'grpc.ssl_target_name_override': 'localhost' }),
    });
  }

  /** The revision of the answer. */
  async put(key: string, value: string, deadlineMs = 10_000): Promise<bigint> {
    const request = PutRequest.fromPartial({ key: bytes(key), value: bytes(value) });
    const response = await this.#unary('Put', PutRequest, PutResponse, request, 'KV', deadlineMs);
    return response.header?.revision ?? 0n;
  }

  /** undefined when there is no such key. */
  async get(key: string): Promise<string | undefined> {
    const request = RangeRequest.fromPartial({ key: bytes(key) });
    const response = await this.#unary('Range', RangeRequest, RangeResponse, request);
    const value = response.kvs[0]?.value;
    return value === undefined ? undefined : text(value);
  }

  /** Drops all history before now. */
  async compact(): Promise<void> {
    const { revision } = await this.hash();
    const request = CompactionRequest.fromPartial({ revision });
    await this.#unary('Compact', CompactionRequest, CompactionResponse, request);
  }

  /** Of everything that the member holds, and the revision that it holds it at. */
  async hash(): Promise<{ readonly hash: number; readonly revision: bigint }> {
    const response = await this.#unary(
      'HashKV',
      HashKVRequest,
      HashKVResponse,
      HashKVRequest.fromPartial({}),
      'Maintenance',
    );
    return { hash: response.hash, revision: response.header?.revision ?? 0n };
  }

  /** Those in force, as this member knows them. */
  async alarms(): Promise<readonly AlarmMember[]> {
    const called = ['Alarm', AlarmRequest, AlarmResponse] as const;
    const request = AlarmRequest.fromPartial({});
    return (await this.#unary(...called, request, 'Maintenance')).alarms;
  }

  /** Whether this member leads. */
  async leads(): Promise<boolean> {
    const request = StatusRequest.fromPartial({});
    const response = await this.#unary(
      'Status',
      StatusRequest,
      StatusResponse,
      request,
      'Maintenance',
    );
    return response.leader !== 0n && response.leader === response.header?.memberId;
  }

  /** Who answers. */
  async self(): Promise<{ readonly id: bigint }> {
    const called = ['Status', StatusRequest, StatusResponse] as const;
    const request = StatusRequest.fromPartial({});
    const { header } = await this.#unary(...called, request, 'Maintenance');
    return { id: header?.memberId ?? 0n };
  }

  /** A watch on one key; resolves when the server has confirmed it. */
  async watch(key: string): Promise<ClientDuplexStream<WatchRequest, WatchResponse>> {
    const stream = this.#client.makeBidiStreamRequest(
      '/etcdserverpb.Watch/Watch',
      coders(WatchRequest).serialize,
      coders(WatchResponse).deserialize,
      new Metadata(),
    );
    stream.on('error', () => undefined);
    const created = new Promise((resolve) => stream.once('data', resolve));
    stream.write(
      WatchRequest.fromPartial({
        requestUnion: { $case: 'createRequest', value: { key: bytes(key) } },
      }),
    );
    await created;
    return stream;
  }

  /** All members, as of now. */
  async members(): Promise<readonly Member[]> {
    const request = MemberListRequest.fromPartial({ linearizable: true });
    const called = ['MemberList', MemberListRequest, MemberListResponse] as const;
    return (await this.#unary(...called, request, 'Cluster')).members;
  }

  /** The id of the new member. */
  async addMember(peerUrl: string, isLearner = false): Promise<bigint> {
    const request = MemberAddRequest.fromPartial({ peerURLs: [peerUrl], isLearner });
    const called = ['MemberAdd', MemberAddRequest, MemberAddResponse] as const;
    return (await this.#unary(...called, request, 'Cluster')).member?.ID ?? 0n;
  }

  async promoteMember(ID: bigint): Promise<void> {
    const request = MemberPromoteRequest.fromPartial({ ID });
    const called = ['MemberPromote', MemberPromoteRequest, MemberPromoteResponse] as const;
    await this.#unary(...called, request, 'Cluster');
  }

  async updateMember(ID: bigint, peerUrl: string): Promise<void> {
    const request = MemberUpdateRequest.fromPartial({ ID, peerURLs: [peerUrl] });
    const called = ['MemberUpdate', MemberUpdateRequest, MemberUpdateResponse] as const;
    await this.#unary(...called, request, 'Cluster');
  }

  async removeMember(ID: bigint): Promise<void> {
    const request = MemberRemoveRequest.fromPartial({ ID });
    const called = ['MemberRemove', MemberRemoveRequest, MemberRemoveResponse] as const;
    await this.#unary(...called, request, 'Cluster');
  }

  async moveLeader(targetID: bigint): Promise<void> {
    const request = MoveLeaderRequest.fromPartial({ targetID });
    const called = ['MoveLeader', MoveLeaderRequest, MoveLeaderResponse] as const;
    await this.#unary(...called, request, 'Maintenance');
  }

  close(): void {
    this.#client.close();
  }

  #unary<Q, R>(
    method: string,
    requestType: MessageType<Q>,
    responseType: MessageType<R>,
    request: Q,
    service = 'KV',
    deadlineMs = 10_000,
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        `/etcdserverpb.${service}/${method}`,
        coders(requestType).serialize,
        coders(responseType).deserialize,
        request,
        new Metadata(),
        { deadline: Date.now() + deadlineMs },
        (error: ServiceError | null, response?: R) => {
          if (error !== null || response === undefined) reject(error ?? new Error('no response'));
          else resolve(response);
        },
      );
    });
  }
}
