import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { SERVE_FLAGS } from "../../../src/cli/serve/flags.ts";

function codeIn(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const sources = files.filter((path) => path.endsWith(".ts"));
  return sources.map((path) => readFileSync(`${folder}/${path}`, "utf8")).join("\n");
}

function occurrences(name: string, code: string): number {
  return code.match(new RegExp(String.raw`\b${name}\b`, "g"))?.length ?? 0;
}

test("the program reads the value of each flag", () => {
  const code = codeIn("src/cli") + codeIn("src/commands");
  const flags = Object.keys(SERVE_FLAGS);
  expect(flags.length).toBeGreaterThan(40);
  expect(flags.filter((flag) => occurrences(flag, code) < 2)).toEqual([]);
});

test("each setting of the server is set by the program and read by a service", () => {
  const [, fields = ""] =
    /interface ServerSettings \{\n([^}]*)\n\}/.exec(
      readFileSync("src/server/kernel/context.ts", "utf8"),
    ) ?? [];
  const names = [...fields.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(10);
  const [server, program] = [codeIn("src/server"), codeIn("src/cli/serve")];
  expect(names.filter((name) => occurrences(name, server) < 2)).toEqual([]);
  expect(names.filter((name) => occurrences(name, program) === 0)).toEqual([]);
});
