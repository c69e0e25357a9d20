import { expect, test } from "bun:test";
import { checkMachO, checkPe, signMachO } from "../../tools/release/mach-o.ts";

const HEADER_BYTES = 32 + 72 + 72 + 16;
const TEXT_BYTES = 0x4000;
const CODE_BYTES = 3 * TEXT_BYTES + 100;

function program(): Uint8Array {
  const bytes = new Uint8Array(CODE_BYTES + 64).map((_, i) => i * 31);
  const view = new DataView(bytes.buffer);
  bytes.fill(0, 0, HEADER_BYTES);
  for (const [i, word] of [0xfeedfacf, 16777223, 3, 2, 3, HEADER_BYTES - 32].entries()) {
    view.setUint32(i * 4, word, true);
  }
  const segment = (at: number, from: number, size: number) => {
    view.setUint32(at, 0x19, true);
    view.setUint32(at + 4, 72, true);
    view.setBigUint64(at + 40, BigInt(from), true);
    view.setBigUint64(at + 48, BigInt(size), true);
  };
  segment(32, 0, TEXT_BYTES);
  segment(104, TEXT_BYTES, bytes.length - TEXT_BYTES);
  for (const [i, word] of [0x1d, 16, CODE_BYTES, 64].entries()) {
    view.setUint32(176 + i * 4, word, true);
  }
  return bytes;
}

test("signs a program for macOS so that every page matches its hash", () => {
  expect(() => checkMachO(program())).toThrow("no embedded signature");
  const signed = signMachO(program());
  expect(checkMachO(signed)).toEqual({ cpu: "x64", isAdHoc: true, pages: 13 });
  expect(signMachO(signed)).toEqual(signed);
  for (const at of [HEADER_BYTES, TEXT_BYTES + 5, CODE_BYTES - 1]) {
    const changed = signed.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => checkMachO(changed)).toThrow(/page \d+ differs from its signature/);
  }
  expect(() => checkMachO(signed.subarray(0, -1))).toThrow("segments end at");
});

test("rejects other files", () => {
  for (const bytes of [new Uint8Array(100), new Uint8Array(2)]) {
    expect(() => checkMachO(bytes)).toThrow();
    expect(() => checkPe(bytes)).toThrow();
  }
});
