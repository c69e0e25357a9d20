import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMPLETIONS_MAX } from "../../src/base/limits.ts";
import { runProgram } from "../../src/cli/program.ts";
import { VERBS } from "../../src/commands/table.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import { requires } from "../installed.ts";
import { tempFolder } from "../temp-folder.ts";
import { fakeWorld } from "./fake-world.ts";

const PROGRAM = { name: "chat", summary: "", verbs: VERBS };

async function complete(...words: string[]): Promise<string[]> {
  const world = fakeWorld();
  expect(await runProgram(PROGRAM, ["complete", "--", ...words], world)).toBe(0);
  return world.stdout.text.split("\n").slice(0, -1);
}

describe("completions", () => {
  test.each([
    [["ser"], ["serve"]],
    [["join", "--reg"], ["--register"]],
    [["serve", "--no-u"], ["--no-udp"]],
    [
      ["join", "--transport", ""],
      ["auto", "tcp", "udp"],
    ],
    [
      ["history", "--kind", "text,r"],
      ["text,reaction", "text,rename", "text,retention", "text,receipts", "text,rules"],
    ],
    [["history", "--kind=text,text"], []],
    [["send", "--", "--t"], []],
    [["receive", "7-tig"], ["7-tiger-"]],
    [["receive", "7-tiger-can"], ["7-tiger-canoe"]],
    [["receive", "chat:"], []],
    [["toString", ""], []],
    [["nonsense", "--"], []],
  ])("%p becomes %p", async (words, found) => {
    expect(await complete(...words)).toEqual(found);
  });

  test.each([[["send-file", ""]], [["send-file", "a", "b", "c"]], [["backup", ""]]])(
    "%p leaves paths to the shell",
    async (words) => {
      const world = fakeWorld();
      expect(await runProgram(PROGRAM, ["complete", "--", ...words], world)).toBe(4);
      expect([world.stdout.text, world.stderr.text]).toEqual(["", ""]);
    },
  );
});

test("the script for PowerShell calls this program", async () => {
  const world = fakeWorld();
  const args = ["completions", "powershell", "--program", "C:\\it's here\\chat.exe"];
  expect(await runProgram(PROGRAM, args, world)).toBe(0);
  expect(world.stdout.text).toContain("& 'C:\\it''s here\\chat.exe' complete --describe --");
  expect(world.stdout.text).not.toContain("Invoke-Expression");
});

test.each(["bash", "zsh", "fish"])("the script for %s calls this program", async (shell) => {
  const folder = join(tempFolder(), "it's here");
  mkdirSync(folder);
  symlinkSync(process.execPath, join(folder, "lanchat"));
  writeFileSync(join(folder, "chat"), "another program", { mode: 0o755 });
  const world = fakeWorld({ env: { PATH: folder } });
  expect(await runProgram(PROGRAM, ["completions", shell], world)).toBe(0);
  const quoted = `'${folder.replace("'", "'\\''")}/lanchat'`;
  expect(world.stdout.text).toContain(`(${quoted} complete -`);
  expect(world.stdout.text).not.toMatch(/\beval\b|compgen -W/);
});

requires("bash").test("bash completes with it, and evaluates nothing", async () => {
  const world = fakeWorld();
  await runProgram(PROGRAM, ["completions", "bash", "--program", "chat"], world);
  const chat = "chat() { printf '%s\\n' \"got $#\" '$(echo evaluated)' \"$4\"; }";
  const typed = "COMP_LINE='chat send $(echo no)'; COMP_POINT=19";
  const line = `${typed}; COMP_WORDS=(chat send '$(echo no)'); COMP_CWORD=2; _chat`;
  const script = `${chat}\n${world.stdout.text}\n${line}\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = Bun.spawnSync(["bash", "-c", script]);
  expect(stdout.toString()).toBe("got 4\n$(echo evaluated)\n$(echo no)\n");
});

describe("names from this device's own state", () => {
  const files = [{ id: "fAAAAAAAAAAA", name: "a\u001b[31m\u202e\tb.txt" }];

  function home(places: readonly (readonly [place: string, from: string])[] = PLACES) {
    const folder = mkdtempSync(join(tmpdir(), "chat-complete-"));
    const state = ClientState.open(folder);
    const pin = { address: "192.0.2.7:2428", fingerprint: "F", name: "Room 12" };
    state.setPin({ ...pin, firstSeenUnixMs: 1 });
    state.setLastServer(pin.address, 1, true);
    state.setLastUser("F", "ana", 1, true);
    const reader = { fingerprint: "F", formers: [], user: "ana" };
    const records = places.map(([place, from], i) => {
      return { seq: i + 1, leaf: new Uint8Array(32), room: "r", place, from, timeUnixMs: 1 };
    });
    state.logPins.storeRecords(reader, records);
    state.knownFiles.add("F", files);
    state.close();
    // Hides servers that run on this machine, which would come first.
    const env = { CHAT_HOME: folder, XDG_RUNTIME_DIR: join(folder, "none") };
    const ask = async (words: readonly string[], flags: readonly string[] = []) => {
      const world = fakeWorld({ env });
      expect(await runProgram(PROGRAM, ["complete", ...flags, "--", ...words], world)).toBe(0);
      expect(world.stderr.text).toBe("");
      return world.stdout.text.split("\n").slice(0, -1);
    };
    return { ask, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  }

  const PLACES = [
    ["#lobby", "ana"],
    ["#lab", "bob"],
    ["@eve", "eve"],
    ["#$(touch x)", "`id`"],
    ["#a b", "-rf"],
  ] as const;

  test.each([
    [
      ["send", "--to", ""],
      ["lab", "lobby", "@eve", "@-rf", "@bob", "@ana"],
    ],
    [["history", "--room", "la"], ["lab"]],
    [["history", "--with", "@e"], ["@eve"]],
    [
      ["history", "--server", "192.0.2.7", "--room", ""],
      ["lab", "lobby"],
    ],
    [["get-file", ""], ["fAAAAAAAAAAA"]],
    [
      ["admin", "kick", ""],
      ["eve", "bob", "ana"],
    ],
    [["admin", "mute", "bob", ""], []],
    [["trust", "forget", ""], ["192.0.2.7:2428"]],
    [["man", "admin", "ki"], ["kick"]],
    [
      ["completions", ""],
      ["bash", "zsh", "fish", "powershell"],
    ],
  ])("%p becomes %p", async (words, found) => {
    using place = home();
    expect(await place.ask(words)).toEqual(found);
  });

  test("omits characters that a shell interprets, and sanitises file names", async () => {
    using place = home();
    for (const words of [
      ["send", "--to", ""],
      ["history", "--from", ""],
      ["get-file", ""],
    ]) {
      for (const flags of [[], ["--describe"]]) {
        for (const line of await place.ask(words, flags)) {
          expect(line.split("\t")[0]).toMatch(/^[@A-Za-z0-9_-]*$/);
          expect(line).not.toMatch(/[\u0000-\u0008\u001b\u202e]/);
        }
      }
    }
    expect(await place.ask(["get-file", ""], ["--describe"])).toEqual([
      "fAAAAAAAAAAA\ta␛[31m<U+202E>␉b.txt",
    ]);
  });

  test("limits the candidates to a screen", async () => {
    const many = Array.from({ length: COMPLETIONS_MAX + 5 }, (_, i) => [`#r${i}`, "ana"] as const);
    using place = home(many);
    expect(await place.ask(["history", "--room", ""])).toHaveLength(COMPLETIONS_MAX);
  });
});

// Words as bash splits them. Readline replaces the text after the last `:` or `=`.
requires("bash").test.each([
  ["chat send --to=lo", ["chat", "send", "--to", "=", "lo"], "lobby"],
  ["chat join 10.0.0.1:2", ["chat", "join", "10.0.0.1", ":", "2"], "2428"],
  ["chat get-file ", ["chat", "get-file", ""], "fAAAAAAAAAAA"],
])("bash puts %p together again", async (typed, cut, replacement) => {
  const world = fakeWorld();
  await runProgram(PROGRAM, ["completions", "bash", "--program", "chat"], world);
  const asked = typed.split(" ").slice(1).join(" ");
  const head = asked.slice(0, asked.search(/\S*$/));
  const last = asked.slice(head.length);
  const answer = `${last.slice(0, last.search(/[^:=]*$/))}${replacement}`;
  const chat = `chat() { shift 2; [ "$*" = '${asked}' ] && printf '%s\\n' '${answer}'; }`;
  const words = cut.map((word) => `'${word}'`).join(" ");
  const line = `COMP_LINE='${typed}'; COMP_POINT=${typed.length}; COMP_WORDS=(${words})`;
  const call = `${line}; COMP_CWORD=${cut.length - 1}; _chat; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = Bun.spawnSync(["bash", "-c", `${chat}\n${world.stdout.text}\n${call}`]);
  expect(stdout.toString()).toBe(`${replacement}\n`);
});
