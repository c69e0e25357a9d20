import { describe, expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { releaseBuffer } from "../../../src/io/disk/buffer-pool.ts";
import { FileSource } from "../../../src/web/browser/file-source.ts";

const SIZE = 3 * CHUNK_BYTES + 100;
const CONTENT = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7 + (i >> 8)) & 0xff);

function byteStream(content: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    type: "bytes",
    pull: (controller: ReadableByteStreamController) => {
      const part = content.slice(at, at + 50_001);
      at += part.length;
      if (part.length > 0) return controller.enqueue(part);
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

function fileOf(has: "pieces" | "streams", content: Uint8Array = CONTENT): File {
  const slice = (from = 0, to = SIZE) => ({
    arrayBuffer: async () => content.slice(from, to).buffer,
    stream: () => {
      if (has === "pieces") throw new TypeError("there is no such reader");
      return byteStream(content.slice(from, to));
    },
  });
  const about = { name: "a.bin", size: SIZE, lastModified: 1 };
  return { ...about, slice } as unknown as File;
}

const chunkAt = (index: number) => CONTENT.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);

describe.each(["pieces", "streams"] as const)("a file that the browser gives as %s", (has) => {
  test("names the time of the file, before 1970 too, unless the browser has none", () => {
    const detailsOf = (lastModified: number) =>
      new FileSource(Object.assign(fileOf(has), { lastModified }), "key").details;
    expect(detailsOf(1)).toEqual({ mtimeMs: 1 });
    expect(detailsOf(-278_794_432_877)).toEqual({ mtimeMs: -278_794_432_877 });
    for (const none of [Number.NaN, 0.5]) expect(detailsOf(none)).toEqual({});
  });

  test("reads chunks in order, and from any index", async () => {
    const source = new FileSource(fileOf(has), "key");
    for (const index of [0, 1, 2, 3, 1, 2]) {
      expect(await source.read(index)).toEqual(chunkAt(index));
    }
    expect(await source.read(4)).toBeUndefined();
    releaseBuffer((await source.read(0)) ?? new Uint8Array(0));
    expect(await source.read(1)).toEqual(chunkAt(1));
    await source.end();
    source.close();
  });

  test("reports a file that became shorter", async () => {
    const source = new FileSource(fileOf(has, CONTENT.slice(0, CHUNK_BYTES + 5)), "key");
    await source.read(0);
    const failing = source.read(1).catch((fault: { code: string }) => fault.code);
    expect(await failing).toBe("file-changed");
  });
});
