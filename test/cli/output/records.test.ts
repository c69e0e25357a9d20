import { expect, test } from "bun:test";
import { shownWords } from "../../../src/cli/output/records.ts";

function shown(kind: string, body: Readonly<Record<string, unknown>>) {
  const {
    seq: _seq,
    from: _from,
    ...rest
  } = shownWords({
    seq: 1,
    from: "ana",
    state: "whole",
    kind,
    body,
  });
  return rest;
}

test("bodies of other programs: what is no text, number or list of names is left out", () => {
  const odd = { text: 7, re: "3", react: null, mentions: ["ana", 4, null] };
  expect(shown("text", odd)).toEqual({ kind: "text", text: "", mentions: ["ana"] });
  expect(shown("reaction", odd)).toEqual({ kind: "reaction", react: "" });
  expect(shown("action", {})).toEqual({ kind: "action", text: "" });
  expect(shown("text", { text: "x", mentions: "ana", re: 1.5 })).toEqual({
    kind: "text",
    text: "x",
  });
});
