import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pngOf } from "../cli/screen/pictures/test-png.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import type { Sandbox } from "./program.ts";
import { Pty } from "./pty.ts";
import { SharedServer } from "./shared-server.ts";
import { Screen } from "./tmux.ts";

const KITTY = "\x1bP>|kitty(0.35.2)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;c";
const SIGN = "\u{10eeee}";

const server = new SharedServer({ args: ["--open"] });

interface Joined {
  readonly answer?: string;
}

async function joined(
  sandbox: Sandbox,
  name: string,
  room: string,
  options: Joined = {},
): Promise<Pty> {
  const cwd = sandbox.path(`${name}-files`);
  mkdirSync(cwd, { recursive: true });
  const pty = new Pty(sandbox, {
    args: ["join", "--user", name, "--room", room],
    cwd,
    env: { CHAT_HOME: sandbox.path(name), CHAT_PASSWORD: "xxxxxxxx" },
    ...options,
  });
  await pty.shows(new RegExp(`^#${room}>$`));
  return pty;
}

function settings(sandbox: Sandbox, name: string, text: string): void {
  mkdirSync(sandbox.path(name), { mode: 0o700, recursive: true });
  sandbox.write(join(name, "config.toml"), `[screen]\n${text}\n`);
}

function cellRows(pty: Pty): number {
  return pty.rows().filter((row) => row.includes(SIGN)).length;
}

test("kitty displays each sent and fetched picture once, and again in the next run", async () => {
  await using sandbox = server.guests();
  await using bob = await joined(sandbox, "bob", "cats", { answer: KITTY });
  {
    await using ana = await joined(sandbox, "ana", "cats", { answer: KITTY });
    expect(ana.emulator.queries).toEqual([]);
    writeFileSync(sandbox.path("ana-files", "cat.png"), pngOf(300, 100));
    ana.type("half a thou");
    await ana.shows(/^#cats> half a thou$/);
    ana.type("\x15/send cat.png\r");
    await ana.until("five rows of cells", () => cellRows(ana) === 5);
    await ana.until("the picture", () => ana.emulator.graphics.length > 0);
    const [sent = ""] = ana.emulator.graphics;
    expect(sent).toMatch(/^Ga=T,U=1,f=100,q=2,i=\d+,c=30,r=5,m=[01];iVBOR/);
    expect(ana.emulator.queries).toEqual(["q", "kitty", "16t", "14t", "c"]);
    await ana.shows(/^#cats>$/);
    ana.line("is it not sweet?");
    await bob.shows(/is it not sweet/);
    expect(ana.emulator.graphics).toHaveLength(1);
    ana.type("\x04");
    expect(await ana.ended()).toBe(0);
    const [, id] = /,i=(\d+),/.exec(sent) ?? [];
    expect(ana.emulator.graphics.at(-1)).toBe(`Ga=d,d=I,i=${id},q=2`);
  }
  expect(cellRows(bob)).toBe(0);
  expect(bob.emulator.queries).toEqual([]);
  bob.type("\x1b[1;2A");
  await bob.until("a message is selected", () => !bob.emulator.hasCursor);
  bob.type("\x1b[A");
  bob.type("g");
  await bob.until("bob's cells", () => cellRows(bob) === 5);
  await bob.until("bob's picture", () => bob.emulator.graphics.length > 0);
  await using again = await joined(sandbox, "ana", "cats", { answer: KITTY });
  await again.until("the cells again", () => cellRows(again) === 5);
  await again.until("the picture again", () => again.emulator.graphics.length > 0);
});

requires("setsid").test(
  "draws pictures again after a resize, and after a suspension and fg",
  async () => {
    await using sandbox = server.guests();
    await using shell = new Pty(sandbox, {
      // The shell needs a separate terminal to receive size changes.
      program: "setsid",
      args: ["--ctty", "--wait", "/bin/sh", "-i"],
      cwd: sandbox.folder,
      env: { CHAT_HOME: sandbox.path("hal"), CHAT, CHAT_PASSWORD: "xxxxxxxx", PS1: "ready> " },
      answer: KITTY,
    });
    const writes = (what: string, pattern: RegExp, count: number) =>
      until(what, () => (shell.written.match(pattern) ?? []).length >= count);
    const sent = /\x1b_Ga=T,U=1,[^;]*;/g;
    const gone = /\x1b_Ga=d,d=I,i=\d+,q=2\x1b\\[^\x1b]*\x1b\[\?2004;1004l/g;
    await writes("a prompt", /ready> /g, 1);
    writeFileSync(sandbox.path("wide.png"), pngOf(900, 100));
    shell.line(`$CHAT join --user hal --room sizes`);
    await writes("the room", /#sizes>/g, 1);
    shell.line("/send wide.png");
    await writes("the picture", sent, 1);
    shell.resize(60, 20);
    await writes("a smaller one", sent, 2);
    const columns = shell.written.match(sent)?.map((one) => /,c=(\d+),/.exec(one)?.[1]);
    expect(columns).toEqual(["52", "38"]);
    for (const round of [1, 2]) {
      shell.type("\x1a");
      await writes("it is taken away", gone, round);
      await writes("the shell's prompt", /ready> /g, 1 + round);
      shell.line("fg");
      await writes("the picture again", sent, 2 + round);
    }
    shell.type("\x04");
    await writes("the end", gone, 3);
    await writes("the last prompt", /ready> /g, 4);
  },
);

requires("tmux").test("passes pictures through tmux if the user enables it", async () => {
  await using sandbox = server.guests();
  settings(sandbox, "ida", 'pictures = "kitty"');
  const env = {
    CHAT_HOME: sandbox.path("ida"),
    CHAT,
    CHAT_PASSWORD: "xxxxxxxx",
    LC_ALL: "C.UTF-8",
  };
  await using inner = await Screen.open(sandbox, "inner", env);
  const tmux = ["-S", sandbox.path("tmux-inner")];
  Bun.spawnSync(["tmux", ...tmux, "set", "-g", "allow-passthrough", "on"]);
  await using outer = new Pty(sandbox, {
    program: "tmux",
    args: [...tmux, "-u", "attach"],
    cwd: sandbox.folder,
    env: { TERM: "xterm-256color" },
  });
  await until("it is attached", () => outer.written.includes("$ "));
  writeFileSync(sandbox.path("cat.png"), pngOf(300, 100));
  inner.line(`clear; $CHAT join --user ida --room inner`);
  await inner.shows(/^#inner>$/);
  inner.line("/send cat.png");
  await until("the picture", () => /\x1b_Ga=T,U=1,[^\x1b]*\x1b\\/.test(outer.written));
  await until("its cells", () => outer.written.includes(`${SIGN}\u0305\u0305`));
  await inner.shows(/^#inner>$/);
  inner.press("C-d");
  await inner.shows(/^\$$/);
  await until("it is gone", () => /\x1b_Ga=d,d=I,i=\d+,q=2\x1b\\/.test(outer.written));
});
