import { expect, test } from "bun:test";
import { exportLines } from "../../../../src/web/view/admin/log-export.ts";

const line = (text: string) => ({ unixMs: 1_800_000_000_000, label: "text", text });

test("exports a log as JSON lines", () => {
  const file = exportLines("jsonl", [line('a "b"\nc'), line("d")]);
  expect(file.split("\n")).toHaveLength(3);
  expect(JSON.parse(file.split("\n")[0] ?? "")).toEqual({
    time: "2027-01-15T08:00:00.000Z",
    what: "text",
    text: 'a "b"\nc',
  });
  expect(exportLines("jsonl", [])).toBe("");
});

test("exports a log as CSV, with cells and formulas escaped", () => {
  const file = exportLines("csv", [
    line('a "b", c'),
    ...["=1+1", "+x", "-x", "@x", "\tx"].map(line),
  ]);
  const rows = file.split("\r\n");
  expect(rows[0]).toBe("time,what,text");
  expect(rows[1]).toBe('"2027-01-15T08:00:00.000Z","text","a ""b"", c"');
  expect(rows.slice(2, -1).every((row) => row.includes(`,"'`))).toBe(true);
  expect(exportLines("csv", [])).toBe("time,what,text\r\n");
});
