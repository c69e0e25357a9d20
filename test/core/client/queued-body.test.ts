import { expect, test } from "bun:test";
import { decodeQueued, encodeQueued, sentBody } from "../../../src/core/client/queued-body.ts";

const digest = Buffer.alloc(32, 7);
const preview = { file: "fBBBBBBBBBBB", size: 9, digest: new Uint8Array(32), width: 3, height: 2 };
const FILE = { file: "fAAAAAAAAAAA", size: 3, chunks: 1, digest };
const BODY = { text: "a\u0000\u{1f600}", re: 7, files: [FILE, { ...FILE, preview }] };

test("stores a body with its files as JSON", () => {
  const queued = { ...BODY, message: "key", names: ["a.txt", "b.txt"] };
  const restored = decodeQueued(encodeQueued(queued));
  expect(restored).toMatchObject({ text: BODY.text, re: 7, message: "key", names: queued.names });
  expect(restored.files?.map((file) => Buffer.from(file.digest).equals(digest))).toEqual([
    true,
    true,
  ]);
  expect(restored.files?.[1]?.preview).toEqual(preview);
  expect(Object.keys(sentBody(restored)).sort()).toEqual(["files", "re", "text"]);
});

test.each([
  "",
  "[]",
  "7",
  "null",
  '{"text":7}',
  '{"text":"a","files":7}',
  '{"text":"a","files":[{}]}',
  '{"text":"a","files":[{"digest":{}}]}',
  '{"text":"a","files":[{"digest":"","preview":7}]}',
])("takes %p for an empty body, which the server refuses", (line) => {
  expect(decodeQueued(line)).toEqual({ text: "" });
});
