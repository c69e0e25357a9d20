import { expect, test } from "bun:test";
import { COMMANDS, helpTopics } from "../../src/ui/commands.ts";

const NAMES = [...Object.keys(COMMANDS), "get"];

test("the help begins with ten commands of every interface", () => {
  const first = helpTopics("", NAMES) ?? [];
  expect(first).toHaveLength(10);
  expect(first).toContain("help");
  for (const name of first) expect(Object.keys(COMMANDS)).toContain(name);
});

test.each([
  ["all", NAMES],
  ["ALL", NAMES],
  ["/all", NAMES],
  ["send", ["send"]],
  ["/Send", ["send"]],
  ["dm", ["msg"]],
  ["get", ["get"]],
  ["nope", undefined],
  ["toString", undefined],
  ["send get", undefined],
  ["/", undefined],
])("the help of %p", (input, topics) => {
  expect(helpTopics(input, NAMES)).toEqual(topics);
});
