import { expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { PICTURE_FETCHED_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { PictureBudget } from "../../../src/cli/export/exporter.ts";
import type { DisplayFile } from "../../../src/cli/output/render.ts";

const MIB = 1024 * 1024;

function file(name: string, sizeBytes: number, more: Partial<DisplayFile> = {}): DisplayFile {
  const content = {
    kind: "file",
    id: "f" as FileId,
    name,
    sizeBytes,
    digest: "",
    chunks: 1,
  } as const;
  const record = { seq: 1, timeUnixMs: 0, destination: { room: "lobby" }, from: "ana" };
  return { ...record, ...content, ...more };
}

function png(width: number, height: number): Uint8Array {
  const bytes = Buffer.alloc(33);
  bytes.write("89504e470d0a1a0a0000000d49484452", "hex");
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}

test.each<[string, DisplayFile, boolean]>([
  ["as large as the page shows", file("a.png", PICTURE_FETCHED_BYTES_MAX), true],
  ["a byte larger", file("a.png", PICTURE_FETCHED_BYTES_MAX + 1), false],
  ["of a type whose size is not known before it is decoded", file("a.avif", 100), false],
  ["SVG", file("a.svg", 100), false],
  ["a folder", file("a.png", 100, { folder: { entries: 1 } }), false],
])("reads a picture within the bounds: %s", (_, record, isRead) => {
  expect(new PictureBudget().reserve(record)).toBe(isRead);
});

test("reads at most 64 MiB for one page", () => {
  const budget = new PictureBudget();
  const reserved = Array.from({ length: 40 }, () => budget.reserve(file("a.png", 2 * MIB)));
  expect(reserved.filter(Boolean)).toHaveLength(32);
});

test.each<[string, Uint8Array, boolean]>([
  ["the largest", png(8_000, 4_000), true],
  ["one line more", png(8_000, 4_001), false],
  ["too wide", png(16_385, 1), false],
  ["a bitmap", Buffer.from(`424d${"00".repeat(60)}`, "hex"), false],
  ["AVIF", Buffer.from(`0000001c6674797061766966${"00".repeat(60)}`, "hex"), false],
  ["a page", Buffer.from("<html><script>alert(1)</script>"), false],
])("embeds a picture by its header: %s", (_, bytes, isEmbedded) => {
  const embedded = new PictureBudget().embed(bytes);
  expect(embedded?.startsWith("data:image/png;base64,")).toBe(isEmbedded ? true : undefined);
});

test("embeds 256 million pixels in one page", () => {
  const budget = new PictureBudget();
  const embedded = Array.from({ length: 10 }, () => budget.embed(png(8_000, 4_000)));
  expect(embedded.filter((address) => address !== undefined)).toHaveLength(8);
});
