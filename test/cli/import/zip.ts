/** Zip archives, also malformed ones. */

import { crc32, deflateRawSync } from "node:zlib";

export interface ZipChanges {
  readonly comment?: string;
  /** Values that the list of files declares instead of the right ones. */
  readonly flags?: number;
  readonly crc?: number;
  readonly sizeBytes?: number;
  readonly count?: number;
}

export function zip(
  files: Readonly<Record<string, string>>,
  { comment = "", flags = 0, crc, sizeBytes, count }: ZipChanges = {},
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
    list.push(Buffer.concat([Buffer.from("PK\x01\x02"), made, shared, place, Buffer.from(name)]));
    parts.push(local);
    at += local.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(count ?? list.length, 8);
  end.writeUInt16LE(count ?? list.length, 10);
  end.writeUInt32LE(Buffer.concat(list).length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, ...list, end, Buffer.from(comment)]);
}
