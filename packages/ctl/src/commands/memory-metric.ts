/** The memory that a member's process holds, from its metrics page. */
import { Agent, get, type RequestOptions } from 'node:https';
import { get as getPlain } from 'node:http';
import { fromText, toText, type ByteString } from '../bytes.js';
import type { ClientConfig } from '../global/config.js';
import { readPem } from '../global/config.js';
import type { Io } from '../io.js';

const metric = 'process_resident_memory_bytes';
/** A page of metrics is some hundred kilobytes. */
const pageBytesMax = 64 * 1024 * 1024;

/** Of the first endpoint. Undefined, and a line on stdout, when it cannot be read. */
export async function residentBytes(config: ClientConfig, io: Io): Promise<number | undefined> {
  const result = await readMetric(config);
  if (typeof result === 'number') return result === 0 ? undefined : result;
  io.stdout(`${result}\n`);
  return undefined;
}

/** The number of bytes, or what is wrong. */
async function readMetric(config: ClientConfig): Promise<number | ByteString> {
  const [endpoint = ''] = config.endpoints;
  const url = `${/^https?:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`}/metrics`;
  let page: string;
  try {
    page = await fetchPage(url, config);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `fetch error: Get "${url}": ${fromText(reason)}`;
  }
  const line = page.split('\n').find((text) => text.startsWith(metric));
  if (line === undefined) return `could not find: ${metric}`;
  const text = line.slice(metric.length).trim();
  const bytes = Number(text);
  if (!Number.isNaN(bytes)) return bytes;
  return `parse error: strconv.ParseFloat: parsing "${text}": invalid syntax`;
}

async function fetchPage(url: ByteString, config: ClientConfig): Promise<string> {
  const { tls } = config;
  const isSecure = url.startsWith('https://');
  const agent = new Agent({
    ...(tls.cert === '' ? {} : { cert: Buffer.from(await readPem(tls.cert)) }),
    ...(tls.key === '' ? {} : { key: Buffer.from(await readPem(tls.key)) }),
    ...(tls.cacert === '' ? {} : { ca: Buffer.from(await readPem(tls.cacert)) }),
    rejectUnauthorized: !tls.insecureSkipVerify,
  });
  const options: RequestOptions = isSecure ? { agent } : {};
  return new Promise((resolve, reject) => {
    const request = (isSecure ? get : getPlain)(toText(url), options, (response) => {
      let page = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        page += chunk;
        if (page.length > pageBytesMax) request.destroy(new Error('the page is too long'));
      });
      response.on('end', () => {
        resolve(page);
      });
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
