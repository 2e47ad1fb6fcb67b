/** Huffman decoding of header strings (RFC 7541 §5.2, appendix B). We decode only: a client's own headers are short. */

/**
 * Length of the code of each of the 256 bytes and of end-of-string: 'a' is 5 bits, 'b' 6, and so on. The code of RFC 7541 is canonical
 * (ordered by length, then by symbol), so its lengths are all of it.
 */
const codeLengths =
  'isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhfi' +
  'bccccccccccccccccccccccdcdioijkbabababbbaccbbbabcbaabccccckgjixpr' +
  'pprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrsvvp' +
  'orsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwvz';
const lengthMin = 5;
const lengthMax = 30;
const endOfString = 256;

/** Codes of one length: the first of them, and the symbols in order of their codes. */
interface Level {
  readonly firstCode: number;
  readonly symbols: readonly number[];
}

let levels: readonly (Level | undefined)[] | undefined;

function buildLevels(): readonly (Level | undefined)[] {
  const built: (Level | undefined)[] = new Array<Level | undefined>(lengthMax + 1).fill(undefined);
  let code = 0;
  for (let length = lengthMin; length <= lengthMax; length++) {
    code <<= 1;
    const letter = String.fromCharCode(0x61 + length - lengthMin);
    const symbols: number[] = [];
    for (let at = codeLengths.indexOf(letter); at >= 0; at = codeLengths.indexOf(letter, at + 1)) {
      symbols.push(at);
    }
    built[length] = { firstCode: code, symbols };
    code += symbols.length;
  }
  return built;
}

/** The decoded text, one character per byte; undefined when the code is not valid. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string | undefined {
  levels ??= buildLevels();
  let out = '';
  let code = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1);
      length += 1;
      const level = levels[length];
      const symbol = level?.symbols[code - level.firstCode];
      if (symbol !== undefined) {
        if (symbol === endOfString) return undefined;
        out += String.fromCharCode(symbol);
        code = 0;
        length = 0;
      } else if (length >= lengthMax) return undefined;
    }
  }
  // What is left must be a prefix of end-of-string (all ones) and shorter than a byte.
  return length < 8 && code === (1 << length) - 1 ? out : undefined;
}
