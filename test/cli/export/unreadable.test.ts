import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../../src/cli/context.ts";
import { Exporter } from "../../../src/cli/export/exporter.ts";
import type { ExportSource } from "../../../src/cli/export/source.ts";
import { Omissions } from "../../../src/cli/files/omissions.ts";
import { NO_KEY } from "../../../src/cli/output/records.ts";
import type { DisplayRecord } from "../../../src/cli/output/render.ts";
import { tempFolder } from "../../temp-folder.ts";

const recordOf = (seq: number, body: object) =>
  ({
    seq,
    from: "ana",
    timeUnixMs: 0,
    destination: { room: "vault" },
    sealed: true,
    ...body,
  }) as DisplayRecord;
const text = (seq: number) => recordOf(seq, { kind: "text", text: "hi" });
const unreadable = (seq: number) => recordOf(seq, { kind: "unreadable", reason: NO_KEY });

test("names the records that only other devices can read, once per room", async () => {
  const printed: string[] = [];
  const stdout = { write: (line: string) => printed.push(line) };
  const stderr = { write: (line: string) => printed.push(line), columns: () => 200 };
  const context = {
    json: true,
    stdout,
    stderr,
    clock: { now: () => 0, unixMs: () => 0 },
  } as unknown as Context;
  const rooms = { vault: [text(1), unreadable(2), unreadable(3)], lobby: [text(4)] };
  const source: ExportSource = {
    rooms: () =>
      Object.entries(rooms).map(([name, page]) => ({
        name,
        title: name,
        async *pages() {
          yield page;
        },
      })),
    save: () => Promise.reject(new Error("no file is saved")),
    read: () => Promise.reject(new Error("no file is read")),
  };
  const omissions = new Omissions(context, (line) => printed.push(line));
  const out = join(tempFolder(), "out");
  const exporter = new Exporter(context, source, { out, html: false, files: true, omissions });
  const result = await exporter.run(source.rooms([]));
  expect(result).toMatchObject({ records: 4, files: 0, unreadable: 2 });
  expect(omissions.exitCode()).toBe(7);
  const all = printed.join("");
  expect(all).toContain("vault: 3 records, 2 of them encrypted and unreadable on this device");
  expect(all).toContain("lobby: 1 record");
  expect(all.match(/"kind":"skipped"/g)).toHaveLength(1);
  expect(all).toContain('"path":"vault","reason":"2 records encrypted');
  expect(readFileSync(join(out, "vault.ndjson"), "utf8").split("\n")).toHaveLength(4);
});
