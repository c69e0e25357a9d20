/** JPEGs with EXIF data. */

type Entry = readonly [tag: number, type: number, count: number, value: number];

/** Big-endian TIFF with one directory after another. */
export function tiffOf(...directories: readonly (readonly Entry[])[]): Buffer {
  const parts = [Buffer.from("4d4d002a00000008", "hex")];
  for (const entries of directories) {
    const directory = Buffer.alloc(2 + 12 * entries.length + 4);
    directory.writeUInt16BE(entries.length);
    for (const [i, [tag, type, count, value]] of entries.entries()) {
      const at = 2 + 12 * i;
      directory.writeUInt16BE(tag, at);
      directory.writeUInt16BE(type, at + 2);
      directory.writeUInt32BE(count, at + 4);
      if (type === 3) directory.writeUInt16BE(value, at + 8);
      else directory.writeUInt32BE(value, at + 8);
    }
    parts.push(directory);
  }
  return Buffer.concat(parts);
}

export function orientation(value: number): Buffer {
  return tiffOf([[0x0112, 3, 1, value]]);
}

/** Orientation of a phone held upright, and a position. */
export function phoneExif(): Buffer {
  const first: Entry[] = [
    [0x0112, 3, 1, 6],
    [0x8825, 4, 1, 8 + 2 + 24 + 4],
  ];
  return tiffOf(first, [[2, 5, 3, 0]]);
}

export function withSegment(
  jpeg: Uint8Array,
  signature: string,
  content: Uint8Array,
  marker = 0xe1,
): Buffer {
  const start = Buffer.from([0xff, marker, 0, 0]);
  const body = Buffer.concat([Buffer.from(signature, "latin1"), content]);
  start.writeUInt16BE(2 + body.length, 2);
  return Buffer.concat([jpeg.subarray(0, 2), start, body, jpeg.subarray(2)]);
}

export function withExif(jpeg: Uint8Array, tiff: Uint8Array): Buffer {
  return withSegment(jpeg, "Exif\0\0", tiff);
}
