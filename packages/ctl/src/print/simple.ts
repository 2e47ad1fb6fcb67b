/** The format for people: values as they are, one sentence for most other things. */
import type { KeyValue, ResponseOp } from '@kv/proto/kv';
import { fromBytes, type ByteString } from '../bytes.js';
import { hashRows, memberRows, statusRows, type Rows } from './rows.js';
import type { Output, Printer, PrintOptions } from './printer.js';
import { alarmName, eventName, hexBytes, leaseHex } from './text.js';

export function simplePrinter(options: PrintOptions, output: Output): Printer {
  const line = (text: ByteString): void => {
    output.stdout(`${text}\n`);
  };
  const bytes = (value: Uint8Array): ByteString =>
    options.hex ? hexBytes(value) : fromBytes(value);
  const pair = (kv: KeyValue | undefined, valueOnly = false): ByteString => {
    const value = `${bytes(kv?.value ?? empty)}\n`;
    return valueOnly ? value : `${bytes(kv?.key ?? empty)}\n${value}`;
  };
  const rows = ({ rows: list }: Rows): void => {
    output.stdout(list.map((cells) => `${cells.join(', ')}\n`).join(''));
  };

  const operation = (op: ResponseOp): void => {
    switch (op.response?.$case) {
      case 'responseRange':
        printer.get(op.response.value, false);
        return;
      case 'responsePut':
        printer.put(op.response.value);
        return;
      case 'responseDeleteRange':
        printer.del(op.response.value);
        return;
      case 'responseTxn':
      case undefined:
        line(`unexpected response ${op.response?.$case ?? ''}`);
        return;
    }
  };

  const printer: Printer = {
    format: 'simple',
    get: (answer, valueOnly) => {
      output.stdout(answer.kvs.map((kv) => pair(kv, valueOnly)).join(''));
    },
    put: (answer) => {
      output.stdout(answer.prevKv === undefined ? 'OK\n' : `OK\n${pair(answer.prevKv)}`);
    },
    del: (answer) => {
      output.stdout(`${answer.deleted}\n${answer.prevKvs.map((kv) => pair(kv)).join('')}`);
    },
    txn: (answer) => {
      line(answer.succeeded ? 'SUCCESS' : 'FAILURE');
      for (const op of answer.responses) {
        line('');
        operation(op);
      }
    },
    watch: (answer) => {
      for (const { type, kv, prevKv } of answer.events) {
        const before = prevKv === undefined ? '' : pair(prevKv);
        output.stdout(`${eventName(type)}\n${before}${pair(kv)}`);
      }
    },
    leaseGrant: (answer) => {
      line(`lease ${leaseHex(answer.ID)} granted with TTL(${answer.TTL}s)`);
    },
    leaseRevoke: (id) => {
      line(`lease ${leaseHex(id)} revoked`);
    },
    leaseKeepAlive: (answer) => {
      line(`lease ${leaseHex(answer.ID)} keepalived with TTL(${answer.TTL})`);
    },
    leaseTimeToLive: (answer, withKeys) => {
      const { ID, TTL, grantedTTL } = answer;
      if (grantedTTL === 0n && TTL === -1n) {
        line(`lease ${leaseHex(ID)} already expired`);
        return;
      }
      const keys = `, attached keys([${answer.keys.map(fromBytes).join(' ')}])`;
      line(
        `lease ${leaseHex(ID)} granted with TTL(${grantedTTL}s), remaining(${TTL}s)${withKeys ? keys : ''}`,
      );
    },
    leaseList: (answer) => {
      const ids = answer.leases.map(({ ID }) => `${leaseHex(ID)}\n`).join('');
      output.stdout(`found ${answer.leases.length} leases\n${ids}`);
    },
    memberList: (answer) => {
      rows(memberRows(answer));
    },
    alarms: (answer) => {
      for (const { memberID, alarm } of answer.alarms) {
        line(`memberID:${memberID} alarm:${alarmName(alarm)}`);
      }
    },
    endpointHealth: (list) => {
      for (const { endpoint, took, error } of list) {
        if (error === '') {
          line(`${endpoint} is healthy: successfully committed proposal: took = ${took}`);
        } else {
          output.stderr(`${endpoint} is unhealthy: failed to commit proposal: ${error}\n`);
        }
      }
    },
    endpointStatus: (list) => {
      rows(statusRows(list));
    },
    endpointHashKV: (list) => {
      rows(hashRows(list));
    },
  };
  return printer;
}

const empty = new Uint8Array(0);
