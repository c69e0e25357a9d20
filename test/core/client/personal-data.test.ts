import { expect, test } from "bun:test";
import fc from "fast-check";
import { planRemoval } from "../../../src/client/files/personal-data.ts";
import { searchPersonalData } from "../../../src/core/client/personal-data.ts";
import type { CopyPart } from "../../../src/core/client/personal-data-removal.ts";
import { pictureHeader } from "../../../src/core/client/picture-header.ts";
import { sampleSize } from "../../samples.ts";
import { orientation, withExif } from "./exif.ts";
import { personalDataIn } from "./personal-data-in.ts";
import { personalSamples } from "./personal-samples.ts";

function readerOf(bytes: Uint8Array) {
  return { peek: async (at: number, length: number) => bytes.subarray(at, at + length) };
}

function joined(bytes: Uint8Array, plan: readonly CopyPart[]): Buffer {
  return Buffer.concat(
    plan.map((piece) =>
      piece instanceof Uint8Array ? piece : bytes.subarray(piece.from, piece.to),
    ),
  );
}

test("finds locations and names in files of cameras, phones and programs", async () => {
  const wrong: string[] = [];
  const samples = await personalSamples();
  expect(samples.length).toBeGreaterThan(75);
  for (const { name, bytes, data } of samples) {
    const found = await personalDataIn(bytes);
    if (!Bun.deepEquals(found, data)) wrong.push(`${name}: ${JSON.stringify(found)}`);
  }
  expect(wrong).toEqual([]);
});

test("removes them from JPEG, PNG, WebP and films, whose pixels and samples stay", async () => {
  const wrong: string[] = [];
  for (const { name, bytes, isRemovable, data } of await personalSamples()) {
    if (Bun.deepEquals(data, { location: "has not", name: "has not" })) continue;
    const plan = await planRemoval(readerOf(bytes));
    const copy = plan && joined(bytes, plan);
    const left = copy && (await personalDataIn(copy));
    const isClean = Bun.deepEquals(left, { location: "has not", name: "has not" });
    if (isClean !== isRemovable) wrong.push(`${name}: ${JSON.stringify(left)}`);
    if (copy === undefined || !isRemovable) continue;
    const header = pictureHeader(bytes);
    // The sides stay, and so the orientation.
    if (!Bun.deepEquals(pictureHeader(copy), header)) wrong.push(`${name} has other sides`);
    if (header === undefined) {
      const isSameLength = copy.length === bytes.length;
      const at = bytes.indexOf(0x6d); // "mdat"
      const isSame =
        isSameLength &&
        copy.subarray(at, at + 1_000_000).equals(bytes.subarray(at, at + 1_000_000));
      if (!isSame) wrong.push(`${name} has other samples`);
    } else if (header.type !== "jpeg" || !name.includes("motion")) {
      const [before, after] = await Promise.all([pixelsOf(bytes), pixelsOf(copy)]);
      if (!before.equals(after)) wrong.push(`${name} has other pixels`);
    }
  }
  expect(wrong).toEqual([]);
});

async function pixelsOf(bytes: Uint8Array): Promise<Buffer> {
  return Buffer.from(await new Bun.Image(bytes).png().bytes());
}

test("keeps the rotation of a JPEG whose other EXIF is removed", async () => {
  const samples = await personalSamples();
  const plain = samples.find(({ name }) => name === "plain.jpg")?.bytes ?? new Uint8Array();
  const turned = withExif(plain, orientation(6));
  const plan = await planRemoval(readerOf(turned));
  const copy = joined(turned, plan ?? []);
  expect(pictureHeader(copy)).toEqual({ type: "jpeg", width: 20, height: 30 });
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
    Buffer.concat([Buffer.from("fLaC"), Buffer.alloc(1_000_000)]),
  ];
  for (const bytes of hostile) {
    const search = searchPersonalData();
    let step = search.next();
    let reads = 0;
    for (; step.done !== true; reads++)
      step = search.next(bytes.subarray(step.value.at, step.value.at + step.value.length));
    expect(reads).toBeLessThan(5_010);
  }
});

test("never fails on damaged files, and plans only ranges within bounds", async () => {
  const samples = await personalSamples();
  const mutation = fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 6 }));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...samples),
      fc.array(mutation, { minLength: 1, maxLength: 5 }),
      fc.nat(),
      async ({ bytes }, mutations, cut) => {
        const damaged = Buffer.from(bytes);
        // Most damage is in the headers.
        for (const [at, content] of mutations)
          damaged.set(
            content.subarray(0, damaged.length),
            (at % 400) % Math.max(1, damaged.length - 6),
          );
        const whole = damaged.subarray(0, cut % 3 === 0 ? cut % (damaged.length + 1) : undefined);
        await personalDataIn(whole);
        for (const piece of (await planRemoval(readerOf(whole))) ?? []) {
          if (piece instanceof Uint8Array) continue;
          expect(piece.from).toBeLessThanOrEqual(piece.to);
          expect(Number.isSafeInteger(piece.to)).toBe(true);
        }
      },
    ),
    { numRuns: sampleSize(1_000, 20_000) },
  );
});
