import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CLUSTER_CODE_POINTS_MAX } from "../../../src/base/limits.ts";
import { displayChatRecord } from "../../../src/cli/chat/console.ts";
import { type DisplayRecord, renderRecord, styleOf } from "../../../src/cli/output/render.ts";
import { printData } from "../../../src/cli/output/result.ts";
import { textLines } from "../../../src/cli/screen/view/message-text.ts";
import { lineWidth } from "../../../src/cli/screen/view/style.ts";
import {
  type ChangeMap,
  noteChange,
  reactionsOf,
  withChanges,
} from "../../../src/core/model/changes.ts";
import { hasNoItem, itemOf } from "../../../src/core/model/item.ts";
import { briefText } from "../../../src/ui/text/event-text.ts";
import { timesIn } from "../../../src/ui/text/times.ts";
import { loadTexts } from "../../../src/web/browser/texts.ts";
import { KINDS, RECORD_KINDS } from "../../../src/wire/kinds.ts";
import { fakeContext } from "../../commands/fake-world.ts";
import { record as chatRecord } from "../../core/model-scene.ts";
import { ACTIVE, HOSTILE_TEXTS, largestCluster } from "../../hostile-texts.ts";
import { sampleSize } from "../../samples.ts";

/** A program's own colours, which commands remove from what others wrote. */
const OWN_COLOR = /\x1b\[[\d;]*m/g;

const CASES = Object.entries(HOSTILE_TEXTS);

const styled = (terminal: boolean) => styleOf(fakeContext({ terminal }).context);

function record(text: string): DisplayRecord {
  const fields = { timeUnixMs: 1, destination: { room: "lobby" }, seq: 1, from: "eve" };
  return { ...fields, kind: "text", text } as unknown as DisplayRecord;
}

function harmless(text: string): void {
  expect(text).not.toMatch(ACTIVE);
  expect(text.isWellFormed()).toBe(true);
  expect(largestCluster(text)).toBeLessThanOrEqual(CLUSTER_CODE_POINTS_MAX);
}

function marked(text: string): readonly string[] {
  if (text.length > 10_000) return [text];
  return [text, `**${text}** \`${text}\``, `\`\`\`\n${text}\n\`\`\``, `> - ${text}`];
}

/** Expects that further lines of a message never look like lines of the program. */
function expectIndented(lines: string): void {
  for (const further of lines.split("\n").slice(1, -1)) expect(further).toMatch(/^\s+|^[|│]/);
}

describe.each(CASES)("hostile text: %s", (_, text) => {
  test("does not control a terminal, whatever a command forgets to clean", () => {
    const screen = fakeContext({ terminal: true });
    screen.context.stdout.write(`${text}\n`);
    screen.context.stdout.write(Buffer.from(text));
    harmless(screen.world.stdout.text.replaceAll(OWN_COLOR, ""));
    const exported = fakeContext({ terminal: true });
    printData(exported.context, { kind: "accounts" }, `name\r\n"${text}","x"\r\n`);
    harmless(exported.world.stdout.text);
    const piped = fakeContext({ terminal: false });
    piped.context.stdout.write(text);
    expect(piped.world.stdout.text).toBe(text);
  });

  test("cannot imitate another line in line mode", () => {
    const line = renderRecord(record(text), styled(true));
    harmless(line);
    expect(line).toEndWith("\n");
    expectIndented(line);
  });

  test("cannot imitate another line as a caption or an edit", () => {
    const file = { id: "fAAAAAAAAAAA", name: "a", sizeBytes: 1, digest: "", chunks: 1 };
    for (const body of [
      { kind: "file", text, files: [file, file] },
      { kind: "edited", of: 1, text },
    ]) {
      const displayed = { ...record(""), ...body } as unknown as DisplayRecord;
      const line = renderRecord(displayed, styled(true));
      harmless(line);
      expectIndented(line);
      expect(renderRecord(displayed, styled(false)).split("\n")).toHaveLength(2);
    }
  });

  test("keeps its markup on one coloured line", () => {
    const style = { ...styled(true), color: true, me: "ana" };
    for (const around of marked(text)) {
      const line = renderRecord(record(around), style);
      harmless(line.replaceAll(/\x1b\[[0-9;]*m/g, ""));
      for (const further of line.split("\n").slice(1, -1)) expect(further).toMatch(/^ {2}\|/);
    }
  });

  test("keeps its markup within the message on the full screen", () => {
    for (const around of marked(text)) {
      const lines = textLines({ text: around, mentions: ["ana"], me: "ana", mark: [] }, 20);
      for (const line of lines) {
        harmless(line.map((span) => span.text).join(""));
        expect(lineWidth(line)).toBeLessThanOrEqual(20);
        for (const { link } of line) expect(link ?? "https://").toMatch(/^https?:\/\//);
      }
    }
  });
});

const ANY_BODY = fc.dictionary(
  fc.constantFrom(...new Set(Object.values(KINDS).flatMap(({ body }) => Object.keys(body)))),
  fc.oneof(fc.jsonValue(), fc.integer(), fc.string(), fc.boolean()),
);

test("no body of a record makes an interface fail", async () => {
  const texts = await loadTexts("en");
  const times = timesIn(texts);
  const kinds = fc.constantFrom(...RECORD_KINDS, "later");
  const styles = [styled(true), styled(false), { ...styled(false), format: "json" as const }];
  fc.assert(
    fc.property(kinds, ANY_BODY, (kind, body) => {
      const received = chatRecord(5, { kind, from: "eve", body });
      const item = itemOf(received, "ana", () => true);
      const changes: ChangeMap = new Map();
      noteChange(changes, received);
      harmless(briefText(withChanges(item, changes.get(5), "ana"), texts, times));
      for (const [seq, change] of changes) reactionsOf(change, `${seq}`);
      expect(hasNoItem(received)).toBeBoolean();
      for (const style of styles) {
        expect(renderRecord(displayChatRecord(received, "ana"), style)).toEndWith("\n");
      }
    }),
    { numRuns: sampleSize(2_000, 10_000) },
  );
});
