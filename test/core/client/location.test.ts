import { expect, test } from "bun:test";
import fc from "fast-check";
import { searchLocation } from "../../../src/core/client/location.ts";
import { phoneExif } from "./exif.ts";
import { locatedSamples } from "./located-samples.ts";
import { locationIn } from "./location-in.ts";

test("finds the location in files of cameras, phones and programs", async () => {
  const wrong: string[] = [];
  for (const [finding, files] of Object.entries(await locatedSamples())) {
    for (const [name, bytes] of Object.entries(files)) {
      const found = locationIn(bytes);
      if (found !== finding) wrong.push(`${name} ${finding}: ${found}`);
      for (const cut of [1, 20, bytes.length >> 1]) locationIn(bytes.subarray(0, cut));
    }
  }
  expect(wrong).toEqual([]);
});

test("ends on hostile files, within a number of reads", () => {
  const headers = Buffer.alloc(1_000_000, "Exif\0\0II*\0\x10\0\0\0");
  const tiny = Buffer.alloc(
    1_000_000,
    Buffer.from([0, 0, 0, 0, 0x65, 0x58, 0x49, 0x66, 0, 0, 0, 0]),
  );
  const hostile = [
    Buffer.concat([Buffer.from("%PDF"), headers]),
    Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), tiny]),
    Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(1_000_000, 0xff)]),
    Buffer.concat([
      Buffer.from([0xff, 0xd8]),
      Buffer.alloc(1_000_000, Buffer.from([0xff, 0xe1, 0, 0])),
    ]),
    Buffer.alloc(1_000_000, Buffer.from("\0\0\0\x08free", "latin1")),
    Buffer.alloc(1_000_000, "PK\x03\x04"),
  ];
  for (const bytes of hostile) {
    const search = searchLocation();
    let step = search.next();
    let reads = 0;
    for (; step.done !== true; reads++)
      step = search.next(bytes.subarray(step.value.at, step.value.at + step.value.length));
    expect(reads).toBeLessThan(5_010);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(60), (bytes, at) => {
      const tiff = Buffer.from(phoneExif());
      tiff.set(bytes.subarray(0, Math.max(0, tiff.length - at)), Math.min(at, tiff.length));
      locationIn(tiff.subarray(0, 200));
      for (const start of ["\xff\xd8\xff\xe1", "RIFF....WEBP", "\0\0\0\x10ftypmp42", "GIF89a"])
        locationIn(Buffer.concat([Buffer.from(start, "latin1"), bytes]));
    }),
  );
});
