import { describe, expect, test } from "bun:test";
import { sendWords, shellWords } from "../../../src/cli/chat/slash-grammar.ts";
import { faultFrom } from "../../commands/fake-world.ts";

const words = (line: string) => {
  const [path, target] = sendWords(line, "/home/ana");
  return [path, target === undefined ? undefined : `${target.kind} ${target.name}`];
};

describe("/send PATH [TARGET]", () => {
  test("a path, and perhaps whom it is for", () => {
    expect(words("photo.jpg")).toEqual(["photo.jpg", undefined]);
    expect(words("photo.jpg @bob")).toEqual(["photo.jpg", "person bob"]);
    expect(words("../a/b.txt   #lab")).toEqual(["../a/b.txt", "room lab"]);
    expect(words("")).toEqual(["", undefined]);
  });

  test("spaces stay between quotes and behind backslashes", () => {
    expect(words('"my photo.jpg" @bob')).toEqual(["my photo.jpg", "person bob"]);
    expect(words("'a \"b\" c' lab")).toEqual(['a "b" c', "room lab"]);
    expect(words("my\\ photo.jpg")).toEqual(["my photo.jpg", undefined]);
    expect(words("C:\\photos\\a.jpg")).toEqual(["C:\\photos\\a.jpg", undefined]);
  });

  test("~/ is one's home", () => {
    expect(words("~/a.jpg")).toEqual(["/home/ana/a.jpg", undefined]);
    expect(sendWords("~/a.jpg", undefined)[0]).toBe("~/a.jpg");
  });

  test.each(["my photo of us.jpg", '"open', "'open @bob"])("%s is misuse", async (line) => {
    expect((await faultFrom(() => words(line))).code).toBe("usage");
  });
});

test.each([
  ["a  b", ["a", "b"]],
  ['"a  b"c', ["a  bc"]],
  ["'' x", ["", "x"]],
  ["a\\ b \\x", ["a b", "\\x"]],
  ["   ", []],
])("%j is read as a shell reads it", (line, expected) => {
  expect(shellWords(line)).toEqual(expected);
});
