/** Search modules on a memory of their own. */

import type { FindNext } from "../../../src/io/disk/line-matcher.ts";

const PAGE_BYTES = 64 << 10;
const memory = new WebAssembly.Memory({ initial: 8 });

/** Returns the function of a search module that searches these bytes, followed by `after`. */
export function finderOf(module: Uint8Array<ArrayBuffer>, bytes: Uint8Array, after = 0): FindNext {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), {
    memory: { bytes: memory },
  });
  const searched = new Uint8Array(memory.buffer, PAGE_BYTES);
  searched.fill(after);
  searched.set(bytes);
  const { find } = instance.exports as { readonly find: (from: number, to: number) => number };
  return (from) => find(from, bytes.length);
}
