import { expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { parseShareTopic, shareTopic, TEXT_TOPIC } from "../../../src/cli/share/topic.ts";

const ID = "fAAAA-AA_AAA" as FileId;

test("the topic of a share says how many files there are, and which is on its way", () => {
  expect(shareTopic(1)).toBe("1 file here");
  expect(parseShareTopic(shareTopic(1))).toEqual({ count: 1, running: undefined, isText: false });
  expect(parseShareTopic(shareTopic(12, ID))).toEqual({ count: 12, running: ID, isText: false });
});

test.each(["", "be kind", "3 files", "3 files here, on its way: x", "files here"])(
  "'%s' is no share's",
  (topic) => {
    expect(parseShareTopic(topic)).toBeUndefined();
  },
);

test("a text says so", () => {
  expect(parseShareTopic(TEXT_TOPIC)).toEqual({ count: 1, running: undefined, isText: true });
});
