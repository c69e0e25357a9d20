import { expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { fileResponse, type WebFile } from "../../../src/server/http/file-response.ts";
import { ZipLists } from "../../../src/server/http/zip-list.ts";

test("whoever left before the file was open holds nothing of it", async () => {
  let isOpen = false;
  const file: WebFile = {
    name: "large.bin",
    sizeBytes: 9 * CHUNK_BYTES,
    digest: "00",
    async *chunks() {
      isOpen = true;
      try {
        for (let i = 0; i < 9; i++) yield new Uint8Array(CHUNK_BYTES);
      } finally {
        isOpen = false;
      }
    },
  };
  const gone = new Request("http://127.0.0.1/files/x", { signal: AbortSignal.abort() });
  await fileResponse(gone, file, new ZipLists());
  expect(isOpen).toBe(false);
  const here = await fileResponse(new Request("http://127.0.0.1/files/x"), file, new ZipLists());
  expect(isOpen).toBe(true);
  await here.body?.cancel();
  expect(isOpen).toBe(false);
});
