import { expect, test } from "bun:test";
import { emojiNamed } from "../../../src/ui/text/emoji.ts";
import { complete, completionAt } from "../../../src/web/input/completion.ts";

const SOURCE = {
  names: ["ana", "Anton", "bob", "Susana"],
  rooms: ["lobby", "physics"],
  commands: ["join", "leave", "me", "msg"],
};

function choices(text: string, caret = text.length) {
  return completionAt(text, caret, SOURCE)?.choices;
}

test("names behind @, those that begin with it first, in any case", () => {
  expect(choices("hi @an")).toEqual(["@ana", "@Anton", "@Susana"]);
  expect(choices("@B")).toEqual(["@bob"]);
  expect(choices("(@bo")).toEqual(["@bob"]);
});

test("an address of mail calls nobody, and what is behind the caret does not count", () => {
  expect(choices("mail me@an")).toBeUndefined();
  expect(choices("@bo and more", 3)).toEqual(["@bob"]);
  expect(choices("@nobody")).toBeUndefined();
});

test("rooms behind #, commands only at the beginning", () => {
  expect(choices("see #ph")).toEqual(["#physics"]);
  expect(choices("/m")).toEqual(["/me", "/msg"]);
  expect(choices("say /m")).toBeUndefined();
  expect(choices("//m")).toBeUndefined();
});

test("what is chosen takes the place of what was begun, with one gap behind it", () => {
  const begun = completionAt("hi @bo there", 6, SOURCE);
  if (begun === undefined) throw new Error("nothing was offered");
  expect(complete("hi @bo there", begun, "@bob")).toEqual({ text: "hi @bob there", caret: 8 });
  const end = completionAt("@bo", 3, SOURCE);
  if (end === undefined) throw new Error("nothing was offered");
  expect(complete("@bo", end, "@bob")).toEqual({ text: "@bob ", caret: 5 });
});

const EMOJI = { ...SOURCE, emoji: emojiNamed };

function emojiAt(text: string) {
  const { choices, labels, from } = completionAt(text, text.length, EMOJI) ?? {};
  return choices === undefined ? undefined : [from, choices[0], labels?.[0]];
}

test("emoji behind : and two letters, or by a whole name", () => {
  expect(emojiAt("so :tad")).toEqual([3, "🎉", ":tada:"]);
  expect(emojiAt("(:tada:")).toEqual([1, "🎉", ":tada:"]);
  for (const text of [":t", ":D", "10:30", "a:tada", ":tad:", ":tada: ", "http://"]) {
    expect([text, emojiAt(text)]).toEqual([text, undefined]);
  }
});
