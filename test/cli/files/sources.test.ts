import { expect, test } from "bun:test";
import { SourceNotes } from "../../../src/cli/files/sources.ts";
import { ENGLISH_TERMINAL } from "../../../src/ui/messages/en/terminal.ts";
import { sent } from "../../io/file-carrier.ts";

test("lists ten skipped entries on a screen, and counts the others", () => {
  for (const count of [10, 300]) {
    const skipped = Array.from({ length: count }, (_, n) => ({ path: `${n}`, reason: "link" }));
    const lines: string[] = [];
    const notes = new SourceNotes({ ...sent("many", new Uint8Array()), skipped });
    notes.report((text) => lines.push(text(ENGLISH_TERMINAL)));
    const listed = skipped.slice(0, 10).map(({ path }) => `skipped ${path}: link`);
    expect(lines).toEqual(count === 10 ? listed : [...listed, "many: skipped 290 more entries"]);
  }
});
