import { expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PICTURE_FETCHED_BYTES_MAX } from "../../src/base/limits-page.ts";
import { jpegOf, pngOf } from "../cli/screen/pictures/made.ts";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { until } from "./deadline.ts";
import { Sandbox } from "./program.ts";
import { Pty } from "./pty.ts";
import { Screen } from "./tmux.ts";

/** Pictures below their files, on terminals that show them. */

const KITTY = "\x1bP>|kitty(0.35.2)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;c";
const ITERM = "\x1bP>|iTerm2 3.5.0\x1b\\\x1b[6;20;10t\x1b[?62;4c";
const KONSOLE = "\x1bP>|Konsole 25.08.1\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;1;4c";
const SIXEL = "\x1bP>|foot(1.16.2)\x1b\\\x1b[6;20;10t\x1b[?62;4;22c";
const SIGN = "\u{10eeee}";

const ROWS = { columns: 90, rows: 30 };

interface Joined {
  readonly env?: Readonly<Record<string, string>>;
  readonly answer?: string;
}

async function joined(
  sandbox: Sandbox,
  name: string,
  address: string,
  { env = {}, ...rest }: Joined = {},
): Promise<Pty> {
  const cwd = sandbox.path(`${name}-files`);
  mkdirSync(cwd, { recursive: true });
  const pty = new Pty(sandbox, {
    args: ["join", address, "--user", name],
    cwd,
    env: { CHAT_HOME: sandbox.path(name), CHAT_PASSWORD: "xxxxxxxx", ...env },
    ...rest,
  });
  await pty.shows(/^#lobby>$/);
  return pty;
}

function settings(sandbox: Sandbox, name: string, text: string): void {
  mkdirSync(sandbox.path(name), { mode: 0o700, recursive: true });
  sandbox.write(join(name, "config.toml"), `[screen]\n${text}\n`);
}

/** Rows that have cells of a picture. */
function cellRows(pty: Pty): number {
  return pty.rows().filter((row) => row.includes(SIGN)).length;
}

test("kitty: what was sent and fetched is shown, once, also by the next run", async () => {
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve({ args: ["--open"] });
  await using bob = await joined(sandbox, "bob", address, { answer: KITTY });
  {
    await using ana = await joined(sandbox, "ana", address, { answer: KITTY });
    expect(ana.emulator.asked).toEqual([]);
    writeFileSync(sandbox.path("ana-files", "cat.png"), pngOf(300, 100));
    ana.type("half a thou");
    await ana.shows(/^#lobby> half a thou$/);
    ana.type("\x15/send cat.png\r");
    await ana.until("five rows of cells", () => cellRows(ana) === 5);
    await ana.until("the picture", () => ana.emulator.graphics.length > 0);
    const [sent = ""] = ana.emulator.graphics;
    expect(sent).toMatch(/^Ga=T,U=1,f=100,q=2,i=\d+,c=30,r=5,m=[01];iVBOR/);
    expect(ana.emulator.asked).toEqual(["q", "kitty", "16t", "14t", "c"]);
    await ana.shows(/^#lobby>$/);
    ana.line("is it not sweet?");
    await bob.shows(/is it not sweet/);
    expect(ana.emulator.graphics).toHaveLength(1);
    ana.type("\x04");
    expect(await ana.ended()).toBe(0);
    const [, id] = /,i=(\d+),/.exec(sent) ?? [];
    expect(ana.emulator.graphics.at(-1)).toBe(`Ga=d,d=I,i=${id},q=2`);
  }
  expect(cellRows(bob)).toBe(0);
  expect(bob.emulator.asked).toEqual([]);
  bob.type("\x1b[1;2A");
  await bob.until("a message is selected", () => !bob.emulator.hasCursor);
  bob.type("kg");
  await bob.until("bob's cells", () => cellRows(bob) === 5);
  await bob.until("bob's picture", () => bob.emulator.graphics.length > 0);
  await using again = await joined(sandbox, "ana", address, { answer: KITTY });
  await again.until("the cells again", () => cellRows(again) === 5);
  await again.until("the picture again", () => again.emulator.graphics.length > 0);
}, 120_000);

test("iTerm2: a photograph is painted, and again where it went", async () => {
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve({ args: ["--open"] });
  await using ana = await joined(sandbox, "ana", address, { answer: ITERM });
  writeFileSync(sandbox.path("ana-files", "dog.jpg"), await jpegOf(1_200, 600));
  ana.line("/send dog.jpg");
  const { painted } = ana.emulator;
  await ana.until("a picture", () => painted.length === 1);
  const [{ row, column, text } = { row: 0, column: 0, text: "" }] = painted;
  expect(text).toMatch(/^1337;File=inline=1;size=\d+;width=48;height=12;doNotMoveCursor=1:\/9j\//);
  expect([row, column]).toEqual([ROWS.rows - 2 - 12, 38]);
  ana.line("what a dog");
  await ana.until("another place", () => painted.length === 2);
  expect(painted.at(-1)).toMatchObject({ row: row - 1, column, text });
  ana.line("/set pictures off");
  await ana.until("no room for it", () => {
    const file = ana.rows().findIndex((one) => one.includes("dog.jpg"));
    return ana.rows()[file + 1]?.endsWith("what a dog");
  });
  expect(painted).toHaveLength(2);
  expect(ana.written.includes(SIGN)).toBe(false);
}, 120_000);

test("kitty without cells: one that has moved is taken away before, and at the end", async () => {
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve({ args: ["--open"] });
  await using ana = await joined(sandbox, "ana", address, { answer: KONSOLE });
  writeFileSync(sandbox.path("ana-files", "cat.png"), pngOf(300, 100));
  ana.line("/send cat.png");
  const { overlays } = ana.emulator;
  const place = () => [...overlays.values()][0]?.[0];
  const top = ROWS.rows - 2 - 5;
  await ana.until("a picture", () => place() === top);
  ana.line("and a word");
  await ana.until("another place", () => place() === top - 1);
  ana.type("\x1bOP");
  await ana.until("help over it", () => overlays.size === 0);
  ana.type("\x1b");
  await ana.until("the picture again", () => place() === top - 1);
  ana.type("\x04");
  expect(await ana.ended()).toBe(0);
  await ana.until("nothing is left", () => overlays.size === 0);
}, 120_000);

test("sixel: what is small enough is fetched, if the user wants that", async () => {
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve({ args: ["--open"] });
  settings(sandbox, "bob", "fetch_pictures = true");
  await using bob = await joined(sandbox, "bob", address, { answer: SIXEL });
  const files = sandbox.path("files");
  mkdirSync(files);
  writeFileSync(join(files, "cat.png"), pngOf(200, 100));
  writeFileSync(join(files, "no-cat.png"), "this is no picture");
  const noise = pngOf(1_000, 800, (x, y) => {
    const hash = Bun.hash.crc32(`${x} ${y}`);
    return [hash & 255, (hash >> 8) & 255, (hash >> 16) & 255];
  });
  expect(noise.length).toBeGreaterThan(PICTURE_FETCHED_BYTES_MAX);
  writeFileSync(join(files, "large.png"), noise);
  const eve = sandbox.home("eve").with({ CHAT_PASSWORD: "xxxxxxxx" });
  const paths = ["no-cat.png", "large.png", "cat.png"].map((name) => join(files, name));
  await eve.json(["send-file", "--server", address, "--user", "eve", "--to", "lobby", ...paths]);
  await bob.until("a picture", () => bob.emulator.painted.length === 1);
  expect(bob.emulator.painted[0]?.text).toStartWith('0;1q"1;1;192;96#0;2;');
  await bob.shows(/no-cat\.png/);
  await bob.shows(/large\.png/);
  expect(bob.rows().filter((row) => /^\s*\S*\s+\u2502\s+\u2502$/.test(row)).length).toBe(5);
  expect(existsSync(sandbox.path("bob-files", "cat.png"))).toBe(false);
}, 120_000);

test.each([
  ["in tmux", { TMUX: "/tmp/tmux-0,1,0" }, ""],
  ["in screen", { TERM: "screen-256color" }, ""],
  ["without colours", { NO_COLOR: "1" }, ""],
  ["where the user wants none", {}, 'pictures = "off"'],
])(
  "%s nothing is asked and nothing is shown",
  async (_, env, text) => {
    await using sandbox = new Sandbox();
    const { address } = await sandbox.serve({ args: ["--open"] });
    settings(sandbox, "ana", text);
    await using ana = await joined(sandbox, "ana", address, { answer: KITTY, env });
    writeFileSync(sandbox.path("ana-files", "cat.png"), pngOf(300, 100));
    ana.line("/send cat.png");
    await ana.shows(/cat\.png {2}\d/);
    ana.line("and a word");
    await ana.shows(/and a word$/);
    ana.type("\x04");
    expect(await ana.ended()).toBe(0);
    expect(ana.emulator.asked).toEqual([]);
    expect(ana.emulator.graphics).toEqual([]);
    expect(ana.written).not.toContain(SIGN);
  },
  120_000,
);

test("a terminal that answers nothing, or by and by, costs no key", async () => {
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve({ args: ["--open"] });
  await using ana = await joined(sandbox, "ana", address);
  writeFileSync(sandbox.path("ana-files", "cat.png"), pngOf(300, 100));
  ana.line("/send cat.png");
  await ana.until("the question", () => ana.emulator.asked.includes("c"));
  for (const part of ["\x1b", "P>|XTe", "rm(390)\x1b", "\\\x1b[6;2", "0;10t\x1b[?6", "2;22c"]) {
    ana.type(part);
  }
  ana.line("typed behind it");
  await ana.shows(/\u2502 typed behind it$/);
  expect(cellRows(ana)).toBe(0);
}, 120_000);

requires("setsid").test(
  "another size, and a stop and fg, bring the pictures again",
  async () => {
    await using sandbox = new Sandbox();
    const { address } = await sandbox.serve({ args: ["--open"] });
    await using shell = new Pty(sandbox, {
      // The terminal is the shell's own: else nobody tells it of another size.
      program: "setsid",
      args: ["--ctty", "--wait", "/bin/sh", "-i"],
      cwd: sandbox.folder,
      env: { CHAT_HOME: sandbox.path("ana"), CHAT, CHAT_PASSWORD: "xxxxxxxx", PS1: "ready> " },
      answer: KITTY,
    });
    const writes = (what: string, pattern: RegExp, count: number) =>
      until(what, () => (shell.written.match(pattern) ?? []).length >= count);
    const sent = /\x1b_Ga=T,U=1,[^;]*;/g;
    const gone = /\x1b_Ga=d,d=I,i=\d+,q=2\x1b\\[^\x1b]*\x1b\[\?2004;1004l/g;
    await writes("a prompt", /ready> /g, 1);
    writeFileSync(sandbox.path("wide.png"), pngOf(900, 100));
    shell.line(`$CHAT join ${address} --user ana`);
    await writes("the room", /#lobby>/g, 1);
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
  120_000,
);

requires("tmux").describe("in tmux", () => {
  test("the terminal around it gets the pictures, where the user says so", async () => {
    await using sandbox = new Sandbox();
    const { address } = await sandbox.serve({ args: ["--open"] });
    settings(sandbox, "ana", 'pictures = "kitty"');
    const env = {
      CHAT_HOME: sandbox.path("ana"),
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
    inner.line(`clear; $CHAT join ${address} --user ana`);
    await inner.shows(/^#lobby>$/);
    inner.line("/send cat.png");
    await until("the picture", () => /\x1b_Ga=T,U=1,[^\x1b]*\x1b\\/.test(outer.written));
    await until("its cells", () => outer.written.includes(`${SIGN}\u0305\u0305`));
    await inner.shows(/^#lobby>$/);
    inner.press("C-d");
    await inner.shows(/^\$$/);
    await until("it is gone", () => /\x1b_Ga=d,d=I,i=\d+,q=2\x1b\\/.test(outer.written));
  }, 120_000);
});
