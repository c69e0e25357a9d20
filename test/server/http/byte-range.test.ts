import { expect, test } from "bun:test";
import { parseRange } from "../../../src/server/http/file-response.ts";

const part = (start: number, end: number) => ({ kind: "part", start, end });

test.each([
  [null, 10, { kind: "whole" }],
  ["bytes=0-", 10, part(0, 10)],
  ["bytes=0-0", 10, part(0, 1)],
  ["Bytes=3-500", 10, part(3, 10)],
  ["bytes=-4", 10, part(6, 10)],
  ["bytes=-40", 10, part(0, 10)],
  ["bytes=10-", 10, { kind: "none" }],
  ["bytes=-0", 10, { kind: "none" }],
  ["bytes=0-1,3-4", 10, { kind: "whole" }],
  ["bytes=5-3", 10, { kind: "whole" }],
  ["bytes=-", 10, { kind: "whole" }],
  ["chunks=0-1", 10, { kind: "whole" }],
  ["bytes=1e3-", 10, { kind: "whole" }],
  ["bytes=9999999999999999-", 10, { kind: "whole" }],
])("%p of %d bytes", (header, sizeBytes, range) => {
  expect(parseRange(header, sizeBytes)).toEqual(range as ReturnType<typeof parseRange>);
});
