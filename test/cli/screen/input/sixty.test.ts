import { expect, test } from "bun:test";
import { slashRows } from "../../../../src/cli/chat/slash.ts";
import { slashSummary } from "../../../../src/cli/chat/slash-grammar.ts";
import { type FinderRow, finderLines } from "../../../../src/cli/screen/state/finder.ts";
import { ENGLISH_TERMINAL } from "../../../../src/ui/messages/en/terminal.ts";
import { SOUGHT, soughtModel } from "../../../ui/finder/sixty.ts";
import { Screen } from "./scene.ts";

const ROWS_PER_GROUP = 3;
const MISSED_MAX = 2;

function textOf(row: FinderRow): string {
  if (row.kind === "messages") return row.found.item.text;
  if (row.kind === "answers") return row.entry.question;
  if (row.kind === "commands" || row.kind === "values") return row.id;
  return "names" in row ? row.names.join(" ") : "";
}

/** The name of a setting lists its values. */
function kindOf({ kind }: FinderRow): string {
  return kind === "values" ? "settings" : kind;
}

/** Listed rows of the kind. */
function found(screen: Screen, kind: string, typed: string): readonly string[] {
  screen.press("alt-k").type(typed);
  const { overlay } = screen.state;
  if (overlay?.kind !== "finder") throw new Error("no finder");
  const rows = finderLines(overlay, screen.context.model, ROWS_PER_GROUP).flatMap((line) =>
    line.kind === "row" && kindOf(line.row) === kind ? [textOf(line.row)] : [],
  );
  return rows.slice(0, ROWS_PER_GROUP);
}

test("of sixty things, at most two are not in the first rows of their group", () => {
  const commands = slashRows().map((row) => {
    return { ...row, summary: slashSummary(ENGLISH_TERMINAL, row.name) };
  });
  const source = { ...new Screen().context.source, commands };
  const missed = SOUGHT.filter(([kind, typed, finds]) => {
    const rows = found(new Screen(soughtModel(), { source }), kind, typed);
    return !rows.some((row) => row.includes(finds));
  });
  expect(missed.length, JSON.stringify(missed)).toBeLessThanOrEqual(MISSED_MAX);
});
