import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { runProgram } from "../../src/cli/program.ts";
import { VERBS } from "../../src/commands/table.ts";
import { type FakeOptions, fakeWorld } from "./fake-world.ts";

async function run(line: string, options: FakeOptions = {}) {
  const world = fakeWorld({ ...options, env: { PAGER: "cat", ...options.env } });
  const argv = line.split(" ").filter((word) => word !== "");
  const exitCode = await runProgram({ name: "chat", summary: "", verbs: VERBS }, argv, world);
  return { exitCode, out: world.stdout.text, err: world.stderr.text };
}

test("chat help lists commands and guides", async () => {
  const { exitCode, out } = await run("help");
  expect(exitCode).toBe(0);
  for (const line of [
    /^ {2}Files +send-file {2}get-file/m,
    /^ {2}class +for teachers$/m,
    /^ {2}backup\.md /m,
  ]) {
    expect(out).toMatch(line);
  }
  const lines = (await run("help --json")).out.trim().split("\n");
  const guides = lines.map((line) => JSON.parse(line));
  expect(guides).toContainEqual({
    kind: "guide",
    name: "class",
    title: expect.stringContaining("class"),
    about: "for teachers",
    group: "Start",
  });
});

test("a guide is Markdown in a pipe, and wrapped text on a terminal", async () => {
  const text = readFileSync("docs/backup.md", "utf8");
  for (const name of ["backup.md", "docs/backup.md"]) {
    expect(await run(`help ${name}`)).toEqual({ exitCode: 0, out: text, err: "" });
  }
  const { out } = await run("help backup.md --no-color", { terminal: true });
  expect(out).not.toContain("\x1b");
  expect(out).toContain("Backups and upgrades\n====");
  expect(JSON.parse((await run("help sealed --json")).out)).toMatchObject({
    kind: "guide",
    name: "sealed",
    text: readFileSync("docs/sealed.md", "utf8"),
  });
});

test("the help of a command is that of --help, and a terminal names its guide", async () => {
  for (const name of ["send", "backup", "admin", "admin kick"]) {
    expect(await run(`help ${name}`)).toEqual(await run(`${name} --help`));
  }
  const { err } = await run("help backup", { terminal: true });
  expect(err).toContain("There is also a guide: chat help backup.md\n");
  expect((await run("help send", { terminal: true })).err).toBe("");
});

test("a question is answered in any words", async () => {
  const { exitCode, out } = await run("help who is late");
  expect(exitCode).toBe(0);
  expect(out).toStartWith("## How do I see who handed in late, or not at all?\n");
  const json = JSON.parse((await run("help forgot password --json")).out);
  expect(json).toMatchObject({ kind: "answer", guide: "accounts" });
});

test.each([
  ["bakcup", "did you mean chat help backup"],
  ["quarantine", "did you mean chat help install?"],
  ["nonesuch", "chat help lists them"],
  ["../LICENSE", "chat help lists them"],
])("an unknown guide %p is not found, with suggestions", async (name, remedy) => {
  const { exitCode, out, err } = await run(`help ${name}`);
  expect([exitCode, out]).toEqual([4, ""]);
  expect(err).toContain(`chat: no command or guide '${name}'; ${remedy}`);
});
