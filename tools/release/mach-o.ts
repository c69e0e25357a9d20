/** Headers of programs for macOS and Windows, and the ad hoc signature of macOS. */

import { createHash } from "node:crypto";
import { concatBytes, utf8Encode } from "../../src/base/bytes.ts";

const MACH_O_64 = 0xfeedfacf;
const CPUS: Readonly<Record<number, string>> = { 16777223: "x64", 16777228: "arm64" };
const EXECUTABLE = 2;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const EMBEDDED_SIGNATURE = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
const ADHOC_FLAG = 2;
const SHA256 = 2;

export interface MachO {
  readonly cpu: string;
  readonly isAdHoc: boolean;
  readonly pages: number;
}

/**
 * Verifies each page's hash, as the macOS kernel does when it loads the page.
 * @throws Error if the header or the signature is malformed, or a page differs
 */
export function checkMachO(bytes: Uint8Array): MachO {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== MACH_O_64) throw new Error("no 64-bit Mach-O file");
  const cpu = CPUS[view.getUint32(4, true)];
  if (cpu === undefined) throw new Error("unknown CPU");
  if (view.getUint32(12, true) !== EXECUTABLE) throw new Error("not executable");
  const { signature, linkEdit } = loadCommands(view);
  const linkEditEnd = Number(view.getBigUint64(linkEdit + 40, true)) + fileSize(view, linkEdit);
  if (linkEditEnd !== bytes.length) throw new Error(`segments end at ${linkEditEnd}`);
  return { cpu, ...checkSignature(bytes, view, view.getUint32(signature + 8, true)) };
}

function loadCommands(view: DataView) {
  let signature: number | undefined;
  let linkEdit = 0;
  let at = 32;
  for (let count = view.getUint32(16, true); count > 0; count--) {
    const command = view.getUint32(at, true);
    if (command === LC_CODE_SIGNATURE) signature = at;
    if (command === LC_SEGMENT_64 && view.getBigUint64(at + 40, true) > 0n) linkEdit = at;
    at += view.getUint32(at + 4, true);
  }
  if (signature === undefined) throw new Error("no code signature");
  return { signature, linkEdit };
}

function fileSize(view: DataView, segment: number): number {
  return Number(view.getBigUint64(segment + 48, true));
}

const IDENTIFIER = utf8Encode("chat\0");
const SIGNED_PAGE_BITS = 12;
const DIRECTORY_BYTES = 88;
const DIRECTORY_VERSION = 0x20400;
const SIGNATURE_FLAGS = 0x20002;
const MAIN_BINARY = 1n;
/** macOS maps segments in pages of 16 KiB. */
const SEGMENT_ALIGNMENT = 0x4000;

/**
 * Replaces the signature with an ad hoc one. Bun 1.4.4 leaves the signature of its own program in
 * programs for x64, with hashes that no longer match.
 */
export function signMachO(original: Uint8Array): Uint8Array {
  const oldView = new DataView(original.buffer, original.byteOffset, original.length);
  const { signature, linkEdit } = loadCommands(oldView);
  const codeBytes = oldView.getUint32(signature + 8, true);
  const pages = Math.ceil(codeBytes / 2 ** SIGNED_PAGE_BITS);
  const hashesAt = DIRECTORY_BYTES + IDENTIFIER.length;
  const directoryBytes = hashesAt + pages * 32;
  const signatureBytes = 20 + directoryBytes;
  const code = original.slice(0, codeBytes);
  const view = new DataView(code.buffer);
  const linkEditBytes = codeBytes + signatureBytes - Number(view.getBigUint64(linkEdit + 40, true));
  view.setUint32(signature + 12, signatureBytes, true);
  view.setBigUint64(linkEdit + 48, BigInt(linkEditBytes), true);
  const mapped = Math.ceil(linkEditBytes / SEGMENT_ALIGNMENT) * SEGMENT_ALIGNMENT;
  view.setBigUint64(linkEdit + 32, BigInt(mapped), true);

  const head = new DataView(new ArrayBuffer(20 + DIRECTORY_BYTES));
  const put = (at: number, ...words: number[]) => {
    for (const [i, word] of words.entries()) head.setUint32(at + i * 4, word);
  };
  // Index with one blob, the code directory at offset 20.
  put(0, EMBEDDED_SIGNATURE, signatureBytes, 1, 0, 20);
  put(20, CODE_DIRECTORY, directoryBytes, DIRECTORY_VERSION, SIGNATURE_FLAGS);
  put(36, hashesAt, DIRECTORY_BYTES, 0, pages, codeBytes);
  head.setUint8(56, 32);
  head.setUint8(57, SHA256);
  head.setUint8(59, SIGNED_PAGE_BITS);
  const text = textSegment(view);
  head.setBigUint64(20 + 64, view.getBigUint64(text + 40, true));
  head.setBigUint64(20 + 72, view.getBigUint64(text + 48, true));
  head.setBigUint64(20 + 80, MAIN_BINARY);
  const hashes = Array.from({ length: pages }, (_, page) => {
    const from = page * 2 ** SIGNED_PAGE_BITS;
    const content = code.subarray(from, from + 2 ** SIGNED_PAGE_BITS);
    return new Uint8Array(createHash("sha256").update(content).digest());
  });
  return concatBytes(code, new Uint8Array(head.buffer), IDENTIFIER, ...hashes);
}

function textSegment(view: DataView): number {
  let at = 32;
  for (let count = view.getUint32(16, true); count > 0; count--) {
    const isSegment = view.getUint32(at, true) === LC_SEGMENT_64;
    // The header is in the code segment, the only one with content at offset 0.
    const isFirst = isSegment && view.getBigUint64(at + 40, true) === 0n;
    if (isFirst && fileSize(view, at) > 0) return at;
    at += view.getUint32(at + 4, true);
  }
  throw new Error("no code");
}

/** All fields of a signature are big-endian. */
function checkSignature(bytes: Uint8Array, view: DataView, signatureAt: number) {
  if (view.getUint32(signatureAt) !== EMBEDDED_SIGNATURE) throw new Error("no embedded signature");
  for (let i = 0; i < view.getUint32(signatureAt + 8); i++) {
    const blob = signatureAt + view.getUint32(signatureAt + 16 + i * 8);
    if (view.getUint32(blob) === CODE_DIRECTORY) return checkPages(bytes, view, blob, signatureAt);
  }
  throw new Error("the signature has no code directory");
}

function checkPages(bytes: Uint8Array, view: DataView, blob: number, signatureAt: number) {
  const isAdHoc = (view.getUint32(blob + 12) & ADHOC_FLAG) !== 0;
  const hashesAt = blob + view.getUint32(blob + 16);
  const pages = view.getUint32(blob + 28);
  const codeBytes = view.getUint32(blob + 32);
  const [hashBytes, hashType] = [view.getUint8(blob + 36), view.getUint8(blob + 37)];
  const pageBytes = 2 ** view.getUint8(blob + 39);
  if (hashType !== SHA256 || hashBytes !== 32) throw new Error("the hashes are not SHA-256");
  if (codeBytes !== signatureAt) throw new Error(`${codeBytes} bytes are signed`);
  if (pages !== Math.ceil(codeBytes / pageBytes)) throw new Error(`${pages} pages are signed`);
  for (let page = 0; page < pages; page++) {
    const from = page * pageBytes;
    const content = bytes.subarray(from, Math.min(from + pageBytes, codeBytes));
    const hash = createHash("sha256").update(content).digest();
    const signed = bytes.subarray(hashesAt + page * hashBytes, hashesAt + (page + 1) * hashBytes);
    if (!hash.equals(signed)) throw new Error(`page ${page} differs from its signature`);
  }
  return { isAdHoc, pages };
}

const PE_X64 = 0x8664;
const PE_64 = 0x20b;
const CONSOLE = 3;
const LARGE_ADDRESS_AWARE = 0x20;

export function checkPe(bytes: Uint8Array): { readonly sections: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = view.getUint32(0x3c, true);
  if (view.getUint16(0) !== 0x4d5a || view.getUint32(at) !== 0x50450000) throw new Error("no PE");
  if (view.getUint16(at + 4, true) !== PE_X64) throw new Error("not for x64");
  if (view.getUint16(at + 24, true) !== PE_64) throw new Error("not a 64-bit program");
  if ((view.getUint16(at + 22, true) & LARGE_ADDRESS_AWARE) === 0)
    throw new Error("small addresses");
  if (view.getUint16(at + 24 + 68, true) !== CONSOLE) throw new Error("not a console program");
  const sections = view.getUint16(at + 6, true);
  const table = at + 24 + view.getUint16(at + 20, true);
  for (let i = 0; i < sections; i++) {
    const entry = table + i * 40;
    const end = view.getUint32(entry + 16, true) + view.getUint32(entry + 20, true);
    if (end > bytes.length) throw new Error(`section ${i} ends after the file`);
  }
  return { sections };
}
