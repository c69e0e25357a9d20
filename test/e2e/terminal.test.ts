import { describe, expect, test } from "bun:test";
import { CHAT } from "./binary.ts";
import { Town } from "./program.ts";
import { Screen, TMUX } from "./tmux.ts";

/** `chat join --plain` as a person meets it: in a terminal. */

const COLUMNS = 90;

function screen(town: Town, name: string): Promise<Screen> {
  return Screen.open(town, name, { CHAT_HOME: town.path(name), CHAT: CHAT });
}

test("tmux is there where it has to be", () => {
  if (process.env["CI"] === "true") expect(TMUX).not.toBeNull();
  else expect([null, "string"]).toContain(TMUX === null ? null : typeof TMUX);
});

describe.if(TMUX !== null)("in a terminal", () => {
  test("a newcomer is asked for name, room password and password, unseen", async () => {
    await using town = new Town();
    const { address, invite } = await town.serve();
    await using ana = await screen(town, "ana");
    ana.line(`$CHAT join --plain ${address}`);
    await ana.shows(/^Name:$/);
    ana.line("ana");
    await ana.shows(/^Room password:$|^Password for ana:$/);
    const asked = { "Room password": invite.split("#")[1] ?? "", "Password for ana": "swordfish" };
    for (let i = 0; i < 2; i++) {
      const rows = await ana.shows(/^(?:Room password|Password for ana):$/);
      const question = rows.at(-1)?.replace(/:$/, "") as keyof typeof asked;
      ana.line(asked[question]);
      if (i === 0) await ana.shows(question === "Room password" ? /^Pass/ : /^Room/);
    }
    const rows = await ana.shows(/you are ana on/);
    expect(rows.join("\n")).not.toMatch(/swordfish|#|-....-/);
    await ana.shows(/^lobby>$/);
    ana.press("C-d");
    await ana.shows(/^\$$/);
    ana.line("echo exit $?");
    await ana.shows(/^exit 0$/);
  });

  test("a half-typed line survives what others say", async () => {
    await using town = new Town();
    await town.serve();
    await using ana = await screen(town, "ana");
    ana.line("$CHAT join --plain --user ana");
    await ana.shows(/^chat: a new name may go without a password; then only this device is ana$/);
    await ana.shows("Password for ana:");
    ana.press("Enter");
    await ana.shows(/^lobby>$/);
    ana.type("half a tho");
    await ana.shows(/^lobby> half a tho$/);
    const bob = await town.home("bob").join(["--user", "bob"]);
    for (let i = 0; i < 5; i++) bob.type(`interruption ${i}`);
    const rows = await ana.shows(/lobby bob: interruption 4$/);
    expect(rows.at(-1)).toBe("lobby> half a tho");
    expect(rows.filter((row) => row.includes("half a tho")).length).toBe(1);
    expect(rows.filter((row) => row.includes("interruption")).length).toBe(5);
    ana.press("Left", "Left", "Left");
    bob.type("one more");
    await ana.shows(/lobby bob: one more$/);
    ana.type("X");
    await ana.shows(/^lobby> half a Xtho$/);
    ana.press("Enter");
    expect(await bob.json("text", { from: "ana" })).toMatchObject({ text: "half a Xtho" });
    await ana.shows(/ana: half a Xtho$/);
  });

  test("a line of several rows is neither torn nor doubled, at any width", async () => {
    await using town = new Town();
    await town.serve();
    await using ana = await screen(town, "ana");
    ana.line("CHAT_PASSWORD=x $CHAT join --plain --user ana");
    await ana.shows(/^lobby>$/);
    const long = Array.from({ length: 60 }, (_, i) => `word${i}`).join(" ");
    ana.type(long);
    await ana.shows("word59");
    const bob = await town.home("bob").join(["--user", "bob"]);
    bob.type("first", "second");
    const rows = await ana.shows(/lobby bob: second$/);
    const last = rows.findIndex((row) => row.endsWith("lobby bob: second"));
    const typed = rows
      .slice(last + 1)
      .join("")
      .replaceAll(" ", "");
    expect(typed).toBe(`lobby>${long}`.replaceAll(" ", ""));
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

  test("Ctrl-C clears the line, then leaves with 130 and restores the terminal", async () => {
    await using town = new Town();
    await town.serve();
    await using ana = await screen(town, "ana");
    ana.line("stty -a > before; CHAT_PASSWORD=x $CHAT join --plain --user ana");
    await ana.shows(/^lobby>$/);
    ana.type("never mind");
    await ana.shows(/^lobby> never mind$/);
    ana.press("C-c");
    await ana.shows(/^lobby>$/);
    ana.press("C-c");
    await ana.shows(/^\$$/);
    ana.line("echo exit $?; stty -a > after; cmp before after && echo same");
    await ana.shows(/^exit 130$/);
    await ana.shows(/^same$/);
    const said = await town.home("ana").json(["history", "--user", "ana", "--from", "ana"]);
    expect(said.filter(({ kind }) => kind === "text")).toEqual([]);
  });

  test("Ctrl-C at a question and while it connects leaves with 130", async () => {
    await using town = new Town();
    const { address } = await town.serve();
    await using ana = await screen(town, "ana");
    ana.line(`$CHAT join --plain ${address}`);
    await ana.shows(/^Name:$/);
    ana.press("C-c");
    await ana.shows(/^\$$/);
    ana.line("echo exit $?");
    await ana.shows(/^exit 130$/);
    ana.line(`clear; $CHAT join --plain ${address} --user ana`);
    const rows = await ana.shows(/assword[^:]*:$/);
    expect(rows.join("")).toContain("first contact with");
    ana.press("C-c");
    await ana.shows(/^\$$/);
    ana.line("echo again $?; stty -a | grep -c -- ' echo '");
    await ana.shows(/^again 130$/);
    await ana.shows(/^1$/);
  });

  test("/join of a room that does not exist asks first", async () => {
    await using town = new Town();
    await town.serve();
    await using ana = await screen(town, "ana");
    ana.line("CHAT_PASSWORD=x $CHAT join --plain --user ana");
    await ana.shows(/^lobby>$/);
    ana.line("/join phsyics");
    await ana.shows("there is no room 'phsyics'; make it? (y/n)");
    ana.line("n");
    await ana.shows(/there is no room 'phsyics'; .*\/rooms$/);
    ana.line("/join physics");
    await ana.shows("there is no room 'physics'; make it? (y/n)");
    ana.line("y");
    await ana.shows(/^physics>$/);
    const rooms = await town.home("ana").json(["rooms", "--user", "ana"]);
    expect(rooms.map(({ room }) => room)).toEqual(["lobby", "physics"]);
  });

  test("hostile words cannot move the cursor, colour the screen or pass for a line", async () => {
    await using town = new Town();
    await town.serve();
    await using ana = await screen(town, "ana");
    ana.line("CHAT_PASSWORD=x $CHAT join --plain --user ana");
    await ana.shows(/^lobby>$/);
    const bob = town.home("bob").with({ CHAT_USER: "bob" });
    await bob.run(["send", "\u001b[2J\u001b[H\u001b]0;title\u0007gone"]);
    await bob.run(["send", "\r12:00 lobby root: give me your password"]);
    const rows = await ana.shows("give me your password");
    expect(rows.join("\n")).toContain("\u241b[2J\u241b[H\u241b]0;title\u2407gone");
    const [last = ""] = rows.filter((row) => row.includes("give me"));
    expect(last).toMatch(/^\d\d:\d\d lobby bob: \u240d12:00 lobby root: give me your password$/);
    expect(rows.at(-1)).toBe("lobby>");
  });

  test("a server in a terminal says how to join, and Ctrl-C stops it", async () => {
    await using town = new Town();
    await using server = await screen(town, "server");
    server.line("$CHAT serve --host 127.0.0.1 --port 0 --data data");
    await server.shows("Ctrl-C stops it.");
    const secret = (await Bun.file(town.path("data", "settings.json")).json()).roomPassword;
    const rows = server.rows().join("");
    expect(rows).toContain("chat join --user YOUR-NAME");
    expect(rows).toContain(`room password     ${secret}`);
    expect(rows).toMatch(/fingerprint +SHA256:/);
    await town.home("ana").run(["send", "hello there", "--user", "ana"]);
    await server.shows(/^\d\d:\d\d lobby ana: hello there$/);
    server.press("C-c");
    await server.shows(/^\$$/);
    server.line("echo exit $?");
    await server.shows(/^exit 0$/);
  });

  test("a wrong room password may be mended; three wrong secrets end it", async () => {
    await using town = new Town();
    const { address, invite } = await town.serve();
    await using ana = await screen(town, "ana");
    ana.line(`CHAT_PASSWORD=x $CHAT join --plain ${address} --user ana`);
    await ana.shows(/^Room password:$/);
    ana.line("wrong");
    await ana.shows(/^Not that one\. Room password:$/);
    ana.line(invite.split("#")[1] ?? "");
    await ana.shows(/^lobby>$/);
    ana.press("C-d");
    await ana.shows(/^\$$/);
    ana.line(`clear; CHAT_PASSWORD=x $CHAT join --plain ${address} --user bob; echo exit $?`);
    for (const question of [/^Room password:$/, /^Not that one\. Room password:$/]) {
      await ana.shows(question);
      ana.line("wrong");
    }
    await ana.shows(/^exit 3$/);
  });
});
