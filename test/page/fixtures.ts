import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";
import { parseServerSpec } from "../../src/wire/invite.ts";
import { noise } from "../e2e/couriers.ts";
import type { Served } from "../e2e/program.ts";

export function secretOf({ invite }: Served): string {
  return parseServerSpec(invite).secret ?? "";
}

/** Page on this machine, even if the server announces another address. */
export function localPage({ listening }: Served): string {
  return `${new URL(String(listening["web"])).protocol}//127.0.0.1:${listening["port"]}/`;
}

/** Phones have no constructor, so a worker must show the notification. */
export const PHONE = `{
  Object.defineProperty(navigator, "userAgent", { value: "Mozilla/5.0 (Linux; Android 15)" });
  globalThis.Notification = class {
    static permission = "granted";
    static requestPermission() {
      return Promise.resolve("granted");
    }
    constructor() {
      throw new TypeError("Illegal constructor");
    }
  };
}`;

export function pageAddress(served: Served): string {
  return `${localPage(served)}#invite=${secretOf(served)}`;
}

export function largeFile(path: string, bytes: number): string {
  const fd = openSync(path, "w");
  ftruncateSync(fd, bytes);
  for (let at = 0; at < bytes - 64; at += 200_000) writeSync(fd, noise(64), 0, 64, at);
  writeSync(fd, noise(64), 0, 64, bytes - 64);
  closeSync(fd);
  return path;
}

/** Picture with noise, which makes it as large as a photo. */
export function photo(width: number, height: number): Buffer {
  const rows = Buffer.alloc(height * (1 + width * 3));
  let at = 0;
  for (let y = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++) {
      const hill = height * (0.7 + 0.12 * Math.sin((x / width) * 7));
      const grain = (x * 7919 + y * 104_729 + x * y * 31) % 13;
      const isHill = y > hill;
      rows[at++] = Math.floor((isHill ? 70 : 120) + grain);
      rows[at++] = Math.floor((isHill ? 140 - (y - hill) / 4 : 170) + grain);
      rows[at++] = Math.min(255, Math.floor((isHill ? 60 : 200 + y / 9) + grain));
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8); // 8-bit RGB.
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  const chunks = [
    pngChunk("IHDR", head),
    pngChunk("IDAT", deflateSync(rows)),
    pngChunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([signature, ...chunks]);
}

function pngChunk(kind: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), content]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(content.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

export function tone(seconds: number): Buffer {
  const samples = Buffer.alloc(8_000 * seconds, 0x80);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 1],
    [34, 8],
  ] as const) {
    head.writeUInt16LE(value, at);
  }
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.write("data", 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

/** JPEG with the sides at its beginning, as cameras write them. */
export async function sentJpeg(
  { width = 2_000, height = 1_500 } = {},
  sizeBytes = 4_000_000,
): Promise<Buffer> {
  const picture = new Bun.Image(photo(400, 300)).resize(width, height);
  const jpeg = await picture.jpeg({ quality: 80 }).bytes();
  return Buffer.concat([jpeg, Buffer.alloc(sizeBytes - jpeg.length)]);
}

/** Initial script of a page whose previews show nothing of their photos. */
export const BLACK_PREVIEWS = `{
  const { convertToBlob } = OffscreenCanvas.prototype;
  OffscreenCanvas.prototype.convertToBlob = function (options) {
    const context = this.getContext("2d");
    context.fillStyle = "black";
    context.fillRect(0, 0, this.width, this.height);
    return convertToBlob.call(this, options);
  };
}`;

function box(kind: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), ...parts]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(body.length + 4, 0);
  return Buffer.concat([size, body]);
}

/** Photo as iPhones write it: one item of coded HEVC, whose bytes are noise. */
export function heicPhoto(): Buffer {
  const hex = (digits: string) => Buffer.from(digits, "hex");
  const ascii = (text: string) => Buffer.from(text, "latin1");
  const coded = noise(4_000);
  const build = (offset: number) => {
    const place = Buffer.alloc(8);
    place.writeUInt32BE(offset, 0);
    place.writeUInt32BE(coded.length, 4);
    const item = box("infe", hex("0200000000010000"), ascii("hvc1\0"));
    const sides = box("ispe", hex("00000000"), hex("00000280000001e0"));
    const configured = box("hvcC", hex("0101600000009000000000005df000fcfdf8f800000f00"));
    const linked = box("ipma", hex("00000000"), hex("00000001"), hex("0001028182"));
    const meta = box(
      "meta",
      hex("00000000"),
      box("hdlr", hex("0000000000000000"), ascii("pict"), Buffer.alloc(13)),
      box("pitm", hex("000000000001")),
      box("iinf", hex("000000000001"), item),
      box("iprp", box("ipco", sides, configured), linked),
      box("iloc", hex("0000000044000001000100000001"), place),
    );
    const head = box("ftyp", ascii("heic"), hex("00000000"), ascii("mif1heic"));
    return Buffer.concat([head, meta, box("mdat", coded)]);
  };
  return build(build(0).length - coded.length);
}
