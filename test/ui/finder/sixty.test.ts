import { expect, test } from "bun:test";
import { Finder } from "../../../src/core/finder/finder.ts";
import { MessageFinder } from "../../../src/core/finder/messages.ts";
import { fileRows } from "../../../src/ui/finder/files.ts";
import { placeRows } from "../../../src/ui/finder/places.ts";
import { parseFinder, searchOf } from "../../../src/ui/finder/query.ts";
import { HELP_EN } from "../../../src/ui/help/en.ts";
import { findAnswers } from "../../../src/ui/help/help.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { SOUGHT, soughtModel } from "./sixty.ts";

const ROWS_SHOWN = 3;
const model = soughtModel();
const context = { open: undefined, nowUnixMs: 0, offsetMinutes: () => 0 } as never;

/** First rows of each kind, as both interfaces show them. */
function found(kind: string, typed: string): readonly string[] {
  const { text } = parseFinder(typed);
  if (kind === "answers") return findAnswers(HELP_EN, text).map(({ question }) => question);
  if (kind === "messages") {
    const query = searchOf(text, context);
    const { found } = query ? new MessageFinder().find(model, query, ROWS_SHOWN) : { found: [] };
    return found.map(({ item }) => item.text);
  }
  const rows = kind === "files" ? fileRows(model) : placeRows(model, ENGLISH);
  const hits = new Finder<{ kind: string; id: string; names: readonly string[] }>(rows).find(
    text,
    99,
  );
  return hits.filter((row) => row.kind === kind).map(({ names: [name = ""] }) => name);
}

test("at least sixty things are sought, twenty of them in public reports", () => {
  expect(SOUGHT.length).toBeGreaterThanOrEqual(60);
  expect(SOUGHT.filter(([, , , report]) => report !== undefined).length).toBeGreaterThanOrEqual(20);
});

const HERE = SOUGHT.filter(([kind]) => kind !== "commands" && kind !== "settings");
test.each(HERE)("%s: %p is among the first rows", (kind, typed, finds) => {
  expect(found(kind, typed).slice(0, ROWS_SHOWN).join("\n")).toContain(finds);
});
