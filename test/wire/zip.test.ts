import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import {
  type ZipEntry,
  zipCentral,
  zipChecksum,
  zipEnd,
  zipLocal,
  zipLocalBytes,
} from "../../src/wire/zip.ts";

const FILE: ZipEntry = {
  path: "d/ä.txt",
  sizeBytes: 3,
  mode: 0o640,
  mtime: Date.UTC(2026, 10, 20, 11, 22, 33),
  offsetMinutes: 0,
};
const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const GIB = 2 ** 30;

describe("zip archive", () => {
  test("encodes an entry as zip readers expect", () => {
    const local = view(zipLocal(FILE));
    expect(local.getUint32(0, true)).toBe(0x04034b50);
    expect(local.getUint16(6, true)).toBe(0x0808); // UTF-8 names; checksum last.
    expect(local.getUint16(8, true)).toBe(0); // Stored.
    expect(local.getUint16(10, true)).toBe((11 << 11) | (22 << 5) | 16);
    expect(local.getUint16(12, true)).toBe((46 << 9) | (11 << 5) | 20);
    expect(local.getUint32(18, true)).toBe(3);
    expect(local.getUint16(26, true)).toBe(8);
    const crc = crc32("abc");
    const tail = view(zipChecksum(FILE, crc));
    expect([tail.getUint32(4, true), tail.getUint32(8, true)]).toEqual([crc, 3]);
    const central = view(zipCentral({ entry: FILE, offset: 77, crc }));
    expect(central.getUint32(16, true)).toBe(crc);
    expect(central.getUint16(40, true)).toBe(0o100640);
    expect(central.getUint32(42, true)).toBe(77);
  });

  test("encodes a folder as an entry without content", () => {
    const folder = { ...FILE, path: "d/", sizeBytes: 0, mode: 0o755 };
    expect(view(zipLocal(folder)).getUint16(6, true)).toBe(0x0800);
    const central = view(zipCentral({ entry: folder, offset: 0, crc: 0 }));
    expect(central.getUint16(40, true)).toBe(0o040755);
    expect(central.getUint16(38, true)).toBe(0x10);
  });

  test("lets the owner enter each folder and read each file", () => {
    const modeOf = (path: string, mode: number) => {
      const entry = { ...FILE, path, mode };
      return view(zipCentral({ entry, offset: 0, crc: 0 })).getUint16(40, true);
    };
    expect(modeOf("d/", 0o666)).toBe(0o040777);
    expect(modeOf("f", 0o040)).toBe(0o100440);
  });

  test("encodes sizes above 32 bits as zip64", () => {
    const large = { ...FILE, sizeBytes: 5 * GIB };
    const local = view(zipLocal(large));
    expect(local.getUint32(18, true)).toBe(0xffffffff);
    expect(local.getBigUint64(30 + 8 + 4, true)).toBe(BigInt(5 * GIB));
    expect(zipChecksum(large, 1)).toHaveLength(24);
    const central = view(zipCentral({ entry: large, offset: 6 * GIB, crc: 1 }));
    expect(central.getUint32(42, true)).toBe(0xffffffff);
    const extra = 46 + 8;
    expect(central.getUint16(extra + 2, true)).toBe(24);
    expect(central.getBigUint64(extra + 20, true)).toBe(BigInt(6 * GIB));
    const end = zipEnd({ entries: 70_000, offset: 7 * GIB, sizeBytes: 100 });
    expect(end).toHaveLength(56 + 20 + 22);
    expect(view(end).getBigUint64(32, true)).toBe(70_000n);
    expect(view(end).getBigUint64(48, true)).toBe(BigInt(7 * GIB));
    expect(view(end).getBigUint64(64, true)).toBe(BigInt(7 * GIB + 100));
    expect(zipEnd({ entries: 3, offset: 100, sizeBytes: 100 })).toHaveLength(22);
  });

  test("clamps times to the range of zip", () => {
    const date = (mtime: number) => view(zipLocal({ ...FILE, mtime })).getUint16(12, true) >> 9;
    expect([date(0), date(8e15)]).toEqual([0, 127]);
  });

  test("writes the local time with the offset, and UTC in the extended timestamp", () => {
    const local = view(zipLocal({ ...FILE, offsetMinutes: 7 * 60 }));
    expect(local.getUint16(10, true)).toBe((18 << 11) | (22 << 5) | 16);
    const extra = 30 + 8;
    expect([local.getUint16(28, true), local.byteLength]).toEqual([9, extra + 9]);
    expect([local.getUint16(extra, true), local.getUint16(extra + 2, true)]).toEqual([0x5455, 5]);
    expect(local.getUint8(extra + 4)).toBe(1);
    expect(local.getUint32(extra + 5, true)).toBe(FILE.mtime / 1000);
    const central = view(zipCentral({ entry: FILE, offset: 0, crc: 0 }));
    expect([central.getUint16(30, true), central.getUint16(46 + 8, true)]).toEqual([9, 0x5455]);
    expect(central.getUint32(46 + 8 + 5, true)).toBe(FILE.mtime / 1000);
  });

  test("writes timestamps only where all tools read the same time", () => {
    const extraBytes = (mtime: number) => {
      const entry = { ...FILE, mtime };
      const local = view(zipLocal(entry)).getUint16(28, true);
      expect(view(zipCentral({ entry, offset: 0, crc: 0 })).getUint16(30, true)).toBe(local);
      expect(zipLocal(entry)).toHaveLength(zipLocalBytes(entry, 8));
      return local;
    };
    const times = [-1, 0, 999, 2 ** 31 * 1000 - 1, 2 ** 31 * 1000, -8.64e15, 8.64e15];
    expect(times.map(extraBytes)).toEqual([0, 9, 9, 9, 0, 0, 0]);
  });

  test("puts a comment at the end, cut to 65,535 bytes", () => {
    const end = (comment: string) => zipEnd({ entries: 1, offset: 2, sizeBytes: 3, comment });
    expect(view(end("renamed é")).getUint16(20, true)).toBe(10);
    expect(end("é".repeat(40_000))).toHaveLength(22 + 65_534);
  });
});
