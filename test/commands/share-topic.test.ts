import { expect, test } from "bun:test";
import type { FileId } from "../../src/base/ids.ts";
import { parseShareTopic, shareTopic } from "../../src/commands/_share-topic.ts";

const ID = "fAAAA-AA_AAA" as FileId;

test("the topic of a share says how many files there are, and which is on its way", () => {
  expect(shareTopic(1)).toBe("1 file here");
  expect(parseShareTopic(shareTopic(1))).toEqual({ count: 1, running: undefined });
  expect(parseShareTopic(shareTopic(12, ID))).toEqual({ count: 12, running: ID });
});

test.each(["", "be kind", "3 files", "3 files here, on its way: x", "files here"])(
  "'%s' is no share's",
  (topic) => {
    expect(parseShareTopic(topic)).toBeUndefined();
  },
);
