import { expect, test } from "bun:test";
import { jpegOf } from "../../cli/screen/pictures/test-png.ts";
import { orientation, phoneExif, tiffOf, withExif, withSegment } from "./exif.ts";
import { locationIn } from "./location-in.ts";

const XMP = "http://ns.adobe.com/xap/1.0/\0";

test("finds a location in any segment of a JPEG, and in nothing else", async () => {
  const jpeg = await jpegOf(30, 20);
  const xmp = Buffer.from("<rdf exif:GPSLatitude='52,31N'/>");
  expect(locationIn(withExif(jpeg, phoneExif()))).toBe("has");
  expect(locationIn(withSegment(jpeg, XMP, xmp))).toBe("has");
  let far = withExif(jpeg, phoneExif());
  for (let i = 0; i < 9; i++) far = withSegment(far, "other\0", Buffer.alloc(60_000));
  expect(locationIn(far)).toBe("has");
  expect(locationIn(far.subarray(0, 500_000))).toBe("has not");
  const versionOnly = tiffOf([[0x8825, 4, 1, 26]], [[0, 1, 4, 0]]);
  for (const other of [
    jpeg,
    withExif(jpeg, orientation(6)),
    withExif(jpeg, versionOnly),
    withSegment(jpeg, "other\0", xmp),
    Buffer.concat([jpeg, withExif(jpeg, phoneExif()).subarray(2)]),
  ]) {
    expect(locationIn(other)).toBe("has not");
  }
});
