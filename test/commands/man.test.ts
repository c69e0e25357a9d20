import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Verb, VerbRow, VerbTable } from "../../src/cli/command.ts";
import { GLOBAL_FLAGS } from "../../src/cli/flags.ts";
import { parseStrictly } from "../../src/cli/parser.ts";
import { runProgram } from "../../src/cli/program.ts";
import { VERBS } from "../../src/commands/table.ts";
import { requires } from "../installed.ts";
import { fakeWorld } from "./fake-world.ts";

const PROGRAM = { name: "chat", summary: "", verbs: VERBS };

async function run(...argv: string[]) {
  const world = fakeWorld();
  const exitCode = await runProgram(PROGRAM, argv, world);
  return { exitCode, out: world.stdout.text, err: world.stderr.text };
}

interface Leaf {
  readonly path: readonly string[];
  readonly row: VerbRow;
  readonly verb: Verb;
}

async function leaves(table: VerbTable, path: readonly string[] = []): Promise<Leaf[]> {
  const found: Leaf[] = [];
  for (const [word, row] of Object.entries(table)) {
    const { command } = await row.load();
    const inner = [...path, word];
    if (command.kind === "group") found.push(...(await leaves(command.verbs, inner)));
    else found.push({ path: inner, row, verb: command });
  }
  return found;
}

const LEAVES = (await leaves(VERBS)).filter(({ row }) => row.hidden !== true);
const NAMED = LEAVES.map((leaf) => [leaf.path.join(" "), leaf] as const);

/** The words of an example as a shell has them: quotes are single, and nothing else is special. */
function shellWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
}

describe("examples", () => {
  test.each(NAMED)("of %s are there, and are understood", (_, { path, row, verb }) => {
    const examples = row.examples ?? [];
    expect(examples).not.toBeEmpty();
    for (const example of examples) {
      const words = shellWords(example);
      const begin = words.indexOf("chat") + 1;
      expect(words.slice(begin, begin + path.length)).toEqual([...path]);
      const end = words.findIndex((word) => word === "|" || word === ">");
      // Before it may stand a pipe and variables; behind it another pipe.
      const argv = words.slice(begin + path.length, end > begin ? end : undefined);
      const flags = { ...verb.args, ...GLOBAL_FLAGS };
      expect(parseStrictly(flags, argv, example).kind).toBe("values");
    }
  });

  test.each(NAMED)("of %s stand in its help and in its manual", async (name, { row }) => {
    const { out } = await run(...name.split(" "), "--help");
    for (const example of row.examples ?? []) expect(out).toContain(`  ${example}\n`);
    const manual = (await run("man", ...name.split(" "))).out;
    expect(manual.match(/^\.SH EXAMPLES$/gm)).toHaveLength(1);
  });
});

describe("the manual", () => {
  test("of chat names every command", async () => {
    const { out, exitCode } = await run("man");
    expect(exitCode).toBe(0);
    expect(out).toStartWith('.TH "CHAT" 1 ');
    for (const [word, { hidden }] of Object.entries(VERBS)) {
      const entry = `.TP\n\\fB${word.replaceAll("-", "\\-")}\\fP\n`;
      expect(out.includes(entry)).toBe(hidden !== true);
    }
  });

  test.each([
    [["man", "sedn"], "chat has no command 'sedn'; did you mean send?"],
    [["man", "admin", "kik"], "chat admin has no command 'kik'; did you mean kick?"],
    [["man", "send", "more"], "chat send has no command 'more'; see chat send --help"],
    [["man", "toString"], "chat has no command 'toString'; see chat --help"],
  ])("%p is wrong usage", async (argv, sentence) => {
    expect(await run(...argv)).toEqual({ exitCode: 2, out: "", err: `chat: ${sentence}\n` });
  });

  requires("groff").test("is roff without a warning, and shows each word", async () => {
    for (const words of [[], ["admin"], ["admin", "room"], ...LEAVES.map(({ path }) => path)]) {
      const { out } = await run("man", ...words);
      const groff = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou"];
      const { stdout, stderr } = Bun.spawnSync(groff, { stdin: Buffer.from(out) });
      expect(stderr.toString()).toBe("");
      expect(stdout.toString()).toContain("EXIT STATUS");
      expect(stdout.toString()).not.toMatch(/\\[a-z&(]|^\.[A-Z]{2}/m);
    }
  });

  test("is written whole, a file for each page, and over what was there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "chat-man-"));
    try {
      const pages = join(folder, "share", "man", "man1");
      const install = ["man", "--install", join(folder, "share", "man")];
      const names = LEAVES.map(({ path }) => ["chat", ...path].join("-"));
      const all = ["chat", "chat-admin", "chat-admin-room", "chat-cluster", ...names].map(
        (name) => `${name}.1`,
      );
      const said = `chat: ${all.length} pages are in ${pages}\n`;
      expect(await run(...install)).toEqual({ exitCode: 0, out: "", err: said });
      expect(readdirSync(pages).sort()).toEqual(all.sort());
      const kick = () => readFileSync(join(pages, "chat-admin-kick.1"), "utf8");
      expect(kick()).toBe((await run("man", "admin", "kick")).out);
      writeFileSync(join(pages, "chat-admin-kick.1"), "old");
      const json = { kind: "manual", path: pages, pages: all.length };
      expect(JSON.parse((await run(...install, "--json")).out)).toEqual(json);
      expect(kick()).toStartWith('.TH "CHAT');
      const beneath = await run("man", "--install", join(pages, "chat.1"));
      expect([beneath.exitCode, beneath.err]).toEqual([1, expect.stringContaining("chat.1/man1")]);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect((await run("man", "send", "--install", folder)).exitCode).toBe(2);
  });

  test("keeps hyphens, quotes and lines that begin with a dot", async () => {
    const { out } = await run("man", "send");
    expect(out).toContain("\\fB\\-\\-to TARGET\\fP\n");
    expect(out).toContain("chat send \\(aqThe build is done.\\(aq\n");
    for (const line of out.split("\n")) expect(line).not.toMatch(/^\.(?!TH|SH|TP|PP|br|nf|fi)/);
  });
});
