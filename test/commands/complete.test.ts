import { describe, expect, test } from "bun:test";
import { runProgram } from "../../src/cli/program.ts";
import { VERBS } from "../../src/commands/table.ts";
import { isInstalled } from "../installed.ts";
import { fakeWorld } from "./fake-world.ts";

const PROGRAM = { name: "chat", summary: "", verbs: VERBS };

async function complete(...words: string[]): Promise<string[]> {
  const world = fakeWorld();
  expect(await runProgram(PROGRAM, ["complete", "--", ...words], world)).toBe(0);
  return world.stdout.text.split("\n").slice(0, -1);
}

describe("what a shell is told", () => {
  test.each([
    [["ser"], ["serve"]],
    [["send"], ["send", "send-file"]],
    [["comp"], ["completions"]],
    [["admin", "ki"], ["kick"]],
    [["join", "--reg"], ["--register"]],
    [["serve", "--no-u"], ["--no-udp"]],
    [
      ["join", "--transport", ""],
      ["auto", "tcp", "udp"],
    ],
    [["join", "--transport", "u"], ["udp"]],
    [["--json", "vers"], ["version"]],
    [["send", "--to", ""], []],
    [["send", "hel"], []],
    [["send", "--", "--t"], []],
    [["toString", ""], []],
    [["nonsense", "--"], []],
  ])("%p becomes %p", async (words, found) => {
    expect(await complete(...words)).toEqual(found);
  });

  test("nothing typed: every command that help shows", async () => {
    const shown = Object.keys(VERBS).filter((name) => VERBS[name]?.hidden !== true);
    expect(await complete("")).toEqual(shown);
    expect(shown).not.toContain("complete");
  });
});

test.each(["bash", "zsh", "fish"])("there is a script for %s, which asks chat", async (shell) => {
  const world = fakeWorld();
  expect(await runProgram(PROGRAM, ["completions", shell], world)).toBe(0);
  expect(world.stdout.text).toContain("chat complete -- ");
  expect(world.stdout.text).not.toMatch(/\beval\b|compgen -W/);
});

test("another shell is wrong usage", async () => {
  const world = fakeWorld();
  expect(await runProgram(PROGRAM, ["completions", "csh"], world)).toBe(2);
  expect(world.stderr.text).toBe("chat: 'csh' is no shell that chat knows; use bash, zsh, fish\n");
});

test.if(isInstalled("bash"))("bash completes with it, and evaluates nothing", async () => {
  const world = fakeWorld();
  await runProgram(PROGRAM, ["completions", "bash"], world);
  const chat = "chat() { printf '%s\\n' \"got $#\" '$(echo evaluated)' \"$4\"; }";
  const line = "COMP_WORDS=(chat send '$(echo no)'); COMP_CWORD=2; _chat";
  const script = `${chat}\n${world.stdout.text}\n${line}\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = Bun.spawnSync(["bash", "-c", script]);
  expect(stdout.toString()).toBe("got 4\n$(echo evaluated)\n$(echo no)\n");
});
