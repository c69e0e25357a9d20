import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { Sandbox } from "./program.ts";
import { Screen } from "./tmux.ts";

const MODES = "#{alternate_on} #{cursor_flag} #{wrap_flag}";
const RESTORED = "0 1 1";

async function board(sandbox: Sandbox, args = ""): Promise<Screen> {
  const screen = await Screen.open(sandbox, "server", { CHAT_HOME: sandbox.path("server"), CHAT });
  screen.resize(80, 24);
  const serve = `$CHAT serve --host 127.0.0.1 --port 0 --no-discovery --name 'Room 12' ${args}`;
  screen.line(`clear; ${serve}; echo ended $?; stty -a | grep -o ' icanon'`);
  return screen;
}

function address(rows: readonly string[]): string {
  return /https:\/\/(127\.0\.0\.1:\d+)\//.exec(rows.join("\n"))?.[1] ?? "";
}

requires("tmux").test("a board shows who is here, and stops with its keys", async () => {
  await using sandbox = new Sandbox();
  await using server = await board(sandbox);
  const first = await server.showsOver("A class from a list", /q stop$/);
  expect(first[0]).toMatch(/^ Room 12 +nobody here yet · since \d\d:\d\d$/);
  expect(first.slice(1, 4)).toEqual([
    " Let people in",
    expect.stringMatching(/^ {3}browser {6}https:\/\/127\.0\.0\.1:\d+\/$/),
    expect.stringMatching(/^ {3}password {5}[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}$/),
  ]);
  expect(first.at(-1)).toStartWith(" i invite  a announce  c code  w wall  l log ");
  const invite = readFileSync(sandbox.path("data", "invite"), "utf8").trim().slice(1, -1);
  expect(invite).toContain(address(first));
  sandbox.use(invite);
  for (const name of ["ana", "ben", "cleo"]) await sandbox.home(name).join(["--user", name]);
  await server.shows(/^ Room 12 +3 of 3 here · since \d\d:\d\d$/);
  await server.shows(/^ Here {6}cleo, ben, ana$/);
  await server.shows(/^ https:\/\/127\.0\.0\.1:\d+\/ · password /);
  const ana = sandbox.home("ana");
  await ana.run(["send", "hello \u001b[2Jall", "--user", "ana"]);
  await ana.run(["send", "not for others", "--to", "@ben", "--user", "ana"]);
  await server.shows(/^── Messages · 1 private ─/);
  await server.shows(/^ \d\d:\d\d #lobby {5}ana {9}hello ␛\[2Jall$/);
  expect(server.rows().join("\n")).not.toContain("not for others");

  server.press("l");
  await server.shows(/^ Log · \d+ lines +\/ finds · Esc$/);
  await server.shows(/^ \d\d:\d\d:\d\d logged-in {4}ben 127\.0\.0\.1:\d+ /);
  server.press("Escape");
  await server.shows(/^── Messages/);
  server.press("c");
  await server.shows("Other machines cannot reach this page");
  server.press("c");
  await server.shows(/^── Messages/);
  server.press("i");
  await server.shows(/^ ▸ 1 person, 1 day$/);
  await until("an invite", () => {
    server.press("Enter");
    return server.rows().some((row) => row.includes("Invite for 1 person, until"));
  });
  const token = /#(t[\w-]{22})'/.exec(server.rows().join(""))?.[1] ?? "";
  server.press("Escape");
  await server.shows(/^ Decided {3}\d\d:\d\d invite created: /);
  const dan = sandbox.home("dan").with({ CHAT_INVITE: invite.replace(/#.*/, `#${token}`) });
  expect((await dan.run(["send", "by invite", "--user", "dan"])).exitCode).toBe(0);
  await server.shows(/dan {9}by invite$/);

  server.press("q");
  await server.shows(/^ Stop the server\? \d (?:person is|people are) connected\.$/);
  server.press("Down");
  await until("the end", () => {
    server.press("Enter");
    return server.rows().some((row) => row.startsWith("ended"));
  });
  const last = await server.shows("ended 0");
  await server.shows(" icanon");
  expect(last.join("\n")).toMatch(/^Room 12 · https:\/\/127\.0\.0\.1:\d+\/ · since \d\d:\d\d$/m);
  expect(server.query(MODES)).toBe(RESTORED);
});

requires("tmux").test("a signal restores the terminal, and --plain prints lines", async () => {
  await using sandbox = new Sandbox();
  await using server = await board(sandbox, "--public chat.example.org");
  await server.shows(" Let people in");
  server.press("c");
  const code = await server.shows(/[█▀▄] {4}https:\/\/chat\.example\.org:\d+\/$/);
  expect(code.filter((row) => /[█▀▄]{3}/.test(row)).length).toBeGreaterThan(12);
  const [pid] = server.query("#{pane_pid}").split(" ");
  Bun.spawnSync(["pkill", "-TERM", "-P", String(pid)]);
  await server.shows("ended 0");
  await server.shows(" icanon");
  expect(server.query(MODES)).toBe(RESTORED);
  server.line("clear; $CHAT serve --host 127.0.0.1 --port 0 --plain --no-discovery; echo ended $?");
  await server.shows(/^'Room 12' is running \(Ctrl-C to stop\)/);
  expect(server.query("#{alternate_on}")).toBe("0");
  server.press("C-c");
  await server.shows("ended 0");
});

requires("tmux").test("a wall shows turns and votes, in any size, and no messages", async () => {
  await using sandbox = new Sandbox();
  await using server = await board(sandbox, "--wall");
  await server.shows("Scan the code, or type the address.");
  const invite = readFileSync(sandbox.path("data", "invite"), "utf8").trim().slice(1, -1);
  sandbox.use(invite);
  const rina = await sandbox.home("rina").join(["--user", "rina"]);
  rina.type("/join math", "not for the wall");
  await rina.json("text");
  const doni = await sandbox.home("doni").join(["--user", "doni", "--room", "math"]);
  await server.shows("2 of 2 here");
  doni.type("/hand up");
  await server.shows(/^ {2}Next$/);
  await server.shows(/^ {2}█ █ █ █ ███ {2}█$/);
  rina.type("/call doni", "/poll Trip? | sea | hills", "/vote 2");
  await server.shows(/^ {2}Speaks$/);
  await server.shows(/^ {4}hills {2}█+ +1$/);
  for (const [columns, rows] of [
    [50, 15],
    [120, 40],
    [80, 24],
  ] as const) {
    server.resize(columns, rows);
    await server.shows(/^ {2}Speaks$/);
    expect(server.rows().join("\n")).not.toContain("not for the wall");
  }
  server.press("n");
  await server.shows(" w or Esc board · n names · q stop");
  await until("no names", () => !server.rows().join("\n").includes("rina"));
  server.press("n");
  await server.shows(/rina/);
  server.press("C-z");
  await server.shows(/[Ss]topped/);
  server.line("fg");
  await server.shows(/^ {2}Speaks$/);
  server.press("w");
  await server.shows(/^── Messages/);
  await server.shows("not for the wall");
  server.press("w");
  await server.shows(/^ {2}Speaks$/);
  expect(server.rows().join("\n")).not.toContain("not for the wall");
  server.press("C-c", "C-c");
  await server.shows(/^Room 12 · https:/);
  await server.shows(/^\$$/);
  // The votes of an open poll are counted again after a restart.
  const again = "$CHAT serve --host 127.0.0.1 --port 0 --no-discovery --wall";
  server.line(`clear; ${again}; echo ended $?`);
  await server.shows(/^ {4}hills {2}█+ +1$/);
  server.press("C-c", "C-c");
  await server.shows("ended 0");
});

requires("tmux").test("a server without a board says that it has no wall", async () => {
  await using sandbox = new Sandbox();
  const args = ["serve", "--host", "127.0.0.1", "--port", "0", "--no-discovery", "--wall"];
  const program = sandbox.home("server").start([...args, "--data", sandbox.path("data")]);
  await until("a notice", () => program.err.text.includes("--wall has no effect"));
  await program.signal("SIGTERM");
});
