import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { Sandbox } from "./program.ts";
import { SharedServer } from "./shared-server.ts";
import { Screen } from "./tmux.ts";

const COLUMNS = 90;

const server = new SharedServer({}, requires("tmux"));

function screen(sandbox: Sandbox, name: string): Promise<Screen> {
  return Screen.open(sandbox, name, { CHAT_HOME: sandbox.path(name), CHAT });
}

interface JoinOptions {
  readonly room: string;
  readonly command?: (join: string) => string;
}

async function inRoom(user: string, { room, command = (join) => join }: JoinOptions) {
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(server.guests());
  const terminal = stack.use(await screen(sandbox, user));
  terminal.line(command(`CHAT_PASSWORD=xxxxxxxx $CHAT join --plain --user ${user} --room ${room}`));
  await terminal.shows(new RegExp(`^${room}>$`));
  const opened = stack.move();
  return { sandbox, terminal, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

requires("tmux").describe("in a terminal", () => {
  test("asks a new user for name, room password and password, without echo", async () => {
    await using sandbox = server.guests();
    const { address, invite } = server.served;
    await using ana = await screen(sandbox, "ana");
    ana.line(`$CHAT join --plain ${address}`);
    await ana.prompts(/^Name on 127\.0\.0\.1:\d+ \[\w+\]:$/);
    ana.line("ana");
    await ana.prompts(/^Server password for 127\.0\.0\.1:\d+:$/);
    ana.line(invite.split("#")[1] ?? "");
    await ana.prompts(/^New password for ana on 127\.0\.0\.1:\d+:$/);
    ana.line("seven77");
    await ana.shows(/a new password needs at least 8 characters/);
    ana.line("swordfish");
    await ana.prompts(/^Repeat password:$/);
    ana.line("swordfisj");
    await ana.shows(/the two passwords differ/);
    ana.line("swordfish");
    await ana.prompts(/^Repeat password:$/);
    ana.line("swordfish");
    const rows = await ana.shows(/logged in as ana on/);
    expect(rows.join("\n")).not.toMatch(/swordfish|#|-....-/);
    await ana.shows(/^lobby>$/);
    ana.press("C-d");
    await ana.shows(/^\$$/);
    ana.line("echo exit $?");
    await ana.shows(/^exit 0$/);
  });

  test("no padding makes a message look like a line of another user", async () => {
    await using place = await inRoom("bea", { room: "walls" });
    const { sandbox, terminal } = place;
    const eve = await sandbox.home("eve").join(["--user", "eve", "--room", "walls"]);
    const forged = "walls, bea: I quit";
    const head = "eve: ".length;
    for (const padding of [" ", "w ", "w", "漢", "\u00a0", "👨‍👩‍👧‍👦", "❤\ufe0f"]) {
      for (const columns of [COLUMNS - head, 2 * COLUMNS - head, COLUMNS - head - 1]) {
        const width = /[漢👨❤]/u.test(padding) ? 2 : padding.length;
        eve.type(`${padding.repeat(Math.ceil(columns / width))}${forged}`);
      }
    }
    eve.type("the end");
    const rows = await terminal.showsOver(/eve: the end$/, /^walls>$/);
    expect(rows.some((row) => row.includes("I quit"))).toBe(true);
    expect(rows.filter((row) => /^\s*(?:walls, )?bea:/.test(row))).toEqual([]);
    const body = rows.filter((row) => row.includes("I quit"));
    expect(body.filter((row) => !/^(?:(?:walls, )?eve:| {2}\| )/.test(row))).toEqual([]);
  });

  test("keeps a half-typed line when messages arrive", async () => {
    await using sandbox = server.guests();
    await using cid = await screen(sandbox, "cid");
    cid.line("$CHAT join --plain --user cid --room half");
    await cid.shows(/^chat: cid is a new name; without a password, only this device can use it$/);
    await cid.prompts(/^New password for cid on 127\.0\.0\.1:\d+:$/);
    cid.press("Enter");
    await cid.shows(/^half>$/);
    cid.type("half a tho");
    await cid.shows(/^half> half a tho$/);
    const bob = await sandbox.home("bob").join(["--user", "bob", "--room", "half"]);
    for (let i = 0; i < 5; i++) bob.type(`interruption ${i}`);
    const rows = await cid.showsOver(/bob: interruption 4$/, /^half> half a tho$/);
    expect(rows.filter((row) => row.includes("half a tho")).length).toBe(1);
    expect(rows.filter((row) => row.includes("interruption")).length).toBe(5);
    cid.press("Left", "Left", "Left");
    bob.type("one more");
    await cid.showsOver(/bob: one more$/, /^half> half a tho$/);
    cid.type("X");
    await cid.prompts(/^half> half a Xtho$/);
    cid.press("Enter");
    expect(await bob.json("text", { from: "cid" })).toMatchObject({ text: "half a Xtho" });
    await cid.shows(/cid: half a Xtho$/);
  });

  test("displays a line of several rows once and complete at any width", async () => {
    await using place = await inRoom("dora", { room: "rows" });
    const { sandbox, terminal } = place;
    const long = Array.from({ length: 60 }, (_, i) => `word${i}`).join(" ");
    terminal.type(long);
    await terminal.shows("word59");
    const bob = await sandbox.home("bert").join(["--user", "bert", "--room", "rows"]);
    bob.type("first", "second");
    const below = (rows: readonly string[]) => {
      const last = rows.findIndex((row) => row.endsWith("bert: second"));
      return last < 0 ? "" : rows.slice(last + 1).join("");
    };
    const wanted = `rows>${long}`.replaceAll(" ", "");
    const rows = await terminal.until(
      "the whole line below what bob said",
      (all) => below(all).replaceAll(" ", "") === wanted,
    );
    expect(rows.join("").split("word0").length).toBe(2);
    for (const row of rows) expect(Bun.stringWidth(row)).toBeLessThanOrEqual(COLUMNS);
    terminal.press("Enter");
    expect(await bob.json("text", { from: "dora" })).toMatchObject({ text: long });
    terminal.resize(60, 20);
    bob.type("in a narrow window");
    await terminal.shows(/bert: in a narrow window$/);
    terminal.line("still here");
    await bob.json("text", { text: "still here" });
  });

  test("Ctrl-Z suspends the program, and fg restores the line and the keyboard", async () => {
    await using place = await inRoom("fay", { room: "job" });
    const { terminal } = place;
    for (const [i, words] of ["one", "two"].entries()) {
      terminal.type(`${words} ha`);
      await terminal.shows(`job> ${words} ha`);
      terminal.press("C-z");
      await terminal.showsTimes(/Stopped/, i + 1);
      await terminal.prompts(/^\$$/);
      terminal.line("fg");
      await terminal.prompts(new RegExp(`^job> ${words} ha$`));
      terminal.type("lf");
      await terminal.shows(`job> ${words} half`);
      terminal.press("Enter");
      await terminal.showsOver(`fay: ${words} half`, /^job>$/);
    }
    terminal.press("C-c");
    await terminal.prompts(/^\$$/);
    terminal.line("echo exit $?");
    await terminal.shows(/^exit 130$/);
  });

  test("sends pasted lines after Enter as one message, never as a command", async () => {
    await using place = await inRoom("hal", { room: "paste" });
    const { sandbox, terminal } = place;
    const bob = await sandbox.home("ben").join(["--user", "ben", "--room", "paste"]);
    terminal.paste("/quit\nsecond\tline\nthird\n");
    await terminal.shows("3 pasted lines");
    await terminal.shows(/^paste> \[3 lines: \/quit second .*\.\.\.\]$/);
    bob.type("amid");
    await terminal.shows(/ben: amid$/);
    terminal.line("and mine");
    await bob.json("text", { text: "/quit\nsecond\tline\nthird\nand mine" });
    terminal.paste("one\ntwo\n");
    await terminal.shows(/^paste> \[2 lines/);
    terminal.press("C-c");
    await terminal.prompts(/^paste>$/);
    terminal.type("/msg ben ");
    terminal.paste("for\nyou");
    await terminal.shows(/^paste> \[2 lines: \/msg ben for you/);
    terminal.press("Enter");
    expect(await bob.json("text", { from: "hal" })).toMatchObject({ text: "for\nyou", to: "ben" });
    terminal.paste("/who");
    await terminal.shows(/^paste> \/who$/);
    terminal.press("Enter");
    await terminal.shows(/^paste: ben, hal \(moderator\)$/);
    const texts = bob.jsonLines.filter(({ kind, from }) => kind === "text" && from === "hal");
    expect(texts.length).toBe(2);
    terminal.paste(
      "a\u001b[201~\n/quit\n\u001b[2J\u001b]0;title\u0007red\u202e\u001b[200~b\u0003c",
    );
    await terminal.shows(/^paste> \[3 lines/);
    terminal.press("Enter");
    await bob.json("text", { text: "a\n/quit\nredbc" });
    terminal.line("still here");
    await bob.json("text", { text: "still here" });
  });

  test("Ctrl-C clears the line, then leaves with 130 and restores the terminal", async () => {
    const command = (join: string) => `stty -a > before; ${join}`;
    await using place = await inRoom("mia", { room: "exit", command });
    const { sandbox, terminal } = place;
    terminal.type("never mind");
    await terminal.shows(/^exit> never mind$/);
    terminal.press("C-c");
    await terminal.prompts(/^exit>$/);
    terminal.press("C-c");
    await terminal.shows(/^\$$/);
    terminal.line("echo exit $?; stty -a > after; cmp before after && echo same");
    await terminal.shows(/^exit 130$/);
    await terminal.shows(/^same$/);
    const history = await sandbox.home("mia").json(["history", "--user", "mia", "--from", "mia"]);
    expect(history.filter(({ kind }) => kind === "text")).toEqual([]);
  });

  test("exits with 130 after Ctrl-C at a prompt and while connecting", async () => {
    await using sandbox = server.guests();
    const { address } = server.served;
    await using ana = await screen(sandbox, "ana");
    ana.line(`$CHAT join --plain ${address}`);
    await ana.prompts(/^Name on 127\.0\.0\.1:\d+ \[\w+\]:$/);
    ana.press("C-c");
    await ana.shows(/^\$$/);
    ana.line("echo exit $?");
    await ana.shows(/^exit 130$/);
    ana.line(`clear; $CHAT join --plain ${address} --user oli`);
    const rows = await ana.prompts(/assword .*:$/);
    expect(rows.join("")).toContain("first connection to");
    ana.press("C-c");
    await ana.shows(/^\$$/);
    ana.line("echo again $?; stty -a | grep -c -- ' echo '");
    await ana.shows(/^again 130$/);
    await ana.shows(/^1$/);
  });

  test("asks for no password of an account that an operator's command creates", async () => {
    await using sandbox = new Sandbox();
    const { data } = await sandbox.serve();
    await using ana = await screen(sandbox, "ana");
    ana.line(`clear; $CHAT admin registration closed --data ${data}`);
    await ana.shows(/is a new name; without a password, only this device can use it$/);
    await ana.shows(/^closed$/);
    ana.line("$CHAT users");
    await ana.shows(/^\S+ +offline +member$/);
  });

  test("in line mode, inserts messages above a half-typed line without drawing it", async () => {
    await using open = await inRoom("hana", { room: "halves" });
    const { sandbox, terminal } = open;
    const env = { CHAT_PASSWORD: "xxxxxxxx" };
    const bob = await sandbox.home("bob").with(env).join(["--user", "hugo", "--room", "halves"]);
    const recorded = sandbox.path("recorded");
    terminal.type("I am half");
    await terminal.prompts(/^halves> I am half$/);
    terminal.record(recorded);
    const lines = ["first", "word ".repeat(40), ...Array.from({ length: 30 }, (_, i) => `n ${i}`)];
    bob.type(...lines);
    await terminal.shows(/hugo: n 29$/);
    await terminal.prompts(/^halves> I am half$/);
    expect(readFileSync(recorded, "utf8")).not.toContain("half");
    terminal.line(" way");
    await terminal.shows(/hana: I am half way$/);
    const rows = await terminal.prompts(/^halves>$/);
    expect(
      rows.filter((row) => /hugo: n \d+$/.test(row)).map((row) => row.split(" ").at(-1)),
    ).toEqual(Array.from({ length: rows.length - 2 }, (_, i) => `${i + 32 - rows.length}`));
  });

  test("with TERM=dumb, only appends lines", async () => {
    await using sandbox = new Sandbox();
    const { address, invite } = await sandbox.serve();
    await using ana = await screen(sandbox, "ana");
    const recorded = sandbox.path("recorded");
    ana.record(recorded);
    ana.line(`export TERM=dumb; $CHAT join ${address}`);
    await ana.prompts(/^Name on 127\.0\.0\.1:\d+ \[\w+\]:$/);
    ana.line("ana");
    await ana.prompts(/^Server password for 127\.0\.0\.1:\d+:$/);
    ana.line(invite.split("#")[1] ?? "");
    await ana.prompts(/^New password for ana on 127\.0\.0\.1:\d+:$/);
    ana.line("");
    await ana.shows(/^lobby>$/);
    const bob = await sandbox.home("bob").join(["--user", "bob"]);
    bob.type("hello ana", "and more");
    await ana.shows(/^bob: and more$/);
    ana.line("hello bob");
    await ana.shows(/^ana: hello bob$/);
    ana.line("/join phsyics");
    await ana.shows(/Room 'phsyics' does not exist\. Create it\? \[y\/N\]$/);
    ana.line("n");
    ana.line("/join physics");
    await ana.shows(/Room 'physics' does not exist\. Create it\? \[y\/N\]$/);
    ana.line("y");
    await ana.shows(/^physics>$/);
    ana.line("/passwd");
    await ana.prompts(/^Current password \(leave empty if none\):$/);
    ana.line("");
    await ana.prompts(/^New password:$/);
    ana.line("swordfish");
    await ana.prompts(/^Repeat password:$/);
    ana.line("swordfish");
    await ana.shows(/^password changed$/);
    ana.press("C-d");
    await ana.prompts(/^\$$/);
    ana.line("clear; head -c 70000000 /dev/zero > big; $CHAT send-file big; echo sent $?");
    await ana.shows(/^sent 0$/);
    const bytes = readFileSync(recorded, "utf8");
    expect(bytes).not.toMatch(/[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]|\r(?!\r*\n)/);
    expect(bytes).not.toContain("swordfish");
    expect(bytes.match(/^(?:lobby|physics)>\r?$/gm)).toHaveLength(2);
    ana.line("$CHAT join --login --plain; echo left $?");
    await ana.prompts(/^lobby>$/);
    ana.press("C-c");
    await ana.shows(/^left 130$/);
  });
});
