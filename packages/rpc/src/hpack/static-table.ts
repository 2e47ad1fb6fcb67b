/** The static table of HPACK (RFC 7541 appendix A): 61 fields that both sides know, numbered from 1. */

const fields = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`.split('\n');

export interface HeaderField {
  /** Latin1, as on the wire. */
  readonly name: string;
  readonly value: string;
}

/** Index 0 is unused on the wire; the entry there keeps numbers and positions equal. */
export const staticTable: readonly HeaderField[] = ['', ...fields].map((line) => {
  const space = line.indexOf(' ');
  return space < 0
    ? { name: line, value: '' }
    : { name: line.slice(0, space), value: line.slice(space + 1) };
});

export const staticTableLength: number = staticTable.length - 1;
