/** A term of a class: lists, lessons with polls, assignments, renamed rooms and people. */

import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { CHAT } from "../e2e/binary.ts";
import type { Home, Json } from "../e2e/program.ts";
import { ndjson } from "../e2e/program.ts";
import { Screen } from "../e2e/tmux.ts";
import { requires } from "../installed.ts";
import { pageTest } from "./browser.ts";
import type { HeadlessUser } from "./headless-user.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();

const PUPILS = Array.from({ length: 30 }, (_, i) => `p${String(i + 1).padStart(2, "0")}`);
/** Pupils who use the terminal. The first two are renamed, and the third leaves. */
const TERMINAL = PUPILS.slice(0, 3);
const LESSONS = [1, 2, 3];
const HOMEWORK = LESSONS.map((lesson) => `hw${lesson}`);

/** A list with the former names asks whom and which room it means. */
const FORMER = /\b(?:math|hw1|p01|p02)\b/g;
const NEW_NAMES: Readonly<Record<string, string>> = {
  math: "maths",
  hw1: "essay",
  p01: "petra",
  p02: "paul",
};

async function lines(home: Home, ...stdin: readonly string[]): Promise<Json[]> {
  const { out } = await home.run(["join", "--json"], { stdin: `${stdin.join("\n")}\n` });
  return ndjson(out);
}

const termTest: typeof pageTest = (name, run) =>
  requires("tmux").describe("with tmux", () => pageTest(name, run));

/** How work in each assignment appears at the end of the term. */
const STATES = [
  { "in time": 23, "in time, more later": 1, late: 0, missing: 6 },
  { "in time": 0, "in time, more later": 0, late: 24, missing: 6 },
  { "in time": 24, "in time, more later": 0, late: 0, missing: 6 },
];

const isHandedIn = ({ messages }: Json) => Number(messages) > 0;

termTest("terminal, page and a restarted server agree at the end of a term", async () => {
  const { sandbox, served } = server;
  const [tari, budi] = [server.home("tari"), server.home("budi")] as const;
  const olga = sandbox.home("olga");
  const admin = (...args: readonly string[]) => {
    return olga.json(["admin", ...args, "--user", "olga", "--data", served.data]);
  };
  const users = new Map<string, HeadlessUser>();
  for (const name of PUPILS.slice(TERMINAL.length))
    users.set(name, await server.headlessUser(name));
  await Promise.all([...TERMINAL.map(server.home, server), budi].map((home) => lines(home)));
  await lines(tari, ...HOMEWORK.map((room) => `/join ${room} --assignment`));

  const pupilsIn = (rooms: string) => PUPILS.map((name) => `${name},${rooms},\n`).join("");
  const teachers = `tari,math:moderator,\nbudi,math:moderator ${HOMEWORK[0]}:moderator,\n`;
  const classList = sandbox.write("class.csv", `name,rooms,role\n${teachers}${pupilsIn("math")}`);
  const workList = sandbox.write("work.csv", `name,rooms,role\n${pupilsIn(HOMEWORK.join(" "))}`);
  // An operator confirms rooms that a teacher has made.
  const confirmed = HOMEWORK.flatMap((room) => ["--room", room]);
  for (const list of [classList, workList]) await admin("accounts", "import", list, ...confirmed);
  expect((await admin("accounts", "import", workList)).at(-1)).toMatchObject({ changes: 0 });

  const polls: number[] = [];
  for (const lesson of LESSONS) {
    const made = await lines(tari, "/join math", `/poll Lesson ${lesson}? | clear | hard`);
    const poll = Number(made.findLast(({ kind, text }) => kind === "text" && text)?.["seq"]);
    polls.push(poll);
    const room = `hw${lesson}`;
    await Promise.all(
      [...users].map(async ([name, user], at) => {
        await user.tab.ask("vote", { seq: poll, choices: [1 + ((at + lesson) % 2)] });
        // Some hand in late, and some only ask.
        if (at % 9 === lesson) return;
        await user.post(at % 9 === 5 ? "When is it due?" : `work of ${name}`, `${room}@${name}`);
      }),
    );
    for (const name of TERMINAL)
      await lines(server.home(name), "/join math", `/vote 1 ${poll}`, `/join ${room}`, "my work");
  }
  // One piece of work is deleted, and one vote withdrawn.
  const [name = "", deleting] = [...users][10] ?? [];
  const own = await deleting?.post("my best work", `hw2@${name}`);
  await deleting?.tab.ask("erase", { seq: own ?? 0 });
  await deleting?.tab.ask("vote", { seq: polls[2] ?? 0, choices: [] });
  const first = await tari.json(["handed", "--room", "hw1"]);
  const lastMs = Math.max(...first.map(({ at = 0 }) => Number(at)));
  await lines(tari, "/join hw1", `/rules due ${new Date(lastMs).toISOString()}`);
  await lines(tari, "/join hw2", "/rules due 2001-01-01 09:00");
  await lines(tari, "/join hw3", "/rules due 2101-01-01");
  await admin("room", "rename", "math", "maths");
  await admin("room", "rename", "hw1", "essay");
  await admin("rename", "p01", "petra");
  await admin("rename", "p02", "paul");
  await lines(server.home("p03"), "/leave maths", "/leave essay", "/leave hw2", "/leave hw3");
  // By the old name of the room, and logged in by the old name of the account.
  await lines(server.home("p01"), "/join hw1", "one more page");

  const numbers = async () => {
    const handed: Json[][] = [];
    for (const room of HOMEWORK) handed.push(await tari.json(["handed", "--room", room]));
    const shown = await lines(tari, "/join math", ...polls.map((seq) => `/poll ${seq}`));
    const results = shown.filter(({ kind }) => kind === "poll-results");
    const [who] = (await lines(tari, "/join hw2", "/who")).filter(({ kind }) => kind === "who");
    const members = who?.["users"] as readonly Json[];
    const rooms = await budi.json(["rooms"]);
    const unread = rooms.find(({ room }) => room === "maths")?.["unread"];
    return { handed, results, unread, members: members.map(({ user, role }) => [user, role]) };
  };
  const codes = { "in time": "in-time", "in time, more later": "added-later" };
  const stateCode = (text: string) => codes[text as keyof typeof codes] ?? text;
  const before = await numbers();
  expect(before.handed.map((rows) => rows.filter(isHandedIn).length)).toEqual([24, 24, 24]);
  expect(before.results.map(({ voters }) => voters)).toEqual([30, 30, 29]);
  expect(before.handed[0]?.find(({ user }) => user === "petra")?.["messages"]).toBe(2);
  for (const [at, states] of STATES.entries()) {
    const rows = before.handed[at] ?? [];
    const counts = Object.keys(states).map((text) => [
      text,
      rows.filter(({ state }) => state === stateCode(text)).length,
    ]);
    expect(Object.fromEntries(counts)).toEqual(states);
  }
  expect([before.unread, before.members.length]).toEqual([LESSONS.length, 30]);
  expect(before.handed[0]?.find(({ user }) => user === "p03")?.["left"]).toBe(true);

  await served.program.signal("SIGKILL");
  for (const user of users.values()) user.tab.close();
  const again = sandbox.startServer({ port: served.port, data: "data" });
  await again.json("listening");
  expect(await numbers()).toEqual(before);
  for (const list of [classList, workList]) {
    const text = readFileSync(list, "utf8").replaceAll(FORMER, (name) => NEW_NAMES[name] ?? name);
    const renamed = sandbox.write("renamed.csv", text);
    const dry = await admin("accounts", "import", renamed, "--dry-run");
    expect(dry.at(-1)).toMatchObject({ kind: "imported", changes: 0 });
    expect(new Set(dry.flatMap(({ kind, user }) => (kind === "left" ? [user] : [])))).toEqual(
      new Set(["p03"]),
    );
  }
  const out = sandbox.path("work");
  await tari.run(["handed", "--room", "hw1", "--out", out]);
  expect(readdirSync(out)).toHaveLength(24);

  await using screen = await Screen.open(sandbox, "screen", {
    CHAT_HOME: sandbox.path("tari"),
    CHAT,
  });
  screen.resize(110, 60);
  screen.line(`clear; $CHAT join 127.0.0.1:${served.port} --user tari --room maths`);
  await screen.shows(/^#maths>$/);
  for (const [lesson, voters] of [30, 30, 29].entries()) {
    screen.line(`/poll ${polls[lesson]}`);
    await screen.shows(new RegExp(`─ #${polls[lesson]} Lesson ${lesson + 1}\\?`));
    await screen.shows(`${voters} voters`);
  }
  for (const [at, room] of ["essay", "hw2", "hw3"].entries()) {
    screen.line(`/join ${room}`);
    await screen.shows(`#${room}>`);
    screen.line("/handed");
    const rows = await screen.shows(`24 of ${before.handed[at]?.length} handed in`);
    for (const [state, count] of Object.entries(STATES[at] ?? {}))
      expect(
        rows.filter((row) => new RegExp(`  ${state}(?:, has left.*)?$`).test(row)),
      ).toHaveLength(count);
  }
  await screen.shows(/of 30 online/);

  const page = await server.window("tari", { password: "xxxxxxxx" });
  for (const [at, room] of ["essay", "hw2", "hw3"].entries()) {
    await page.send(`/join ${room}`);
    await page.heading(`#${room}`).waitFor();
    await page.page.locator(".button-small", { hasText: /^Handed in$/ }).click();
    const table = page.page.getByRole("region", { name: `Handed in: #${room}` });
    const strip = page.page.locator(".handed-bar");
    await strip.getByText(`24 of ${before.handed[at]?.length} handed in`).waitFor();
    for (const [state, count] of Object.entries(STATES[at] ?? {}))
      expect(await table.getByText(state, { exact: true }).count()).toBe(count);
  }
  await page.send("/join maths");
  for (const [at, voters] of [30, 30, 29].entries()) {
    const poll = page.page.locator("fieldset.poll", { hasText: `Lesson ${at + 1}?` });
    await poll.getByText(`${voters} voters`).waitFor();
  }
  const other = await server.window("budi", { password: "xxxxxxxx" });
  await other.room("maths").getByText(String(before.unread), { exact: true }).waitFor();
});
