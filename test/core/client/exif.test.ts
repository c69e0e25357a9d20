import { expect, test } from "bun:test";
import fc from "fast-check";
import { isSideways, pictureHeader } from "../../../src/core/client/picture-header.ts";
import { jpegOf } from "../../cli/screen/pictures/test-png.ts";
import { orientation, phoneExif, tiffOf, withExif } from "./exif.ts";

const viewOf = (bytes: Uint8Array) => {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

test("swaps the sides of a picture that viewers turn", async () => {
  const jpeg = await jpegOf(30, 20);
  for (let value = 0; value <= 9; value++) {
    const isTurned = value >= 5 && value <= 8;
    expect(isSideways(viewOf(orientation(value)))).toBe(isTurned);
    expect(pictureHeader(withExif(jpeg, orientation(value)))).toEqual({
      type: "jpeg",
      width: isTurned ? 20 : 30,
      height: isTurned ? 30 : 20,
    });
  }
  const little = Buffer.from("49492a0008000000010012010300010000000600000000000000", "hex");
  expect(isSideways(viewOf(little))).toBe(true);
});

test("ends on directories that refer to each other, huge counts and truncated data", () => {
  const loop = tiffOf([[0x8825, 4, 1, 8]]);
  expect(isSideways(viewOf(loop))).toBe(false);
  const huge = phoneExif();
  huge.writeUInt16BE(0xffff, 8);
  expect(isSideways(viewOf(huge))).toBe(true);
  const many = Buffer.alloc(800_000, loop.subarray(10, 22));
  many.set(Buffer.from("4d4d002a00000008ffff", "hex"));
  const begun = performance.now();
  isSideways(viewOf(many));
  expect(performance.now() - begun).toBeLessThan(1_000);
  const whole = phoneExif();
  for (let length = 0; length < whole.length; length++)
    isSideways(viewOf(whole.subarray(0, length)));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      isSideways(viewOf(bytes));
      const tiff = Buffer.concat([Buffer.from("4d4d002a", "hex"), bytes]);
      isSideways(viewOf(tiff));
    }),
  );
});
