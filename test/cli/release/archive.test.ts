import { describe, expect, test } from "bun:test";
import { utf8Decode } from "../../../src/base/bytes.ts";
import { ARCHIVE_SUFFIXES, readArchive } from "../../../src/cli/release/upgrade.ts";
import { type Entry, packArchive } from "../../archives.ts";
import { rejection } from "../../rejection.ts";

const PATH = "chat-0.2.0-linux-x64/chat";
const LARGE = new Uint8Array(1_000_003).map((_, i) => Math.imul(i, 2_654_435_761) >>> 13);

async function read(suffix: string, bytes: Uint8Array): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readArchive(`a${suffix}`, bytes, PATH)) chunks.push(chunk.slice());
  return Buffer.concat(chunks);
}

describe.each(ARCHIVE_SUFFIXES)("an archive %s", (suffix) => {
  const pack = (...entries: Entry[]) => packArchive(suffix, entries);
  const refusal = async (bytes: Uint8Array) => rejection(read(suffix, bytes));

  test("yields one file and skips others", async () => {
    const content = LARGE;
    const others = ["../chat", "chat", "chat-0.2.0-linux-x64/chat.old", "/etc/passwd"];
    const bytes = pack(
      ...others.map((path) => ({ path, content: `${path}\n` })),
      { path: "link", linkTo: PATH },
      { path: PATH, content },
      { path: "last", content: "x" },
    );
    expect((await read(suffix, bytes)).equals(content)).toBe(true);
  });

  test("yields an empty file", async () => {
    expect(utf8Decode(await read(suffix, pack({ path: PATH })))).toBe("");
  });

  test("refuses a link, a missing file and damage", async () => {
    for (const bytes of [
      pack({ path: PATH, linkTo: "/bin/sh" }),
      pack({ path: "chat", content: "x" }),
      pack(),
      new Uint8Array(0),
      pack({ path: PATH, content: LARGE }).subarray(0, 1000),
      Uint8Array.of(1, 2, 3),
    ]) {
      expect(await refusal(bytes)).toMatchObject({ code: "release-untrusted" });
    }
  });

  test("refuses all truncations", async () => {
    const bytes = pack({ path: PATH, content: LARGE.subarray(0, 3000) });
    // A tar is complete without the blocks after its content.
    for (let size = 0; size < bytes.length * 0.5; size += 37) {
      expect(await refusal(bytes.subarray(0, size))).toMatchObject({ code: "release-untrusted" });
    }
  });
});
