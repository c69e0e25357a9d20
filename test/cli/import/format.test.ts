import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { readImport } from "../../../src/cli/import/format.ts";

const folder = mkdtempSync(join(tmpdir(), "chat-import-"));
afterAll(() => rmSync(folder, { recursive: true }));

function at(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const read = (path: string) => readImport(path, { channel: "general", offsetMinutes: () => 0 });

test.each([
  ["chat", '\n{"kind":"text","seq":1,"time":"2020-01-01T00:00:00Z","from":"a","text":"x"}\n'],
  ["irssi", "--- Log opened Sat Nov 21 09:00:00 2020\n09:01 <a> x\n"],
  ["WeeChat", "2020-11-21 09:01:00\ta\tx\n"],
  [
    "Mattermost",
    '{"type":"version","version":1}\n' +
      '{"type":"post","post":{"channel":"general","user":"a","message":"x","create_at":1}}\n',
  ],
])("a file of %s is known by its lines", (format, text) => {
  const parsed = read(at(format, text));
  expect(parsed.format).toBe(format);
  expect(parsed.entries).toHaveLength(1);
  expect(parsed.problems).toEqual([]);
});

test("a pipe is read to its end", () => {
  const text = "--- Log opened Sat Nov 21 09:00:00 2020\n09:01 <a> x\n";
  const pipe = join(folder, "pipe");
  Bun.spawnSync(["mkfifo", pipe]);
  const writer = Bun.spawn(["sh", "-c", 'cat "$1" > "$2"', "sh", at("log", text), pipe]);
  expect(read(pipe).entries).toHaveLength(1);
  writer.unref();
});

test("a line in Latin-1 is counted", () => {
  const line = "2020-11-21 09:01:00\ta\tcaf";
  const parsed = read(at("latin1", Buffer.concat([Buffer.from(line), Buffer.from([0xe9, 0x0a])])));
  expect(parsed).toMatchObject({ latin1: 1, entries: [{ text: "café" }] });
});

test("a folder is an export of Slack; links in it are not followed", () => {
  const day = at(
    "slack/general/2020-09-13.json",
    '[{"type":"message","text":"x","user":"U","ts":"1"}]',
  );
  symlinkSync(day, join(dirname(day), "2020-09-14.json"));
  expect(read(join(folder, "slack")).entries).toHaveLength(1);
});

test("what is in no known format, or not there, is refused", () => {
  at("empty/README", "x");
  const paths = [at("prose", "Dear ana,\n"), at("nothing", ""), join(folder, "empty"), "/no/such"];
  const codes = paths.map((path) => {
    try {
      read(path);
    } catch (error) {
      if (error instanceof Fault) return error.code;
    }
    return "none";
  });
  expect(codes).toEqual(["usage", "usage", "usage", "not-found"]);
});
