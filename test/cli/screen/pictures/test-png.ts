import { deflateSync } from "node:zlib";

type Color = readonly [red: number, green: number, blue: number];

export function pngOf(
  width: number,
  height: number,
  colorAt: (x: number, y: number) => Color = (x, y) => [x & 255, y & 255, 128],
): Uint8Array {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0, at = 0; y < height; y++) {
    at++; // Filter type 0: none.
    for (let x = 0; x < width; x++) for (const channel of colorAt(x, y)) rows[at++] = channel;
  }
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunkOf("IHDR", headOf(width, height)),
    chunkOf("IDAT", deflateSync(rows)),
    chunkOf("IEND", Buffer.alloc(0)),
  ]);
}

function headOf(width: number, height: number): Buffer {
  const head = Buffer.from([...Array(8).fill(0), 8, 2, 0, 0, 0]);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  return head;
}

function chunkOf(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const around = Buffer.alloc(8);
  around.writeUInt32BE(data.length, 0);
  around.writeUInt32BE(Bun.hash.crc32(body), 4);
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
}

export function pngHead(width: number, height: number): Uint8Array {
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunkOf("IHDR", headOf(width, height)),
  ]);
}

export function jpegOf(width: number, height: number): Promise<Uint8Array> {
  return new Bun.Image(pngOf(width, height)).jpeg().bytes();
}

export function webpOf(width: number, height: number, lossless: boolean): Promise<Uint8Array> {
  return new Bun.Image(pngOf(width, height)).webp({ lossless }).bytes();
}

export function gifOf(width: number, height: number): Uint8Array {
  const gif = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
  gif.writeUInt16LE(width, 6);
  gif.writeUInt16LE(height, 8);
  return gif;
}
