import { describe, expect, test } from "bun:test";
import { expandAlias, parseSend, shellWords } from "../../../src/cli/chat/slash-grammar.ts";
import { faultFrom } from "../../commands/fake-world.ts";

const splitWords = (line: string) => {
  const { paths, target, caption } = parseSend(line, "/home/ana");
  return caption === undefined ? [...paths, target] : [...paths, target, caption];
};

test("expands the user's own alias once", () => {
  const aliases = new Map([
    ["brb", "away back soon"],
    ["away", "brb"],
  ]);
  expect(expandAlias("BRB", aliases)).toBe("away back soon");
  expect(expandAlias("brb  at two ", aliases)).toBe("away back soon at two");
  expect(expandAlias("away x", aliases)).toBe("brb x");
  expect(expandAlias("me waves", aliases)).toBe("me waves");
});

describe("/send PATH... [TARGET] [--caption TEXT]", () => {
  test("parses a path and an optional target", () => {
    expect(splitWords("photo.jpg")).toEqual(["photo.jpg", undefined]);
    expect(splitWords("photo.jpg @bob")).toEqual(["photo.jpg", "@bob"]);
    expect(splitWords("../a/b.txt   #lab")).toEqual(["../a/b.txt", "lab"]);
    expect(splitWords("")).toEqual([undefined]);
  });

  test("keeps quoted and escaped spaces", () => {
    expect(splitWords('"my photo.jpg" @bob')).toEqual(["my photo.jpg", "@bob"]);
    expect(splitWords("'a \"b\" c' lab")).toEqual(['a "b" c', "lab"]);
    expect(splitWords("C:\\photos\\a.jpg")).toEqual(["C:\\photos\\a.jpg", undefined]);
  });

  test("parses a quoted or unquoted caption up to the end of the line", () => {
    expect(splitWords("a.jpg --caption the new router")).toEqual([
      "a.jpg",
      undefined,
      "the new router",
    ]);
    const twice = ["a.jpg", "@bob", "hi  --caption"];
    expect(splitWords("a.jpg @bob --caption=hi  --caption")).toEqual(twice);
    expect(splitWords("a.jpg --caption 'it\\'s'")).toEqual(["a.jpg", undefined, "'it\\'s'"]);
    expect(splitWords(`a.jpg --caption "it's"`)).toEqual(["a.jpg", undefined, "it's"]);
    expect(splitWords("a.jpg --caption 'one' 'two'")).toEqual(["a.jpg", undefined, "'one' 'two'"]);
    expect(splitWords("'a --caption b' --caption c")).toEqual(["a --caption b", undefined, "c"]);
    expect(splitWords("a--caption @bob")).toEqual(["a--caption", "@bob"]);
  });

  test("turns a file address into its path", () => {
    // File managers leave apostrophes and brackets as they are.
    expect(splitWords("file:///home/ana/it's%20(1).txt lab")).toEqual([
      "/home/ana/it's (1).txt",
      "lab",
    ]);
    expect(splitWords("'file:///home/ana/a b.txt' lab")).toEqual(["/home/ana/a b.txt", "lab"]);
    expect(splitWords("file:///home/ana/My%20Fotos/f%C3%BCr%20%23b.jpg @bob")).toEqual([
      "/home/ana/My Fotos/für #b.jpg",
      "@bob",
    ]);
  });

  test.each([
    ["'a.txt' 'b.txt'", ["a.txt", "b.txt", undefined]],
    ["a.txt /tmp/b", ["a.txt", "/tmp/b", undefined]],
    ["a.txt b.txt @bob --caption two", ["a.txt", "b.txt", "@bob", "two"]],
    ["a.txt b.txt lab", ["a.txt", "b.txt", "lab"]],
    ["lab", ["lab", undefined]],
  ])("takes several paths: %s", (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  test("takes the last word for a path if it is one", () => {
    const isPath = (word: string) => word === "notes";
    const paths = (line: string) => parseSend(line, "/home/ana", isPath).paths;
    expect(paths("a.txt notes")).toEqual(["a.txt", "notes"]);
    expect(paths("a.txt notes lab")).toEqual(["a.txt", "notes"]);
  });

  test.each(["a.jpg --caption", "a.jpg --caption=", '"open', "'open @bob"])(
    "%s is misuse",
    async (line) => {
      expect((await faultFrom(() => splitWords(line))).code).toBe("usage");
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

test.each([
  ["a.txt --thread 8", { paths: ["a.txt"], thread: 8 }],
  ["--thread=#8 a.txt lab --caption see --thread 9", { target: "lab", thread: 8 }],
  ["a.txt --caption see --thread 9", { caption: "see --thread 9", thread: undefined }],
  ["'my --thread 8 notes'", { paths: ["my --thread 8 notes"], thread: undefined }],
])("reads the thread of the sent file: %s", (line, expected) => {
  expect(parseSend(line, "/home/ana")).toMatchObject(expected);
});

test.each(["a.txt --thread", "a.txt --thread 0", "a.txt --thread x", "a.txt --thread 1.5"])(
  "refuses a thread without the number of a message: %s",
  async (line) => {
    expect((await faultFrom(() => parseSend(line, "/home/ana"))).code).toBe("usage");
  },
);
