import { describe, expect, test } from "bun:test";
import { parseSend, shellWords } from "../../../src/cli/chat/slash-grammar.ts";
import { faultFrom } from "../../commands/fake-world.ts";

const words = (line: string) => {
  const { path, target, caption } = parseSend(line, "/home/ana");
  return caption === undefined ? [path, target] : [path, target, caption];
};

describe("/send PATH [TARGET] [--caption TEXT]", () => {
  test("parses a path and an optional target", () => {
    expect(words("photo.jpg")).toEqual(["photo.jpg", undefined]);
    expect(words("photo.jpg @bob")).toEqual(["photo.jpg", "@bob"]);
    expect(words("../a/b.txt   #lab")).toEqual(["../a/b.txt", "lab"]);
    expect(words("")).toEqual(["", undefined]);
  });

  test("keeps quoted and escaped spaces", () => {
    expect(words('"my photo.jpg" @bob')).toEqual(["my photo.jpg", "@bob"]);
    expect(words("'a \"b\" c' lab")).toEqual(['a "b" c', "lab"]);
    expect(words("C:\\photos\\a.jpg")).toEqual(["C:\\photos\\a.jpg", undefined]);
  });

  test("reads the caption to the end of the line, quoted or not", () => {
    expect(words("a.jpg --caption the new router")).toEqual(["a.jpg", undefined, "the new router"]);
    const twice = ["a.jpg", "@bob", "hi  --caption"];
    expect(words("a.jpg @bob --caption=hi  --caption")).toEqual(twice);
    expect(words("a.jpg --caption 'it\\'s'")).toEqual(["a.jpg", undefined, "'it\\'s'"]);
    expect(words(`a.jpg --caption "it's"`)).toEqual(["a.jpg", undefined, "it's"]);
    expect(words("a.jpg --caption 'one' 'two'")).toEqual(["a.jpg", undefined, "'one' 'two'"]);
    expect(words("'a --caption b' --caption c")).toEqual(["a --caption b", undefined, "c"]);
    expect(words("a--caption @bob")).toEqual(["a--caption", "@bob"]);
  });

  test.each(["a.jpg --caption", "a.jpg --caption=", "my photo of us.jpg", '"open', "'open @bob"])(
    "%s is misuse",
    async (line) => {
      expect((await faultFrom(() => words(line))).code).toBe("usage");
    },
  );
});

test.each([
  ["a  b", ["a", "b"]],
  ['"a  b"c', ["a  bc"]],
  ["'' x", ["", "x"]],
  ["a\\ b \\x", ["a b", "\\x"]],
  ["   ", []],
])("splits %j as a shell does", (line, expected) => {
  expect(shellWords(line)).toEqual(expected);
});
