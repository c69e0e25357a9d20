import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { type Home, Sandbox } from "./program.ts";
import { Screen } from "./tmux.ts";

/** `chat join --plain` as a person meets it: in a terminal. */

const COLUMNS = 90;

function screen(sandbox: Sandbox, name: string): Promise<Screen> {
  return Screen.open(sandbox, name, { CHAT_HOME: sandbox.path(name), CHAT: CHAT });
}

/** A server, and ana in its lobby, in a terminal. @param command that takes her there */
async function inLobby(command = "CHAT_PASSWORD=xxxxxxxx $CHAT join --plain --user ana") {
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(new Sandbox());
  await sandbox.serve();
  const ana = stack.use(await screen(sandbox, "ana"));
  ana.line(command);
  await ana.shows(/^lobby>$/);
  const opened = stack.move();
  return { sandbox, ana, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function lastSender(home: Home): Promise<unknown> {
  const records = await home.json(["history", "--room", "lobby", "--last", "1"]);
  return records.at(-1)?.["from"];
}

requires("tmux").describe("in a terminal", () => {
  test("a newcomer is asked for name, room password and password, unseen", async () => {
    await using sandbox = new Sandbox();
    const { address, invite } = await sandbox.serve();
    await using ana = await screen(sandbox, "ana");
    ana.line(`$CHAT join --plain ${address}`);
    await ana.asks(/^Name on 127\.0\.0\.1:\d+:$/);
    ana.line("ana");
    await ana.asks(/^Password of room lobby on 127\.0\.0\.1:\d+:$/);
    ana.line(invite.split("#")[1] ?? "");
    await ana.asks(/^New password for ana on 127\.0\.0\.1:\d+:$/);
    ana.line("seven77");
    await ana.shows(/a new password needs at least 8 characters/);
    ana.line("swordfish");
    await ana.asks(/^Repeat it:$/);
    ana.line("swordfisj");
    await ana.shows(/the two passwords differ/);
    ana.line("swordfish");
    await ana.asks(/^Repeat it:$/);
    ana.line("swordfish");
    const rows = await ana.shows(/you are ana on/);
    expect(rows.join("\n")).not.toMatch(/swordfish|#|-....-/);
    await ana.shows(/^lobby>$/);
    ana.press("C-d");
    await ana.shows(/^\$$/);
    ana.line("echo exit $?");
    await ana.shows(/^exit 0$/);
  });

  test("no words of others look like a line of their own, whatever pads them", async () => {
    await using lobby = await inLobby();
    const { sandbox, ana } = lobby;
    const eve = await sandbox.home("eve").join(["--user", "eve", "--room", "lobby"]);
    const forged = "16:31 lobby ana: I quit";
    const head = "16:31 lobby eve: ".length;
    for (const padding of [" ", "w ", "w", "漢", "\u00a0", "👨‍👩‍👧‍👦", "❤\ufe0f"]) {
      for (const columns of [COLUMNS - head, 2 * COLUMNS - head, COLUMNS - head - 1]) {
        const width = /[漢👨❤]/u.test(padding) ? 2 : padding.length;
        eve.type(`${padding.repeat(Math.ceil(columns / width))}${forged}`);
      }
    }
    eve.type("the end");
    const rows = await ana.showsOver(/eve: the end$/, /^lobby>$/);
    expect(rows.some((row) => row.includes("I quit"))).toBe(true);
    expect(rows.filter((row) => /^\s*\d\d:\d\d lobby ana:/.test(row))).toEqual([]);
    const body = rows.filter((row) => row.includes("I quit"));
    expect(body.filter((row) => !/^(?:\d\d:\d\d lobby eve:| {2}\| )/.test(row))).toEqual([]);
  });

  test("a half-typed line survives what others say", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    await using ana = await screen(sandbox, "ana");
    ana.line("$CHAT join --plain --user ana");
    await ana.shows(/^chat: ana is a new name; without a password only this device can use it$/);
    await ana.asks(/^New password for ana on 127\.0\.0\.1:\d+:$/);
    ana.press("Enter");
    await ana.shows(/^lobby>$/);
    ana.type("half a tho");
    await ana.shows(/^lobby> half a tho$/);
    const bob = await sandbox.home("bob").join(["--user", "bob"]);
    for (let i = 0; i < 5; i++) bob.type(`interruption ${i}`);
    const rows = await ana.showsOver(/lobby bob: interruption 4$/, /^lobby> half a tho$/);
    expect(rows.filter((row) => row.includes("half a tho")).length).toBe(1);
    expect(rows.filter((row) => row.includes("interruption")).length).toBe(5);
    ana.press("Left", "Left", "Left");
    bob.type("one more");
    await ana.showsOver(/lobby bob: one more$/, /^lobby> half a tho$/);
    ana.type("X");
    await ana.asks(/^lobby> half a Xtho$/);
    ana.press("Enter");
    expect(await bob.json("text", { from: "ana" })).toMatchObject({ text: "half a Xtho" });
    await ana.shows(/ana: half a Xtho$/);
  });

  test("a line of several rows is neither torn nor doubled, at any width", async () => {
    await using lobby = await inLobby();
    const { sandbox, ana } = lobby;
    const long = Array.from({ length: 60 }, (_, i) => `word${i}`).join(" ");
    ana.type(long);
    await ana.shows("word59");
    const bob = await sandbox.home("bob").join(["--user", "bob"]);
    bob.type("first", "second");
    const below = (rows: readonly string[]) => {
      const last = rows.findIndex((row) => row.endsWith("lobby bob: second"));
      return last < 0 ? "" : rows.slice(last + 1).join("");
    };
    const wanted = `lobby>${long}`.replaceAll(" ", "");
    const rows = await ana.until(
      "the whole line below what bob said",
      (all) => below(all).replaceAll(" ", "") === wanted,
    );
    expect(rows.join("").split("word0").length).toBe(2);
    for (const row of rows) expect(Bun.stringWidth(row)).toBeLessThanOrEqual(COLUMNS);
    ana.press("Enter");
    expect(await bob.json("text", { from: "ana" })).toMatchObject({ text: long });
    ana.resize(60, 20);
    bob.type("in a narrow window");
    await ana.shows(/lobby bob: in a narrow window$/);
    ana.line("still here");
    await bob.json("text", { text: "still here" });
  });

  test.each([
    ["as wide as the terminal", COLUMNS, "lobby> ".padEnd(COLUMNS, "x").slice(7)],
    ["twice as wide", COLUMNS, "lobby> ".padEnd(2 * COLUMNS, "x").slice(7)],
    // A wide character does not begin in the last of 41 columns: each row is one column short.
    ["of wide characters at odd columns", 41, "\u6f22".repeat(118)],
  ])("a line %s leaves no echo behind", async (_what, columns, line) => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    await using ana = await screen(sandbox, "ana");
    ana.resize(columns, 24);
    ana.line("CHAT_PASSWORD=xxxxxxxx $CHAT join --plain --user ana");
    await ana.shows(/^lobby>$/);
    ana.line("before");
    await ana.showsOver(/lobby ana: before$/, /^lobby>$/);
    ana.type(line);
    await ana.shows(line.slice(-9));
    ana.press("Enter");
    const said = new RegExp(`^(?:.* lobby ana: |  \\| )${line.slice(0, 9)}`);
    const words = (all: readonly string[]) =>
      all.map((row) => row.replace(/^ {2}\| /, "")).join("");
    const rows = await ana.until(
      "the whole message over an empty prompt",
      (all) => all.some((row) => said.test(row)) && words(all).endsWith(`${line}lobby>`),
    );
    expect(rows.filter((row) => row.startsWith("lobby> "))).toEqual([]);
    expect(words(rows).split(line).length).toBe(2);
    expect(rows.join("\n")).toMatch(/lobby ana: before\n\d\d:\d\d lobby ana:/);
  });

  test("Ctrl-Z stops it, fg goes on with the line and the keyboard", async () => {
    await using lobby = await inLobby();
    const { ana } = lobby;
    for (const [i, words] of ["one", "two"].entries()) {
      ana.type(`${words} ha`);
      await ana.shows(`lobby> ${words} ha`);
      ana.press("C-z");
      await ana.showsTimes(/Stopped/, i + 1);
      await ana.asks(/^\$$/);
      ana.line("fg");
      await ana.asks(new RegExp(`^lobby> ${words} ha$`)); // The one above `Stopped` is still there.
      ana.type("lf");
      await ana.shows(`lobby> ${words} half`);
      ana.press("Enter");
      await ana.showsOver(`lobby ana: ${words} half`, /^lobby>$/);
    }
    ana.press("C-c");
    await ana.asks(/^\$$/);
    ana.line("echo exit $?");
    await ana.shows(/^exit 130$/);
  });

  test("Ctrl-Z where no shell could bring it back changes nothing", async () => {
    await using lobby = await inLobby("CHAT_PASSWORD=xxxxxxxx exec $CHAT join --plain --user ana");
    const { ana } = lobby;
    ana.type("st");
    await ana.shows(/^lobby> st$/);
    ana.press("C-z");
    ana.line("ill here");
    await ana.shows(/lobby ana: still here$/);
  });

  test("pasted lines wait for Enter and are one message, never a command", async () => {
    await using lobby = await inLobby();
    const { sandbox, ana } = lobby;
    const bob = await sandbox.home("bob").join(["--user", "bob"]);
    ana.paste("/quit\nsecond\tline\nthird\n");
    await ana.shows("3 pasted lines");
    await ana.shows(/^lobby> \[3 lines: \/quit second .*\.\.\.\]$/);
    bob.type("amid");
    await ana.shows(/lobby bob: amid$/);
    ana.line("and mine");
    await bob.json("text", { text: "/quit\nsecond\tline\nthird\nand mine" });
    ana.paste("one\ntwo\n");
    await ana.shows(/^lobby> \[2 lines/);
    ana.press("C-c");
    await ana.asks(/^lobby>$/);
    ana.type("/msg bob ");
    ana.paste("for\nyou");
    await ana.shows(/^lobby> \[2 lines: \/msg bob for you/);
    ana.press("Enter");
    expect(await bob.json("text", { from: "ana" })).toMatchObject({ text: "for\nyou", to: "bob" });
    ana.paste("/who");
    await ana.shows(/^lobby> \/who$/);
    ana.press("Enter");
    await ana.shows(/\* lobby: ana, bob$/);
    const texts = bob.jsonLines.filter(({ kind, from }) => kind === "text" && from === "ana");
    expect(texts.length).toBe(2);
  });

  test("a paste with marks and sequences in it is words only", async () => {
    await using lobby = await inLobby();
    const { sandbox, ana } = lobby;
    const bob = await sandbox.home("bob").join(["--user", "bob"]);
    ana.paste("a\u001b[201~\n/quit\n\u001b[2J\u001b]0;title\u0007red\u202e\u001b[200~b\u0003c");
    await ana.shows(/^lobby> \[3 lines/);
    ana.press("Enter");
    await bob.json("text", { text: "a\n/quit\nredbc" });
    ana.line("still here");
    await bob.json("text", { text: "still here" });
  });

  test.each([["Ctrl-C"], ["Ctrl-Z"], ["SIGTERM"]])(
    "after %s pastes have no marks any more",
    async (how) => {
      await using lobby = await inLobby(
        "CHAT_PASSWORD=xxxxxxxx $CHAT join --plain --user ana & echo $! >pid; fg >/dev/null",
      );
      const { sandbox, ana } = lobby;
      if (how === "SIGTERM") process.kill(Number(await Bun.file(sandbox.path("pid")).text()));
      else ana.press(how === "Ctrl-C" ? "C-c" : "C-z");
      await ana.shows(/^\$$/);
      ana.line("clear; echo ready; cat -v");
      await ana.shows(/^ready$/);
      ana.paste("plain words");
      await ana.shows(/^plain words$/);
    },
  );

  test("/quiet hides who comes and goes, also the next time", async () => {
    await using lobby = await inLobby();
    const { sandbox, ana } = lobby;
    const bob = await sandbox.home("bob").join(["--user", "bob"]);
    await ana.shows(/lobby \* bob joined$/);
    await bob.finish();
    await ana.shows(/\* bob is offline$/);
    ana.line("/quiet");
    await ana.shows(/you do not see any more who comes and goes/);
    ana.press("C-d");
    await ana.shows(/^\$$/);
    ana.line("clear; $CHAT join --plain");
    await ana.asks(/^lobby>$/); // The row of that name above the command may not be cleared yet.
    const cleo = await sandbox.home("cleo").join(["--user", "cleo"]);
    cleo.type("hello");
    const rows = await ana.shows(/lobby cleo: hello$/);
    expect(rows.filter((row) => /joined|online/.test(row))).toEqual([]);
    ana.line("/quiet off");
    await ana.shows(/\* you see who comes and goes$/);
    await cleo.finish();
    await ana.shows(/\* cleo is offline$/);
  });

  test("commands that end by themselves are announced to nobody", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
    await bob.run(["register"]);
    const ana = await sandbox.home("ana").join(["--user", "ana"]);
    await sandbox.home("cleo").join(["--user", "cleo"]);
    for (const args of [["users"], ["rooms"], ["history"], ["files"], ["send", "the end"]]) {
      expect((await bob.run(args)).exitCode).toBe(0);
    }
    await ana.json("text", { text: "the end" });
    const shown = await bob.join([]);
    await ana.json("presence", { user: "bob", online: true });
    await shown.finish();
    await ana.json("presence", { user: "bob", online: false });
    const told = ana.jsonLines.filter(({ kind, user }) => kind === "presence" && user === "bob");
    expect(told.length).toBe(2);
  });

  test("a name in a script is not the next command's; on a terminal it is", async () => {
    await using sandbox = new Sandbox();
    const { address } = await sandbox.serve();
    const home = sandbox.home("ana");
    const me = async () => (await home.json(["send", "x"])) && (await lastSender(home));
    await home.run(["register", "--user", "ana"]);
    await home.run(["register", "--user", "bot"]);
    expect((await home.run(["send", "beep", "--user", "bot"])).exitCode).toBe(0);
    expect(await me()).toBe("ana");
    await using ana = await screen(sandbox, "ana");
    ana.line("$CHAT send beep --user bot; echo done");
    await ana.shows(/^done$/);
    expect(await me()).toBe("ana");
    ana.line("$CHAT join --plain --user bot");
    await ana.shows(/^lobby>$/);
    ana.press("C-d");
    await ana.shows(/^\$$/);
    expect(await me()).toBe("bot");
    // By the server's identity, not by its address.
    const elsewhere = await home.run([
      "send",
      "y",
      "--server",
      address.replace("127.0.0.1", "localhost"),
      "--fingerprint",
      String((await home.json(["trust", "list"]))[0]?.["fingerprint"]),
    ]);
    expect([elsewhere.exitCode, await lastSender(home)]).toEqual([0, "bot"]);
  });

  test("without an address it asks which server, and states it in each question", async () => {
    await using sandbox = new Sandbox();
    const env = { CHAT_HOME: sandbox.path("ana") };
    const one = await sandbox.serve({ data: "one", env });
    const two = await sandbox.serve({ data: "two", env });
    await using ana = await screen(sandbox, "ana");
    ana.line("CHAT_SERVER= $CHAT join --plain");
    const rows = await ana.asks(/^Which one, 1 to 2 \(nothing: none\):$/);
    expect(rows.join("\n")).toContain(`  1  ${two.address}`);
    ana.line("2");
    await ana.asks(new RegExp(`^Name on ${one.address}:$`));
    ana.line("ana");
    await ana.asks(new RegExp(`^New password for ana on ${one.address}:$`));
    ana.line("");
    await ana.shows(/^lobby>$/);
    ana.press("C-d");
    await ana.shows(/^\$$/);
    ana.line("clear; CHAT_SERVER= $CHAT send hi");
    await ana.asks(/^Which one, 1 to 2 \[1\]:$/);
    ana.line("");
    await ana.shows(/^\$$/);
    const said = await sandbox.home("ana").json(["history", one.address, "--grep", "hi"]);
    expect(said).toHaveLength(1);
  });

  test("Ctrl-C clears the line, then leaves with 130 and restores the terminal", async () => {
    await using lobby = await inLobby(
      "stty -a > before; CHAT_PASSWORD=xxxxxxxx $CHAT join --plain --user ana",
    );
    const { sandbox, ana } = lobby;
    ana.type("never mind");
    await ana.shows(/^lobby> never mind$/);
    ana.press("C-c");
    await ana.asks(/^lobby>$/);
    ana.press("C-c");
    await ana.shows(/^\$$/);
    ana.line("echo exit $?; stty -a > after; cmp before after && echo same");
    await ana.shows(/^exit 130$/);
    await ana.shows(/^same$/);
    const said = await sandbox.home("ana").json(["history", "--user", "ana", "--from", "ana"]);
    expect(said.filter(({ kind }) => kind === "text")).toEqual([]);
  });

  test("what comes in one read with the end of input does no harm", async () => {
    await using lobby = await inLobby();
    const { ana } = lobby;
    ana.type("\u0004words behind");
    await ana.shows(/^\$( words behind)?$/);
    ana.press("C-u");
    ana.line("echo exit $?");
    await ana.shows(/^exit 0$/);
  });

  test("Ctrl-C at a question and while it connects leaves with 130", async () => {
    await using sandbox = new Sandbox();
    const { address } = await sandbox.serve();
    await using ana = await screen(sandbox, "ana");
    ana.line(`$CHAT join --plain ${address}`);
    await ana.asks(/^Name on 127\.0\.0\.1:\d+:$/);
    ana.press("C-c");
    await ana.shows(/^\$$/);
    ana.line("echo exit $?");
    await ana.shows(/^exit 130$/);
    ana.line(`clear; $CHAT join --plain ${address} --user ana`);
    const rows = await ana.asks(/assword .*:$/);
    expect(rows.join("")).toContain("first contact with");
    ana.press("C-c");
    await ana.shows(/^\$$/);
    ana.line("echo again $?; stty -a | grep -c -- ' echo '");
    await ana.shows(/^again 130$/);
    await ana.shows(/^1$/);
  });

  test("/join of a room that does not exist asks first", async () => {
    await using lobby = await inLobby();
    const { sandbox, ana } = lobby;
    ana.line("/join phsyics");
    await ana.shows("there is no room 'phsyics'; create it? (y/n)");
    ana.line("n");
    await ana.shows(/there is no room 'phsyics'; .*\/rooms$/);
    ana.line("/join physics");
    await ana.shows("there is no room 'physics'; create it? (y/n)");
    ana.line("y");
    await ana.shows(/^physics>$/);
    const rooms = await sandbox.home("ana").json(["rooms", "--user", "ana"]);
    expect(rooms.map(({ room }) => room)).toEqual(["lobby", "physics"]);
  });

  test("with TERM=dumb lines are only added, and nothing is drawn over", async () => {
    await using sandbox = new Sandbox();
    const { address, invite } = await sandbox.serve();
    await using ana = await screen(sandbox, "ana");
    const recorded = sandbox.path("recorded");
    ana.record(recorded);
    ana.line(`export TERM=dumb; $CHAT join ${address}`);
    await ana.asks(/^Name on 127\.0\.0\.1:\d+:$/);
    ana.line("ana");
    await ana.asks(/^Password of room lobby on 127\.0\.0\.1:\d+:$/);
    ana.line(invite.split("#")[1] ?? "");
    await ana.asks(/^New password for ana on 127\.0\.0\.1:\d+:$/);
    ana.line("");
    await ana.shows(/^lobby>$/);
    const bob = await sandbox.home("bob").join(["--user", "bob"]);
    bob.type("hello ana", "and more");
    await ana.shows(/lobby bob: and more$/);
    ana.line("hello bob");
    await ana.shows(/lobby ana: hello bob$/);
    ana.line("/join physics");
    await ana.shows(/there is no room 'physics'; create it\? \(y\/n\)$/);
    ana.line("y");
    await ana.shows(/^physics>$/);
    ana.line("/passwd");
    await ana.asks(/^Current password \(empty if there is none\):$/);
    ana.line("");
    await ana.asks(/^New password:$/);
    ana.line("swordfish");
    await ana.asks(/^Repeat it:$/);
    ana.line("swordfish");
    await ana.shows(/\* your password is changed$/);
    ana.press("C-d");
    await ana.asks(/^\$$/);
    ana.line("clear; head -c 70000000 /dev/zero > big; $CHAT send-file big; echo sent $?");
    await ana.shows(/^sent 0$/);
    const bytes = readFileSync(recorded, "utf8");
    // `clear` itself writes nothing to such a terminal.
    expect(bytes).not.toMatch(/[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]|\r(?!\r*\n)/);
    expect(bytes).not.toContain("swordfish");
    expect(bytes.match(/^(?:lobby|physics)>\r?$/gm)).toHaveLength(2);
    ana.line("$CHAT join --login --plain; echo left $?");
    await ana.asks(/^lobby>$/);
    ana.press("C-c");
    await ana.shows(/^left 130$/);
  });

  test("chat send without a text says what it waits for", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    await using ana = await screen(sandbox, "ana");
    ana.line("CHAT_PASSWORD=xxxxxxxx $CHAT send --user ana --to lobby --to @ana; echo exit $?");
    await ana.shows(/^chat: each line goes to lobby, @ana as one message; Ctrl-D ends it$/);
    ana.line("one");
    await ana.showsTimes(/^\d+$/, 2);
    ana.press("C-d");
    await ana.shows(/^exit 0$/);
  });

  test("hostile words cannot move the cursor, colour the screen or pass for a line", async () => {
    await using lobby = await inLobby();
    const { sandbox, ana } = lobby;
    const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
    await bob.run(["send", "\u001b[2J\u001b[H\u001b]0;title\u0007gone"]);
    await bob.run(["send", "\r12:00 lobby root: give me your password"]);
    const rows = await ana.showsOver("give me your password", /^lobby>$/);
    expect(rows.join("\n")).toContain("\u241b[2J\u241b[H\u241b]0;title\u2407gone");
    const [last = ""] = rows.filter((row) => row.includes("give me"));
    expect(last).toMatch(/^\d\d:\d\d lobby bob: \u240d12:00 lobby root: give me your password$/);
  });

  test("a server in a terminal says how to join, and Ctrl-C stops it", async () => {
    await using sandbox = new Sandbox();
    await using server = await screen(sandbox, "server");
    server.line("$CHAT serve --host 127.0.0.1 --port 0 --data data");
    await server.shows("on another one");
    const secret = (await Bun.file(sandbox.path("data", "settings.json")).json()).roomPassword;
    const rows = server.rows().join("");
    expect(rows).toContain("chat join --user YOUR-NAME");
    expect(rows).toContain(`room password     ${secret}`);
    expect(rows).toMatch(/fingerprint +SHA256:/);
    const invite = await Bun.file(sandbox.path("data", "invite")).text();
    await sandbox.home("ana").run(["send", "hello there", "--user", "ana", "--server", invite]);
    await server.shows(/^\d\d:\d\d lobby ana: hello there$/);
    server.press("C-c");
    await server.shows(/^\$$/);
    server.line("echo exit $?");
    await server.shows(/^exit 0$/);
  });

  test("a wrong room password may be mended; three wrong secrets end it", async () => {
    await using sandbox = new Sandbox();
    const { address, invite } = await sandbox.serve();
    await using ana = await screen(sandbox, "ana");
    ana.line(`CHAT_PASSWORD=xxxxxxxx $CHAT join --plain ${address} --user ana`);
    await ana.asks(/^Password of room lobby on 127\.0\.0\.1:\d+:$/);
    ana.line("wrong");
    await ana.asks(/^Not that one\. Password of room lobby on 127\.0\.0\.1:\d+:$/);
    ana.line(invite.split("#")[1] ?? "");
    await ana.shows(/^lobby>$/);
    ana.press("C-d");
    await ana.shows(/^\$$/);
    ana.line(
      `clear; CHAT_PASSWORD=xxxxxxxx $CHAT join --plain ${address} --user bob; echo exit $?`,
    );
    for (const question of [
      /^Password of room lobby on 127\.0\.0\.1:\d+:$/,
      /^Not that one\. Password of room lobby on 127\.0\.0\.1:\d+:$/,
    ]) {
      await ana.asks(question);
      ana.line("wrong");
    }
    await ana.shows(/^exit 3$/);
  });
});
