import { describe, expect, test } from "bun:test";
import { CLUSTER_CODE_POINTS_MAX } from "../../../src/base/limits.ts";
import { type DisplayRecord, renderRecord, styleOf } from "../../../src/cli/output/render.ts";
import { textLines } from "../../../src/cli/screen/view/message-text.ts";
import { lineWidth } from "../../../src/cli/screen/view/style.ts";
import { fakeContext } from "../../commands/fake-world.ts";
import { ACTIVE, HOSTILE_TEXTS, largestCluster } from "../../hostile-texts.ts";

const CASES = Object.entries(HOSTILE_TEXTS);

const styled = (terminal: boolean) => styleOf(fakeContext({ terminal }).context);

function record(text: string): DisplayRecord {
  const place = { timeUnixMs: 1, destination: { room: "lobby" }, seq: 1, from: "eve" };
  return { ...place, kind: "text", text } as unknown as DisplayRecord;
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

/** Further lines of a message never begin like a line of the program. */
function expectIndented(lines: string): void {
  for (const further of lines.split("\n").slice(1, -1)) expect(further).toMatch(/^\s+|^[|│]/);
}

describe.each(CASES)("%s", (_, text) => {
  test("as a line of a terminal", () => {
    const line = renderRecord(record(text), styled(true));
    harmless(line);
    expect(line).toEndWith("\n");
    expectIndented(line);
  });

  test("as a caption and an edit", () => {
    const file = { id: "fAAAAAAAAAAA", name: "a", sizeBytes: 1, digest: "", chunks: 1, text };
    for (const body of [
      { kind: "file", ...file },
      { kind: "edited", of: 1, text },
    ]) {
      const shown = { ...record(""), ...body } as unknown as DisplayRecord;
      const line = renderRecord(shown, styled(true));
      harmless(line);
      expectIndented(line);
      expect(renderRecord(shown, styled(false)).split("\n")).toHaveLength(2);
    }
  });

  test("as a coloured line of a terminal, between marks", () => {
    const style = { ...styled(true), color: true, me: "ana" };
    for (const around of marked(text)) {
      const line = renderRecord(record(around), style);
      harmless(line.replaceAll(/\x1b\[[0-9;]*m/g, ""));
      for (const further of line.split("\n").slice(1, -1)) expect(further).toMatch(/^ {2}\|/);
    }
  });

  test("as a message on the full screen, between marks", () => {
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
