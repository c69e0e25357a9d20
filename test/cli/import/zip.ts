/** Zip archives, also malformed ones. */

import { crc32, deflateRawSync } from "node:zlib";

export interface ZipChanges {
  readonly comment?: string;
  /** Values that the list of files declares instead of the right ones. */
  readonly flags?: number;
  readonly crc?: number;
  readonly sizeBytes?: number;
  readonly count?: number;
  readonly packedBytes?: number;
  /** Writes all numbers where Zip64 has them, as Python's zipfile does for large archives. */
  readonly isZip64?: boolean;
}

const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;

export function zip(
  files: Readonly<Record<string, string>>,
  { comment = "", flags = 0, crc, sizeBytes, count, packedBytes, isZip64 }: ZipChanges = {},
): Uint8Array {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const packed = text === "stored" ? content : deflateRawSync(content);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(text === "stored" ? 0 : 8, 4);
    shared.writeUInt16LE(flags, 2);
    shared.writeUInt32LE(crc ?? crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(sizeBytes ?? content.length, 18);
    shared.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), shared, Buffer.from(name), packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    const made = Buffer.from([20, 0]);
    shared.writeUInt32LE(packedBytes ?? packed.length, 14);
    const extra = isZip64 === true ? zip64Extra(shared, place) : Buffer.alloc(0);
    const entry = [Buffer.from("PK\x01\x02"), made, shared, place, Buffer.from(name), extra];
    list.push(Buffer.concat(entry));
    parts.push(local);
    at += local.length;
  }
  const listBytes = Buffer.concat(list).length;
  const entries = count ?? list.length;
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(isZip64 === true ? MAX_16 : entries, 8);
  end.writeUInt16LE(isZip64 === true ? MAX_16 : entries, 10);
  end.writeUInt32LE(isZip64 === true ? MAX_32 : listBytes, 12);
  end.writeUInt32LE(isZip64 === true ? MAX_32 : at, 16);
  end.writeUInt16LE(comment.length, 20);
  const end64 = isZip64 === true ? zip64End(entries, listBytes, at) : Buffer.alloc(0);
  return Buffer.concat([...parts, ...list, end64, end, Buffer.from(comment)]);
}

/** Moves the sizes and the place of an entry to an extra field, after one that is unknown. */
function zip64Extra(shared: Buffer, place: Buffer): Buffer {
  const numbers = [shared.readUInt32LE(18), shared.readUInt32LE(14), place.readUInt32LE(10)];
  const extra = Buffer.alloc(8 + 4 + 24);
  extra.writeUInt16LE(0x5855, 0);
  extra.writeUInt16LE(4, 2);
  extra.writeUInt16LE(1, 8);
  extra.writeUInt16LE(24, 10);
  for (const [index, number] of numbers.entries()) {
    extra.writeBigUInt64LE(BigInt(number), 12 + index * 8);
  }
  for (const at of [14, 18]) shared.writeUInt32LE(MAX_32, at);
  place.writeUInt32LE(MAX_32, 10);
  shared.writeUInt16LE(extra.length, 24);
  return extra;
}

function zip64End(count: number, listBytes: number, listOffset: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.write("PK\x06\x06", "latin1");
  end.writeBigUInt64LE(44n, 4);
  for (const [index, number] of [count, count, listBytes, listOffset].entries()) {
    end.writeBigUInt64LE(BigInt(number), 24 + index * 8);
  }
  end.write("PK\x06\x07", 56, "latin1");
  end.writeBigUInt64LE(BigInt(listOffset + listBytes), 64);
  end.writeUInt32LE(1, 72);
  return end;
}
