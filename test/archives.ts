import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import { concatBytes, utf8Encode } from "../src/base/bytes.ts";
import { DATA_FORMAT } from "../src/io/disk/data-folder.ts";

/** An entry of an archive; a link if it has a target. */
export interface Entry {
  readonly path: string;
  readonly content?: string | Uint8Array;
  readonly linkTo?: string;
}

export function packArchive(suffix: string, entries: readonly Entry[]): Uint8Array {
  if (suffix === ".zip") return zip(entries);
  const packed = tar(entries);
  if (suffix === ".tar.gz") return new Uint8Array(gzipSync(packed, { level: 1 }));
  return suffix === ".tar.zst" ? new Uint8Array(zstdCompressSync(packed)) : packed;
}

export function packScript(version: string, target: string, script: string, suffix = ".tar.gz") {
  const name = `chat-${version}-${target}`;
  const content = `#!/bin/sh\n${script}\n`;
  const entries = [
    { path: `${name}/LICENSE`, content: "x" },
    { path: `${name}/chat`, content },
  ];
  return { [`${name}${suffix}`]: packArchive(suffix, entries) };
}

export function versionScript(version: string, format = DATA_FORMAT): string {
  return `echo '${JSON.stringify({ kind: "version", version, commit: "", format })}'`;
}

function bytesOf(content: string | Uint8Array = ""): Uint8Array {
  return typeof content === "string" ? utf8Encode(content) : content;
}

function tar(entries: readonly Entry[]): Uint8Array {
  const blocks = entries.flatMap(({ path, content, linkTo = "" }) => {
    const bytes = bytesOf(content);
    const header = new Uint8Array(512);
    const put = (text: string, at: number) => header.set(utf8Encode(text), at);
    put(path, 0);
    put("0000755\0", 100);
    put(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    put(linkTo === "" ? "0" : "2", 156);
    put(linkTo, 157);
    put("ustar\0", 257);
    const sum = header.reduce((total, byte) => total + byte, 8 * 32);
    put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, bytes, new Uint8Array((512 - (bytes.length % 512)) % 512)];
  });
  return concatBytes(...blocks, new Uint8Array(1024));
}

const REGULAR_FILE = 0o100755;
const LINK = 0o120777;

function zip(entries: readonly Entry[]): Uint8Array {
  const locals: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const { path, content, linkTo } of entries) {
    const bytes = bytesOf(linkTo ?? content);
    const packed = new Uint8Array(deflateRawSync(bytes));
    const name = utf8Encode(path);
    const fields = new DataView(new ArrayBuffer(26));
    fields.setUint16(4, 8, true);
    fields.setUint32(10, crc32(bytes), true);
    fields.setUint32(14, packed.length, true);
    fields.setUint32(18, bytes.length, true);
    fields.setUint16(22, name.length, true);
    const shared = new Uint8Array(fields.buffer);
    const local = concatBytes(utf8Encode("PK\x03\x04"), shared, name, packed);
    const tail = new DataView(new ArrayBuffer(14));
    tail.setUint32(6, (linkTo === undefined ? REGULAR_FILE : LINK) * 0x10000, true);
    tail.setUint32(10, offset, true);
    const made = Uint8Array.of(20, 3);
    central.push(
      concatBytes(utf8Encode("PK\x01\x02"), made, shared, new Uint8Array(tail.buffer), name),
    );
    locals.push(local);
    offset += local.length;
  }
  const list = concatBytes(...central);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, list.length, true);
  end.setUint32(16, offset, true);
  return concatBytes(...locals, list, new Uint8Array(end.buffer));
}
