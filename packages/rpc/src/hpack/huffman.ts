/**
 * Huffman decoding of header strings (RFC 7541 §5.2 and appendix B), four bits at a time by a state machine that is built once.
 * A server decodes only: what it sends itself is short and sent plain.
 */

/**
 * Lengths in bits of the codes of bytes 0 to 255, then of the end of string. The code is canonical (shorter codes first, then
 * by symbol), so the lengths say it all.
 */
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5,
  6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6,
  7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
  23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22,
  22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
  23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27,
  27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25,
  24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const endOfString = 256;
const lengthMax = 30;

/** A node of the code tree; leaves carry a symbol. */
interface TreeNode {
  readonly children: [TreeNode | undefined, TreeNode | undefined];
  symbol: number;
  /** Number of this inner node as a state of the machine; -1 in leaves. */
  state: number;
  /** Whether the bits from the root to here may pad the last byte: at most seven, all ones. */
  mayEnd: boolean;
}

function buildTree(): { readonly root: TreeNode; readonly inner: readonly TreeNode[] } {
  const inner: TreeNode[] = [];
  const makeInner = (mayEnd: boolean): TreeNode => {
    const node: TreeNode = {
      children: [undefined, undefined],
      symbol: -1,
      state: inner.length,
      mayEnd,
    };
    inner.push(node);
    return node;
  };
  const root = makeInner(true);
  let code = 0;
  for (let length = 1; length <= lengthMax; length += 1) {
    code *= 2;
    for (let symbol = 0; symbol <= endOfString; symbol += 1) {
      if (codeLengths[symbol] !== length) continue;
      let node = root;
      for (let bit = length - 1; bit > 0; bit -= 1) {
        const side = (code >>> bit) & 1;
        const depth = length - bit;
        const allOnes = code >>> bit === 2 ** depth - 1;
        node = node.children[side] ??= makeInner(allOnes && depth < 8);
      }
      node.children[code & 1] = {
        children: [undefined, undefined],
        symbol,
        state: -1,
        mayEnd: false,
      };
      code += 1;
    }
  }
  return { root, inner };
}

const FAIL = -1;
const NO_SYMBOL = 0xffff;

/** For state s and nibble n at `16 * s + n`: the next state (or FAIL), and the symbol that became complete on the way, if any. */
interface Machine {
  readonly next: Int16Array;
  readonly symbol: Uint16Array;
  /** By state: whether a string may end here. */
  readonly mayEnd: Uint8Array;
}

function buildMachine(): Machine {
  const { root, inner } = buildTree();
  const machine: Machine = {
    next: new Int16Array(inner.length * 16),
    symbol: new Uint16Array(inner.length * 16).fill(NO_SYMBOL),
    mayEnd: Uint8Array.from(inner, (node) => (node.mayEnd ? 1 : 0)),
  };
  for (const start of inner) {
    for (let nibble = 0; nibble < 16; nibble += 1) {
      let node: TreeNode | undefined = start;
      // The shortest code has five bits, so four bits complete at most one symbol.
      for (let bit = 3; bit >= 0 && node !== undefined; bit -= 1) {
        node = node.children[(nibble >>> bit) & 1];
        if (node === undefined || node.state >= 0) continue;
        if (node.symbol === endOfString) {
          node = undefined;
        } else {
          machine.symbol[start.state * 16 + nibble] = node.symbol;
          node = root;
        }
      }
      machine.next[start.state * 16 + nibble] = node?.state ?? FAIL;
    }
  }
  return machine;
}

const machine = buildMachine();
let scratch = Buffer.allocUnsafe(1024);

/** Decodes `bytes[start, end)` to latin1; undefined when it is not a valid code (also: wrong or too long padding). */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number): string | undefined {
  // Every symbol takes at least five bits.
  const lengthBound = Math.ceil(((end - start) * 8) / 5);
  if (scratch.length < lengthBound) scratch = Buffer.allocUnsafe(lengthBound);
  const { next, symbol, mayEnd } = machine;
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    for (let shift = 4; shift >= 0; shift -= 4) {
      const cell = state * 16 + ((byte >>> shift) & 15);
      const complete = symbol[cell] ?? NO_SYMBOL;
      if (complete !== NO_SYMBOL) scratch[length++] = complete;
      state = next[cell] ?? FAIL;
      if (state === FAIL) return undefined;
    }
  }
  return mayEnd[state] === 1 ? scratch.toString('latin1', 0, length) : undefined;
}
