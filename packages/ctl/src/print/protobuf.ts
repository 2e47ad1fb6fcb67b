/** The answer's bytes on the wire, without a newline. */
import { fromText } from '../bytes.js';
import { ExitCode, ExitError } from '../exit.js';
import { unsupported, type Output, type Printer } from './printer.js';
import type { ResponseHeader } from '@kv/proto/kv';

/** The message objects are loaded by the commands already; these imports cost nothing more. */
interface MessageObject<T> {
  encode(message: T): { finish(): Uint8Array };
}

export async function protobufPrinter(output: Output): Promise<Printer> {
  const proto = await import('@kv/proto');
  const print = <T>(type: MessageObject<T>, message: T): void => {
    output.stdout(type.encode(message).finish());
  };
  /** What etcdctl prints of most answers about leases: their structure is no message, but the header in it is. */
  const headerOnly = (header: ResponseHeader | undefined): void => {
    print(proto.ResponseHeader, header ?? proto.ResponseHeader.create({}));
  };
  return {
    format: 'protobuf',
    get: (answer) => {
      print(proto.RangeResponse, answer);
    },
    put: (answer) => {
      print(proto.PutResponse, answer);
    },
    del: (answer) => {
      print(proto.DeleteRangeResponse, answer);
    },
    txn: (answer) => {
      print(proto.TxnResponse, answer);
    },
    watch: (answer) => {
      // etcdctl rebuilds the message from these five.
      const { header, events, compactRevision, canceled, created } = answer;
      const message = proto.WatchResponse.create({});
      print(proto.WatchResponse, {
        ...message,
        header,
        events,
        compactRevision,
        canceled,
        created,
      });
    },
    leaseGrant: ({ header }) => {
      headerOnly(header);
    },
    leaseRevoke: (_id, answer) => {
      const header = answer.header === undefined ? '' : fromText(goHeader(answer.header));
      throw new ExitError(
        ExitCode.badFeature,
        `marshal unsupported for type *clientv3.LeaseRevokeResponse (&{${header}})`,
      );
    },
    leaseKeepAlive: ({ header }) => {
      headerOnly(header);
    },
    leaseTimeToLive: ({ header }) => {
      headerOnly(header);
    },
    leaseList: ({ header }) => {
      headerOnly(header);
    },
    memberList: (answer) => {
      print(proto.MemberListResponse, answer);
    },
    alarms: (answer) => {
      print(proto.AlarmResponse, answer);
    },
    endpointHealth: () => unsupported('protobuf'),
    endpointStatus: () => unsupported('protobuf'),
    endpointHashKV: () => unsupported('protobuf'),
    report: ({ bytes }) => {
      output.stdout(bytes());
    },
  };
}

/** Go's `%v` of a structure is internal to it; the fields are what a reader can use. */
function goHeader({ clusterId, memberId, revision, raftTerm }: ResponseHeader): string {
  return `cluster_id:${clusterId} member_id:${memberId} revision:${revision} raft_term:${raftTerm}`;
}
