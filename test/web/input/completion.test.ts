import { expect, test } from "bun:test";
import { searchEmojiNames } from "../../../src/ui/text/emoji.ts";
import { completeInput, completionAt, enterEffect } from "../../../src/web/input/completion.ts";

const SOURCE = {
  names: () => ["ana", "Anton", "bob", "Susana"],
  namesLike: (query: string) => ("ruíz".startsWith(query) && query !== "" ? ["zoe", "ana"] : []),
  rooms: ["lobby", "physics"],
  commands: ["join", "leave", "me", "msg"],
};

function choices(text: string, caret = text.length) {
  return completionAt(text, caret, SOURCE)?.choices;
}

test("completes names after @, prefix matches first, ignoring case", () => {
  expect(choices("hi @an")).toEqual(["@ana", "@Anton", "@Susana"]);
  expect(choices("hi ＠an")).toEqual(["@ana", "@Anton", "@Susana"]);
  expect(choices("@B")).toEqual(["@bob"]);
  expect(choices("(@bo")).toEqual(["@bob"]);
});

test("asks for no names where none can be completed", () => {
  const source = {
    ...SOURCE,
    names: () => {
      throw new Error("asked for names");
    },
  };
  for (const text of ["hello", "no @ here, and more", "/jo", "#lob", ":smi"])
    expect(() => completionAt(text, text.length, source)).not.toThrow();
});

test("completes names by display names after those that match", () => {
  expect(choices("hi @ruí")).toEqual(["@zoe", "@ana"]);
  expect(choices("hi @r")).toEqual(["@zoe", "@ana"]);
  expect(choices("hi @")).toEqual(["@ana", "@Anton", "@bob", "@Susana"]);
});

test("completes full names, in which a space ends no mention", () => {
  const full = ["muhammad rizki", "muhammad rahmat"];
  const namesLike = (query: string) =>
    full.filter((name) => name.startsWith(query)).map((name) => name.replace(" ", "-"));
  const at = (text: string) => completionAt(text, text.length, { ...SOURCE, namesLike });
  expect(at("hi @muhammad r")?.choices).toEqual(["@muhammad-rizki", "@muhammad-rahmat"]);
  const riz = at("(@muhammad riz");
  expect(riz).toMatchObject({ choices: ["@muhammad-rizki"], from: 1 });
  expect(riz && completeInput("(@muhammad riz", riz, "@muhammad-rizki").text).toBe(
    "(@muhammad-rizki ",
  );
  expect(at("hi @muhammad and")).toBeUndefined();
  expect(at("hi @ana ")).toBeUndefined();
  expect(at("@muhammad rizki, @an")?.choices).toEqual(["@ana", "@Anton", "@Susana"]);
});

test.each([
  // The only suggestion is taken; of several, the first is selected before it can be taken.
  ["hi @bo", "@bob"],
  ["hi @an", "select"],
  ["hi @ruí", "select"],
  // These already name somebody.
  ["hi @ana", undefined],
  ["hi @BOB", undefined],
  // Enter sends other texts, and takes a command that is selected.
  ["see #ph", undefined],
])("Enter after %j has the effect %j", (text, effect) => {
  const completion = completionAt(text, text.length, SOURCE);
  if (completion === undefined) throw new Error("no suggestions");
  expect(enterEffect(text, completion, -1, SOURCE.names())).toBe(effect);
});

test("Enter takes the selected choice, unless it is typed already", () => {
  const completion = completionAt("/m", 2, SOURCE);
  if (completion === undefined) throw new Error("no suggestions");
  expect(enterEffect("/m", completion, 0, SOURCE.names())).toBe("/me");
  expect(enterEffect("/me", { ...completion, to: 3 }, 0, SOURCE.names())).toBeUndefined();
});

test("ignores email addresses and text after the caret", () => {
  expect(choices("mail me@an")).toBeUndefined();
  expect(choices("@bo and more", 3)).toEqual(["@bob"]);
  expect(choices("@nobody")).toBeUndefined();
});

test("completes rooms after #, and commands only at the start", () => {
  expect(choices("see #ph")).toEqual(["#physics"]);
  expect(choices("/m")).toEqual(["/me", "/msg"]);
  expect(choices("say /m")).toBeUndefined();
  expect(choices("//m")).toBeUndefined();
});

test("replaces the typed prefix with the choice and one space", () => {
  const begun = completionAt("hi @bo there", 6, SOURCE);
  if (begun === undefined) throw new Error("nothing was offered");
  expect(completeInput("hi @bo there", begun, "@bob")).toEqual({ text: "hi @bob there", caret: 8 });
  const end = completionAt("@bo", 3, SOURCE);
  if (end === undefined) throw new Error("nothing was offered");
  expect(completeInput("@bo", end, "@bob")).toEqual({ text: "@bob ", caret: 5 });
});

const EMOJI = { ...SOURCE, emoji: searchEmojiNames };

function emojiAt(text: string) {
  const { choices, labels, from } = completionAt(text, text.length, EMOJI) ?? {};
  return choices === undefined ? undefined : [from, choices[0], labels?.[0]];
}

test("completes emoji after : and two letters, or a full name", () => {
  expect(emojiAt("so :tad")).toEqual([3, "🎉", ":tada:"]);
  expect(emojiAt("(:tada:")).toEqual([1, "🎉", ":tada:"]);
  for (const text of [":t", ":D", "10:30", "a:tada", ":tad:", ":tada: ", "http://"]) {
    expect([text, emojiAt(text)]).toEqual([text, undefined]);
  }
});
