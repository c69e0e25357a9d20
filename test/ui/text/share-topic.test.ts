import { expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { parseShareTopic, shareTopic } from "../../../src/ui/text/share-topic.ts";

const TOPIC_ID = "fAAAA-AA_AAA" as FileId;

test("lists the number of files and the file in progress", () => {
  expect(shareTopic(1)).toBe("1 file here");
  for (const count of [1, 2, 999_999]) {
    const share = { count, currentFile: undefined, isText: false };
    expect(parseShareTopic(shareTopic(count))).toEqual(share);
  }
  expect(parseShareTopic(shareTopic(12, TOPIC_ID))).toEqual({
    count: 12,
    currentFile: TOPIC_ID,
    isText: false,
  });
});

test("parses a text as one file", () => {
  expect(parseShareTopic("a text here")).toEqual({
    count: 1,
    currentFile: undefined,
    isText: true,
  });
});

test.each([
  ...["", "be kind", "3 files", "3 files here, on its way: x", "files here"],
  ...["3 files here and there", "x 3 files here"],
])("'%s' is not the topic of a share", (topic) => {
  expect(parseShareTopic(topic)).toBeUndefined();
});
