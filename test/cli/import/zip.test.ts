import { expect, test } from "bun:test";
import { crc32, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { Fault } from "../../../src/base/fault.ts";
import { isZip, readZip } from "../../../src/cli/import/zip.ts";

/** As small as an archive can be: enough of the form for a reader. */
function zip(files: Readonly<Record<string, string>>, comment = ""): Uint8Array {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const packed = text === "stored" ? content : deflateRawSync(content);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(text === "stored" ? 0 : 8, 4);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), shared, Buffer.from(name), packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    const made = Buffer.from([20, 0]);
    list.push(Buffer.concat([Buffer.from("PK\x01\x02"), made, shared, place, Buffer.from(name)]));
    parts.push(local);
    at += local.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(list.length, 8);
  end.writeUInt16LE(list.length, 10);
  end.writeUInt32LE(Buffer.concat(list).length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, ...list, end, Buffer.from(comment)]);
}

const FILES = { "a/é.json": "hello ".repeat(100), "b.json": "stored", empty: "" };

test("reads what is packed and what is not, behind a comment", () => {
  for (const comment of ["", "made by hand"]) {
    const bytes = zip(FILES, comment);
    expect(isZip(bytes)).toBe(true);
    const tree = readZip(bytes);
    expect(tree.paths).toEqual(Object.keys(FILES));
    for (const [path, text] of Object.entries(FILES)) {
      expect(new TextDecoder().decode(tree.read(path))).toBe(text);
    }
    expect(() => tree.read("none")).toThrow("none");
  }
  expect(isZip(Buffer.from("PK"))).toBe(false);
});

test("more than a file says of itself is not unpacked", () => {
  const bytes = zip({ a: "x".repeat(1_000_000) });
  for (const mark of ["PK\x01\x02", "PK\x03\x04"]) {
    const at = Buffer.from(bytes).indexOf(mark, 0, "latin1") + (mark.includes("\x01") ? 24 : 22);
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, 10, true);
  }
  expect(() => readZip(bytes).read("a")).toThrow(Fault);
});

test("any bytes are an archive, or a fault", () => {
  const good = zip(FILES);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, end) => {
      const bytes = new Uint8Array(good);
      bytes[at] = byte;
      for (const changed of [bytes, bytes.subarray(0, end)]) {
        try {
          const tree = readZip(changed);
          for (const path of tree.paths) tree.read(path);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }
    }),
    { numRuns: 500 },
  );
});
