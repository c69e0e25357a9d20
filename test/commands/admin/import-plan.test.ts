import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatCsv } from "../../../src/base/csv.ts";
import { Fault } from "../../../src/base/fault.ts";
import { defined } from "../../../src/base/values.ts";
import { accountsOf, roomsOf } from "../../../src/client/link/lists.ts";
import {
  changeLines,
  planLines,
  planText,
  sumText,
} from "../../../src/commands/admin/plan-lines.ts";
import { classListOf, parseClassList } from "../../../src/core/people/class-list.ts";
import {
  type Confirmed,
  type ImportChange,
  type ImportPlan,
  isCode,
  planImport,
  requestFor,
} from "../../../src/core/people/import-plan.ts";
import { reasonText } from "../../../src/core/people/list-text.ts";
import { sampleSize } from "../../samples.ts";
import type { Guest } from "../../server/guest.ts";
import { siteWith } from "../../server/site.ts";
import { operating, TOKEN } from "../../server/site-lab.ts";
import { randomOf } from "../../worlds/disk-world.ts";

/** A server with an operator, and the plan of each list for it. */
async function school(seed = 1) {
  const { site, olga, mia, ben } = await siteWith(["olga", "mia", "ben"], {
    seed,
    operatorToken: TOKEN,
  });
  await operating(olga);
  const entries = async () => {
    const accounts = await olga.request("accounts", { memberships: true, sort: "since" });
    const rooms = await olga.request("all-rooms", { former: true });
    return { accounts: accountsOf(accounts), rooms: roomsOf(rooms) };
  };
  const plan = async (
    text: string,
    renews = false,
    confirmed: Confirmed = { accounts: [], rooms: [] },
  ): Promise<ImportPlan> => {
    const state = { ...(await entries()), me: "olga", renews, confirmed };
    return planImport(parseClassList(Buffer.from(text)), state);
  };
  const make = async (text: string): Promise<ImportPlan> => {
    const made = await plan(text);
    for (const change of made.changes) await perform(olga, change);
    await site.quiet();
    return made;
  };
  const exported = async () => {
    const { accounts } = await entries();
    return formatCsv(classListOf(accounts.filter(({ removed }) => removed !== true)));
  };
  return { site, olga, mia, ben, entries, plan, make, exported };
}

async function perform(olga: Guest, change: ImportChange): Promise<void> {
  if (!isCode(change)) {
    const { kind, fields } = requestFor(change);
    await olga.request(kind, fields);
    return;
  }
  const { user, displayName } = change;
  if (change.kind === "renew-code") await olga.request("reset", { user });
  else {
    const { externalId } = change;
    await olga.request("enrol", defined({ user, displayName, externalId }));
  }
}

const kinds = ({ changes }: ImportPlan) => changes.map(({ kind }) => kind);
const texts = ({ problems }: ImportPlan) =>
  problems.map(({ line, reason }) => `${line} ${reasonText(reason)}`);
const asked = ({ questions }: ImportPlan) =>
  questions.map(({ line, reason, subject }) => {
    const confirm = subject === undefined ? "" : ` [${subject.kind} ${subject.name}]`;
    return `${line} ${reasonText(reason)}${confirm}`;
  });
const NONE = { changes: [], problems: [], questions: [] };

test("a second class never receives the accounts of the first one", async () => {
  const { make, plan, exported } = await school();
  const first = "display name,rooms\nБорисов Иван,7a\nВолкова Анна,7a\n李娜,7a\n";
  const second = "display name,rooms,role\n李明,7b,moderator\nСидорова Мария,7b,member\n";
  await make(first);
  const before = await exported();
  await make(second);
  expect((await exported()).split("\r\n")).toEqual(
    expect.arrayContaining(before.split("\r\n").slice(3)),
  );
  for (const text of [first, second, `${first}Аня,7a\n`.replace("Аня,7a\n", "")])
    expect(await plan(text)).toMatchObject(NONE);
  const added = await plan("display name,rooms\nЯковлев Пётр,7a\nВолкова Анна,7a\nБорисов Иван,7a");
  expect(kinds(added)).toEqual(["create-account", "display-name", "add"]);
});

test("names that are cut stay distinct in any order", async () => {
  const { make, plan } = await school();
  const [a, b] = ["Muhammad Rizky Aditya Pratama Putra", "Muhammad Rizky Aditya Pratama Puri"];
  await make(`name\n${a}\n${b}`);
  expect(await plan(`name\n${b}\n${a}`)).toMatchObject(NONE);
});

test("asks whether an account of an older version is meant by its display name", async () => {
  const { olga, plan } = await school();
  for (const [user, displayName] of [
    ["user", "Борисов Иван"],
    ["user-2", "Волкова Анна"],
  ] as const)
    await olga.request("enrol", { user, displayName });
  const list = "display name\nВолкова Анна\nБорисов Иван";
  expect(asked(await plan(list)).map((text) => text.slice(0, 47))).toEqual([
    "2 has the display name of the account user-2; w",
    "3 has the display name of the account user; wri",
  ]);
  const confirmed = { accounts: ["User", "user-2"], rooms: [] };
  expect(await plan(list, false, confirmed)).toMatchObject(NONE);
});

test("nobody becomes somebody else by a display name", async () => {
  const { olga, mia, ben, plan, make } = await school();
  await make("name,rooms\nmia,class-9\nben,class-9");
  await mia.request("display-name", { text: "Clara Oswald" });
  await ben.request("display-name", { text: "Boris Head" });
  const list = "display name,rooms,role\nClara Oswald,class-9,moderator\nBoris Head,,operator\n";
  const everything = { accounts: ["mia", "ben"], rooms: ["class-9"] };
  for (const text of [list, list.replace("display name", "name")]) {
    const taken = await plan(text, false, everything);
    expect(taken.changes).toEqual([]);
    expect(asked(taken)).toEqual([
      "2 has the display name of the account mia; a role needs the account's name; " +
        "write mia in the column 'name' if it is this person; " +
        "or Clara-Oswald-k5mkrn8 for a new account",
      "3 has the display name of the account ben; a role needs the account's name; " +
        "write ben in the column 'name' if it is this person; " +
        "or Boris-Head-396fduw for a new account",
    ]);
  }
  const member = "display name,rooms\nClara Oswald,class-8";
  expect((await plan(member)).changes).toEqual([]);
  expect(kinds(await plan(member, false, everything))).toEqual(["create-room", "add"]);
  // Also ends no role.
  await olga.request("grant", { user: "ben", on: true });
  expect((await plan("display name,role\nBoris Head,member", false, everything)).changes).toEqual(
    [],
  );
});

test("a pupil of the same display name is not the one of another list", async () => {
  const { make, plan } = await school();
  await make("display name,rooms\nSiti Aminah,7a");
  expect(await plan("display name,rooms\nSiti Aminah,7a")).toMatchObject(NONE);
  const other = await plan("display name,rooms\nSiti Aminah,7b");
  expect([other.changes, asked(other)]).toEqual([
    [],
    [
      "2 has the display name of the account Siti-Aminah; write Siti-Aminah in the column 'name' " +
        "if it is this person; or Siti-Aminah-b2ce34d for a new account [account Siti-Aminah]",
    ],
  ]);
  const numbers = await plan(
    "name,display name,rooms\n0061111111,Siti Aminah,7b\n198001012005012003,,7b",
  );
  expect(texts(numbers)).toEqual([
    "2 has the name '0061111111', which no account can have; write for example " +
      "user-0061111111; or call the column 'id' if it is the school's number",
    "3 has the name '198001012005012003', which no account can have; write for example " +
      "user-198001012005012003; or call the column 'id' if it is the school's number",
  ]);
  expect(numbers.changes).toEqual([]);
});

test("a room that somebody else made is asked about before a class joins it", async () => {
  const { olga, mia, make, plan } = await school();
  await mia.request("join", { room: "math", create: true });
  await make("name,rooms\nben,lab");
  const list = "name,rooms\nben,math lab\nana,math:moderator";
  const open = await plan(list);
  expect([open.changes, asked(open)]).toEqual([
    [],
    ["2 names the room math, which mia made; choose another room, or confirm this one [room math]"],
  ]);
  const kindsOf = ["create-account", "add", "add", "grant"] as const;
  const confirmed = { accounts: [], rooms: ["MATH"] };
  expect(kinds(await plan(list, false, confirmed))).toEqual([...kindsOf]);
  // Rooms of an operator are not asked about, also if that is over.
  await olga.request("grant", { user: "mia", on: true });
  expect(asked(await plan(list))).toEqual([]);
  await mia.request("join", { room: "art", create: true });
  await olga.request("grant", { user: "mia", on: false });
  expect(asked(await plan("name,rooms\nben,art"))).toEqual([]);
  expect(asked(await plan("name,rooms\nmia,math"))).toEqual([]);
});

test("a former name of a room never swallows a new class", async () => {
  const { olga, make, plan } = await school();
  await make("name,rooms\nana,7a");
  await olga.request("rename", { room: "7a", to: "8a" });
  const open = await plan("name,rooms\nzara,7a\nana,8a");
  expect([open.changes, asked(open)]).toEqual([
    [],
    [
      "2 names the room 7a, which is now called 8a; " +
        "write 8a if it is this room, or another name for a new one",
    ],
  ]);
  const confirmed = { accounts: [], rooms: ["8a"] };
  expect((await plan("name,rooms\nzara,7a\nana,8a", false, confirmed)).changes).toEqual([]);
  expect(asked(await plan("name,rooms\nzara,7a"))).toEqual([`${asked(open)[0]} [room 8a]`]);
  expect(kinds(await plan("name,rooms\nzara,7a", false, confirmed))).toEqual([
    "create-account",
    "add",
  ]);
});

test("a confirmed former name of a room does not confirm its maker", async () => {
  const { olga, mia, plan } = await school();
  await mia.request("join", { room: "math", create: true });
  await olga.request("rename", { room: "math", to: "maths" });
  const open = await plan("name,rooms\nben,math");
  expect(asked(open)).toEqual([
    "2 names the room math, which is now called maths; " +
      "write maths if it is this room, or another name for a new one",
    "2 names the room maths, which mia made; choose another room, or confirm this one [room maths]",
  ]);
  const confirmed = { accounts: [], rooms: ["maths"] };
  expect((await plan("name,rooms\nben,math", false, confirmed)).changes).toEqual([]);
  expect(kinds(await plan("name,rooms\nben,maths", false, confirmed))).toEqual(["add"]);
});

test("a derived name never takes over an account, a former or a reserved name", async () => {
  const { olga, mia, plan } = await school();
  await mia.request("display-name", { text: "Somebody" });
  await olga.request("rename", { user: "ben", to: "benjamin" });
  await olga.request("enrol", { user: "gone" });
  await olga.request("remove", { user: "gone" });
  const list = "display name\nMia\nBen\nGone\nAnna\nÄnna\nAenna";
  expect(texts(await plan(list)).map((text) => text.slice(0, 70))).toEqual([
    "2 would give 'Mia' the name Mia, which is an account ('Somebody'); wri",
    "3 would give 'Ben' the name Ben, which is a former name of benjamin; w",
    "4 would give 'Gone' the name Gone, which is the name of a removed acco",
    "6 has the name 'Änna', which is or looks like that of line 5; tell the",
  ]);
  expect(texts(await plan("display name\nJörg\nJoerg"))[0]).toContain("the account name of line 2");
  expect((await plan("display name\nAdministrator")).problems).toHaveLength(0);
});

test("people of equal display name are reported, and nobody is renamed", async () => {
  const { olga, mia, plan } = await school();
  await mia.request("display-name", { text: "Anna Meier" });
  expect(texts(await plan("name,display name\nanna2,Anna Meier"))[0]).toMatch(
    /^2 has the display name 'Anna Meier', which is or looks like a name of mia; tell/,
  );
  expect(texts(await plan("display name\nAnna Meièr"))[0]).toContain("looks like");
  expect(texts(await plan("name,display name\nmia,Anna Meier\n,Anna Meier"))[0]).toMatch(/^3 has/);
  await olga.request("enrol", { user: "l", displayName: "Lena" });
  const swapped = await plan("name,display name\nmia,Lena\nl,Anna Meier");
  expect(swapped.problems.map(({ line }) => line)).toEqual([2, 3]);
});

test("gives a display name that another line gives up", async () => {
  const { mia, make, plan } = await school();
  await mia.request("display-name", { text: "Anna" });
  const list = "name,display name\nanna2,Anna\nmia,Anna M.";
  expect((await make(list)).changes.filter(({ kind }) => kind === "display-name")).toHaveLength(2);
  expect(await plan(list)).toMatchObject(NONE);
});

test("resolves former names, and reports removed accounts and twice named people", async () => {
  const { olga, make, plan } = await school();
  const list = "name,display name,rooms,role\nana,,lab,\nben,,lab,moderator\ncleo,,lab,\n";
  await make(list);
  await olga.request("rename", { user: "ana", to: "anna" });
  await olga.request("rename", { room: "lab", to: "workshop" });
  expect(asked(await plan(list))).toEqual([
    "2 names the room lab, which is now called workshop; " +
      "write workshop if it is this room, or another name for a new one [room workshop]",
    "2 names ana, a former name of anna; write anna in the column 'name' if it is this person; " +
      "or another name [account anna]",
  ]);
  const confirmed = { accounts: ["anna"], rooms: ["workshop"] };
  expect(await plan(list, false, confirmed)).toMatchObject(NONE);
  await olga.request("remove", { user: "cleo" });
  expect(texts(await plan(`${list}anna,,,\n`))).toEqual([
    "4 names cleo, whose account was removed; remove the line, or choose another name",
    "5 repeats the name 'anna' of line 2; give each person a name",
  ]);
});

test("changes a role only in the rooms that have it in the list", async () => {
  const { olga, make, exported, plan } = await school();
  await make("name,rooms,role\nmia,essay essay2,\nben,essay:moderator,");
  await make("name,rooms\nmia,mias-room:moderator");
  expect(await exported()).toContain('"mia","","essay essay2 mias-room:moderator","member"');
  expect(await plan(await exported())).toMatchObject(NONE);
  const moved = await plan("name,rooms\nmia,essay:moderator mias-room:member");
  expect(moved.changes as unknown[]).toMatchObject([
    { kind: "grant", user: "mia", room: "essay", on: true },
    { kind: "grant", user: "mia", room: "mias-room", on: false },
  ]);
  await olga.request("grant", { user: "olga", on: true });
  const own = await plan("name,rooms,role\nolga,essay,member");
  expect([own.changes, own.kept.length]).toEqual([[], 1]);
});

test("refuses rooms and names that the server would refuse", async () => {
  const { olga, plan } = await school();
  await olga.request("join", { room: "secret", create: true, sealed: true });
  const list = "name,rooms\nadmin,\nana,secret group-0123456789abcdef\nolga,secret:member";
  expect(texts(await plan(list)).map((text) => text.slice(0, 40))).toEqual([
    "2 has the name 'admin', which is reserve",
    "3 adds ana to the encrypted room secret;",
    "3 names 'group-0123456789abcdef', which ",
    "4 changes a role in the encrypted room s",
  ]);
});

test("renews the codes of people who have never signed in, and counts the others", async () => {
  const { make, plan } = await school();
  await make("ana\nben");
  const { changes } = await plan("ana\nben", true);
  expect(changes as unknown[]).toMatchObject([{ kind: "renew-code", user: "ana" }]);
  expect((await plan("ana\nben")).waiting).toEqual(["ana"]);
});

const NAMES = ["ana", "Ben", "cleo", "user", "Boris", "mia", "olga", "Anna", "admin"];
const DISPLAY_NAMES = [
  "Борис",
  "Ana",
  "Ana R.",
  "Boris",
  "Бен",
  "李",
  "李娜",
  "Jörg",
  "Joerg",
  "Cléo",
];
const ROOMS = ["lab", "essay", "math", "News", "lobby", "old"];
/** A renamed operator would have to log in again. */
const OTHERS = NAMES.filter((name) => name !== "olga");
const ROLES = ["", "member", "moderator", "operator"];

/** Rows of a list, and the requests of people between two imports. */
async function happens(seed: number, world: Awaited<ReturnType<typeof school>>): Promise<void> {
  const { site, olga, mia, ben } = world;
  const random = randomOf(seed);
  const one = <Value>(values: readonly Value[]) =>
    values[Math.floor(random() * values.length)] as Value;
  const acts: (() => Promise<unknown>)[] = [
    () => olga.request("enrol", { user: one(NAMES), displayName: one(DISPLAY_NAMES) }),
    () => olga.request("enrol", { user: one(NAMES) }),
    () => olga.request("display-name", { user: one(NAMES), text: one(DISPLAY_NAMES) }),
    () => mia.request("join", { room: one(ROOMS), create: true }),
    () => ben.request("join", { room: one(ROOMS), create: true }),
    () => mia.request("leave", { room: one(ROOMS) }),
    () => olga.request("add", { room: one(ROOMS), user: one(NAMES) }),
    () => olga.request("grant", { room: one(ROOMS), user: one(NAMES), on: random() < 0.7 }),
    () => olga.request("grant", { user: one(NAMES), on: random() < 0.7 }),
    () => olga.request("kick", { room: one(ROOMS), user: one(NAMES) }),
    () => olga.request("ban", { user: "cleo", on: random() < 0.5 }),
    () =>
      olga.request("rename", {
        user: one(OTHERS),
        to: `${one(NAMES)}${random() < 0.5 ? "x" : ""}`,
      }),
    () =>
      olga.request("rename", { room: one(ROOMS), to: `${one(ROOMS)}${random() < 0.5 ? "x" : ""}` }),
    () => olga.request("close", { room: one(ROOMS), on: random() < 0.5 }),
    () => olga.request("rules", { room: one(ROOMS), post: "private" }),
    () => olga.request("rules", { room: one(ROOMS), join: "approval" }),
    () => olga.request("remove", { user: one(["cleo", "Boris", "ana", "user"]) }),
    () => olga.request("remove", { room: one(ROOMS) }),
    () => mia.request("conversation", { users: ["ben", "olga"] }),
    () => site.wait(ben.post("my work", `${one(ROOMS)}@ben`)),
  ];
  for (let count = 0; count < 25; count++) {
    await one(acts)().catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
  }
  await site.quiet();
}

function listOf(seed: number): string {
  const random = randomOf(seed);
  const one = <Value>(values: readonly Value[]) =>
    values[Math.floor(random() * values.length)] as Value;
  const rows = Array.from({ length: 1 + Math.floor(random() * 5) }, () => {
    const rooms = Array.from({ length: Math.floor(random() * 3) }, () => {
      return one(ROOMS) + one(["", "", ":member", ":moderator"]);
    });
    const name = random() < 0.5 ? one(NAMES) : "";
    const displayName = name === "" || random() < 0.4 ? one(DISPLAY_NAMES) : "";
    return [name, displayName, rooms.join(" "), one(ROLES)];
  });
  return formatCsv([["name", "display name", "rooms", "role"], ...rows]);
}

const seeds = Array.from({ length: sampleSize(20, 400) }, (_, index) => index + 1);

test.each(seeds)("an import of an export changes nothing, seed %i", async (seed) => {
  const world = await school(seed);
  await happens(seed, world);
  const text = await world.exported();
  expect(await world.plan(text)).toMatchObject(NONE);
  // As Excel writes it in German.
  const rows = text
    .trimEnd()
    .split("\r\n")
    .map((row) => row.slice(1, -1).split('","').join(";"));
  expect(await world.plan(`\uFEFF${rows.join("\r\n")}\r\n`)).toMatchObject(NONE);
});

test.each(seeds)("an import makes what its plan says, or nothing, seed %i", async (seed) => {
  const world = await school(seed);
  await happens(seed, world);
  for (let number = 0; number < 12; number++) {
    const text = listOf(seed * 100 + number);
    const before = new Map((await world.entries()).accounts.map((entry) => [entry.user, entry]));
    const { changes, problems, questions } = await world.make(text);
    if (problems.length + questions.length > 0) {
      expect(changes).toEqual([]);
      continue;
    }
    expect({ text, ...(await world.plan(text)) }).toMatchObject({ text, ...NONE });
    const written = new Set(text.split("\r\n").map((row) => row.split('"')[1]?.toLowerCase()));
    for (const change of changes) {
      if (change.kind !== "display-name") continue;
      const { user, former = [] } = before.get(change.user) ?? { user: "" };
      const isWritten = [user, ...former].some((name) => written.has(name.toLowerCase()));
      expect({ change, isNewOrWritten: user === "" || isWritten }).toEqual({
        change,
        isNewOrWritten: true,
      });
    }
  }
});

test("adds nobody again to a room that they have left or were removed from", async () => {
  const { site, ben, mia, olga, plan, make } = await school();
  const list = "name,rooms\nmia,math lab\nben,math lab:moderator\n";
  await make(list);
  await mia.request("leave", { room: "math" });
  await ben.request("kick", { room: "lab", user: "mia" });
  await site.quiet();
  const again = await plan(list);
  expect(again.changes).toEqual([]);
  expect(again.left).toEqual([
    { line: 2, user: "mia", room: "math" },
    { line: 2, user: "mia", room: "lab" },
  ] as never);
  await olga.request("add", { room: "math", user: "mia" });
  await site.quiet();
  expect((await plan(list)).left.map(({ room }) => room)).toEqual(["lab" as never]);
});

test("leaves a new room to its moderator on the list, and stays where there is none", async () => {
  const { make, plan, entries } = await school();
  const list = "name,rooms\nbu_sari,math:moderator\nana,math lab\n";
  const { changes } = await make(list);
  expect(changes.filter(({ kind }) => kind === "leave")).toEqual([
    { line: 2, kind: "leave", user: "olga" as never, room: "math" as never },
  ]);
  const { accounts } = await entries();
  const rooms = (name: string) => accounts.find(({ user }) => user === name)?.rooms;
  expect([rooms("olga"), rooms("bu_sari")]).toEqual([["lobby", "lab"], ["math"]]);
  expect(await plan(list)).toMatchObject(NONE);
  // The server's operator takes the rooms for which the list names no moderator.
  const text = "name,rooms\nana,7a 7b\nben,7b:moderator\n";
  const listed = parseClassList(Buffer.from(text));
  const state = { ...(await entries()), me: "olga", owner: "mia", renews: false };
  const forMia = planImport(listed, state);
  expect(changeLines(forMia.changes)).toEqual([
    "new room 7a",
    "new room 7b",
    "ana: added to 7a, 7b",
    "ben: moderator of 7b",
    "mia: moderator of 7a",
    "olga: leaves 7a, 7b",
  ]);
  // The importing user is on the list.
  const own = await make("name,rooms\nolga,art:moderator\nana,art\nben,art:moderator\n");
  expect(kinds(own)).not.toContain("leave");
});

test("names the account of a person whose name looks like a display name, once", async () => {
  const { site, plan } = await school();
  const sari = await site.member("Bu-Sari");
  await sari.request("display-name", { text: "Bu Sari" });
  expect(texts(await plan("name,display name,rooms\nbu_sari,Bu Sari,math:moderator\n"))).toEqual([
    "2 has the name 'bu_sari', which looks like the display name of Bu-Sari; " +
      "write Bu-Sari in the column 'name' if it is this person; or another name",
  ]);
});

test("shows a line for each room and person, and the sum", async () => {
  const { plan } = await school();
  const list =
    "name,display name,rooms,role\nbu_sari,Bu Sari,math:moderator lab:moderator,operator\n" +
    "ana,Ana Ruíz,math lab,\nmia,Mia,lab,\n";
  const { changes } = await plan(list);
  expect(changeLines(changes)).toEqual([
    "new room math",
    "new room lab",
    "bu_sari (Bu Sari): new account; operator; moderator of math, lab",
    "ana (Ana Ruíz): new account; added to math, lab",
    "mia: now called Mia; added to lab",
    "olga: leaves math, lab",
  ]);
  expect(sumText(3, changes)).toBe(
    "3 people on the list: 2 new accounts, 2 new rooms, 1 known and changed",
  );
  expect(sumText(1, [])).toBe("1 person on the list: nothing to change");
});

test("an id decides who a line means, exactly as it is written", async () => {
  const { olga, make, plan } = await school();
  await make("id,name,display name,rooms\n0051234567,siti,Siti Aminah,7a\n0061,,Budi Santoso,7a");
  const same = "id,display name,rooms\n0051234567,Siti Aminah,7a\n0061,Budi Santoso,7a";
  expect(await plan(same)).toMatchObject(NONE);
  expect((await plan("id,rooms\n0051234567,7b")).changes as unknown[]).toMatchObject([
    { kind: "create-room", room: "7b" },
    { kind: "add", user: "siti", room: "7b" },
  ]);
  // Nothing else of the line decides.
  const other = await plan("id,name,display name\n0071,siti2,Siti Aminah B.\n0061,,Budi S.");
  expect(kinds(other)).toEqual(["create-account", "display-name", "display-name"]);
  expect(
    texts(
      await plan(
        "id,name,display name\n51234567,,Siti Aminah\n0061,siti,\n9,,\n0061,,Budi\n061,,Budi B.",
      ),
    ),
  ).toEqual([
    "2 has the id '51234567', which is like '0051234567' of siti; " +
      "write it as the school does, with its zeros",
    "3 has the name siti, but the id of Budi-Santoso; " +
      "write Budi-Santoso in the column 'name', or correct the id",
    "4 has the id '9', which nobody has; add a name",
    "5 repeats the id '0061' of line 3; correct one",
    "6 has the id '061', which is like '0061' of line 3; " +
      "write both as the school does, with their zeros",
  ]);
  const open = await plan("id,name,display name,rooms\n0061,,Siti Rahma,7b\n0081,siti,,7b");
  expect([open.changes, asked(open)]).toEqual([
    [],
    [
      "2 has the id of Budi-Santoso, whose display name is 'Budi Santoso'; " +
        "write Budi-Santoso in the column 'name' if it is this person; or correct the id " +
        "[account Budi-Santoso]",
      "3 names siti, whose id is '0051234567'; " +
        "correct the name or the id, or confirm the account [account siti]",
    ],
  ]);
  await olga.request("rename", { user: "siti", to: "aminah" });
  expect(await plan(same)).toMatchObject(NONE);
});

test("no line becomes an account by a display or former name without an answer", async () => {
  const { olga, mia, ben, make, entries } = await school();
  await make("id,name,display name\n007,siti,Siti Aminah\n,budi,Budi Santoso");
  await mia.request("display-name", { text: "Clara Oswald" });
  await ben.request("display-name", { text: "Boris Head" });
  await olga.request("rename", { user: "budi", to: "santoso" });
  const { accounts } = await entries();
  const byName = new Map(accounts.map(({ user }) => [user.toLowerCase(), user]));
  const names = ["", "siti", "budi", "santoso", "mia", "clara-oswald", "0061", "neu"];
  const shown = ["", "Siti Aminah", "Budi Santoso", "Clara Oswald", "Boris Head", "Neu"];
  const cells = fc.record({
    id: fc.constantFrom("", "007", "7", "0099"),
    name: fc.constantFrom(...names),
    displayName: fc.constantFrom(...shown),
    rooms: fc.constantFrom("", "7a", "7a:moderator"),
    role: fc.constantFrom("", "moderator", "operator", "left"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(cells, { minLength: 1, maxLength: 3 }), async (rows) => {
      const lines = rows.map((row) => Object.values(row).join(","));
      const text = `id,name,display name,rooms,role\n${lines.join("\n")}`;
      const state = { accounts, rooms: [], me: "olga", renews: false };
      const { changes } = planImport(parseClassList(Buffer.from(text)), state);
      for (const change of changes) {
        if (!("user" in change) || change.kind === "create-account") continue;
        const row = rows[change.line - 2];
        const isOfId = row?.id === "007" && change.user === "siti";
        const isNew = !byName.has(change.user.toLowerCase());
        const isMine = change.user === "olga";
        const isNamed = row?.name.toLowerCase() === change.user.toLowerCase();
        expect(isOfId || isNew || isMine || isNamed).toBe(true);
      }
    }),
    { numRuns: sampleSize(300, 5_000) },
  );
});

test("a name that a stranger registered before gets no role by itself", async () => {
  const { plan } = await school();
  const list = "name,display name,rooms,role\nmia,Mia Farrow,7b,moderator";
  const open = await plan(list);
  expect([open.changes.length, asked(open).length]).toEqual([0, 1]);
  expect(asked(open)[0]).toMatch(/^2 gives a role to mia, who registered on .* \[account mia\]$/);
  const confirmed = { accounts: ["mia"], rooms: [] };
  expect((await plan(list, false, confirmed)).changes.length).toBeGreaterThan(0);
});

test("one list makes the new school year", async () => {
  const { site, make, plan, entries } = await school();
  await make("name,rooms,role\nmia,7a,\nana,7a,\nzoe,8a,\nben,8a:moderator 7a,\nleo,9a,\nold,9a,");
  const year =
    "name,rooms,role\n#7a,8a,\n#8a,9a,\n#9a,abi-2027,\n" +
    "zara,7a,\nmia,8a,\nana,8a:left 7a,\nben,9a,\nold,,left\n";
  const made = await make(year);
  expect(changeLines(made.changes)).toEqual([
    "9a: now called abi-2027",
    "8a: now called 9a",
    "7a: now called 8a",
    "new room 7a",
    "old: account removed",
    "zara: new account; added to 7a",
    "ana: added to 7a; removed from 8a",
  ]);
  const { accounts } = await entries();
  const roomsOf = (name: string) =>
    accounts.find(({ user }) => user === name)?.rooms?.filter((room) => room !== "lobby");
  for (const [name, rooms] of [
    ["zara", ["7a"]],
    ["mia", ["8a"]],
    ["ana", ["7a"]],
    ["ben", ["8a", "9a"]],
    ["zoe", ["9a"]],
    ["leo", ["abi-2027"]],
  ] as const)
    expect([name, roomsOf(name)?.toSorted()]).toEqual([name, [...rooms]]);
  // Last year's list would put each class into the room that has its name now.
  const last = await plan("name,rooms,role\nmia,7a,\nana,7a,\nzoe,8a:moderator,\nleo,9a,");
  expect(last.changes).toEqual([]);
  expect(asked(last)).toEqual([
    "2 adds a member of 8a, which was called 7a before, to the new 7a; " +
      "use a list of this year, or name 8a on the line, too [room 7a]",
    "4 adds a member of 9a, which was called 8a before, to the new 8a; " +
      "use a list of this year, or name 9a on the line, too",
    "5 adds a member of abi-2027, which was called 9a before, to the new 9a; " +
      "use a list of this year, or name abi-2027 on the line, too [room 9a]",
  ]);
  const pupils = { accounts: [], rooms: ["7a", "8a", "9a"] };
  const answered = await plan("name,rooms,role\nmia,7a,\nzoe,8a:moderator,", false, pupils);
  expect(answered.questions.map(({ line }) => line)).toEqual([3]);
  expect(kinds(await plan("name,rooms\nmia,7a\nzoe,", false, pupils))).toEqual(["add"]);
  expect(kinds(await plan("name,rooms\nzoe,9a 8a:moderator"))).toEqual(["add", "grant"]);
  // Those who leave the former room mean the new one.
  const moved = await plan("name,rooms\nmia,8a:left 7a");
  expect(kinds(moved)).toEqual(["remove-member", "add"]);
  // The same list again is asked about.
  const again = await plan(year);
  expect(again.changes).toEqual([]);
  expect(asked(again)).toEqual([
    "2 renames 7a to 8a, which is another room now; rename or remove 8a first, " +
      "or confirm it if this list was imported before [room 8a]",
    "3 renames 8a to 9a, which is another room now; rename or remove 9a first, " +
      "or confirm it if this list was imported before [room 9a]",
    "4 renames 9a to abi-2027, which is another room now; rename or remove abi-2027 first, " +
      "or confirm it if this list was imported before [room abi-2027]",
  ]);
  const rooms = ["8a", "9a", "abi-2027"];
  expect(await plan(year, false, { accounts: [], rooms })).toMatchObject(NONE);
  await site.quiet();
});

test("a class becomes a room with its display name, and never another room", async () => {
  const { olga, make, plan, entries } = await school();
  const list = "name,class\nana,VII A\nben,vii-a\nmia,Year 7 Blue";
  const made = await make(list);
  expect(changeLines(made.changes).slice(0, 2)).toEqual([
    "new room 'VII A' as vii-a",
    "new room 'Year 7 Blue' as year-7-blue",
  ]);
  const titles = async () =>
    (await entries()).rooms.flatMap(({ room, title }) =>
      title === undefined ? [] : `${room}: ${title}`,
    );
  expect(await titles()).toEqual(["vii-a: VII A", "year-7-blue: Year 7 Blue"]);
  expect(await plan(list)).toMatchObject(NONE);
  // A moderator's choice stays.
  await olga.request("profile", { room: "vii-a", title: "The Sevens" });
  expect(await plan(list)).toMatchObject(NONE);
  // What looks like another room is asked about.
  for (const [cell, reason] of [
    ["The  Sevens", "'The Sevens', which looks like vii-a ('The Sevens')"],
    ["thesevens", "'thesevens', which looks like vii-a ('The Sevens')"],
    ["VI I A", "'VI I A', which looks like vii-a ('The Sevens')"],
  ] as const)
    expect(asked(await plan(`name,class\nana,${cell}`))).toEqual([
      `2 names the room ${reason}; write vii-a if it is this room, ` +
        "or another name for a new one [room vii-a]",
    ]);
  const confirmed = { accounts: [], rooms: ["vii-a"] };
  expect((await plan("name,class\nmia,The Sevens", false, confirmed)).changes).toMatchObject([
    { kind: "add", user: "mia", room: "vii-a" },
  ]);
  // A new year: last year's display name goes, or becomes the new one.
  const year = await make("name,class\n#year-7-blue,Year 8 Blue\n#vii-a,viii-a\nleo,Year 7 Blue");
  expect(changeLines(year.changes).slice(0, 3)).toEqual([
    "year-7-blue: now called year-8-blue, displayed as 'Year 8 Blue'",
    "vii-a: now called viii-a, without its display name",
    "new room 'Year 7 Blue' as year-7-blue",
  ]);
  expect(await titles()).toEqual(["year-7-blue: Year 7 Blue", "year-8-blue: Year 8 Blue"]);
});

test("a list renames no room in a circle, and none that is missing or taken", async () => {
  const { make, plan } = await school();
  await make("name,rooms\nmia,7a 7b 8c");
  expect(texts(await plan("name,rooms\n#7a,7b\n#7b,7a"))[0]).toContain("exchanges the names");
  expect(texts(await plan("name,rooms\n#none,x1\n#lobby,x2\n#7a,x3\n#7a,x4"))).toEqual([
    "2 names the room none, which does not exist; check the name",
    "3 names the lobby, which cannot change; remove the line",
    "5 names a room that another line renames; remove one of them",
  ]);
  expect((await plan("name,rooms\n#7a,8c")).questions).toHaveLength(1);
  expect(kinds(await plan("name,rooms,role\n#7a,,closed"))).toEqual(["close-room"]);
});

test("a new room takes a former name by an answer", async () => {
  const { olga, make, plan } = await school();
  await make("name,rooms\nana,7a");
  await olga.request("rename", { room: "7a", to: "8a" });
  const confirmed = { accounts: [], rooms: [], newRooms: ["7A"] };
  const { changes } = await plan("name,rooms\nzara,7a\nana,8a", false, confirmed);
  expect(changes[0]).toMatchObject({ kind: "create-room", room: "7a", reusesName: true });
  expect(changes.at(-1)).toMatchObject({ kind: "add", user: "zara", room: "7a" });
});

test("says of each line what it is, and how the account came to be", async () => {
  const { make, plan } = await school();
  await make("id,name,display name,rooms\n007,siti,Siti Aminah,7a\n,budi,Budi,7b");
  const list =
    "id,name,display name,rooms\n007,,Siti A.,\n,mia,,\n,neu,Neu,7b\n,,Budi,7c\n,#7a,,8a";
  const lines = planLines(await plan(list), ({ kind }) => kind).map(planText);
  expect(lines.map((line) => line.replaceAll(/\d{4}-\d\d-\d\d/g, "DAY"))).toEqual([
    "line 2: change: siti, Siti Aminah, imported on DAY; display-name",
    "line 3: known: mia, registered on DAY",
    "line 4: new: neu, Neu; create-account; add",
    expect.stringMatching(/^line 5: question: .*--account budi$/),
    "line 6: change: rename-room",
  ]);
});

test("plans 1,000 lines fast", async () => {
  const { plan } = await school();
  const rows = Array.from({ length: 5_000 }, (_, i) => `00${i},Pupil ${i} K,class ${i % 40}x`);
  const began = performance.now();
  const { problems, planned } = await plan(`id,display name,class\n${rows.join("\n")}`);
  expect([problems, planned.length]).toEqual([[], 15_040]);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test("a school goes through two years by lists, and rooms have the right people", async () => {
  const { make, entries } = await school();
  /** Pupils by class, as the school's own books have them. */
  let books = new Map<string, readonly string[]>();
  let next = 0;
  const intake = () => Array.from({ length: 20 }, () => `pupil${next++}`);
  const idOf = (pupil: string) => `00${pupil.slice(5)}`;
  const line = (pupil: string, room: string) => `${idOf(pupil)},${pupil},${room},`;
  const readers = async () => {
    const { accounts } = await entries();
    const pupils = accounts.filter(({ user, removed }) => /^pupil/.test(user) && removed !== true);
    const pairs = pupils.flatMap(({ user, rooms = [] }) => rooms.map((room) => ({ user, room })));
    return Object.fromEntries(
      [...Map.groupBy(pairs, ({ room }) => room)]
        .filter(([room]) => room !== "lobby")
        .map(([room, all]) => [room, all.map(({ user }) => user).toSorted()]),
    );
  };
  const booked = () =>
    Object.fromEntries([...books].map(([room, all]) => [room, [...all].toSorted()]));
  books = new Map(["7a", "8a", "9a"].map((room) => [room, intake()]));
  const lines = [...books].flatMap(([room, all]) => all.map((pupil) => line(pupil, room)));
  await make(`id,name,rooms,role\n${lines.join("\n")}`);
  expect(await readers()).toEqual(booked());
  for (const year of [2027, 2028]) {
    const [seven = [], eight = [], nine = []] = ["7a", "8a", "9a"].map((room) => books.get(room));
    // The first of each class repeats the year, and the last one leaves.
    const [stays, ...others] = seven.slice(0, -1);
    const fresh = intake();
    const text = [
      ...[`,#9a,abi-${year},`, ",#8a,9a,", ",#7a,8a,", `,#abi-${year - 1},,closed`],
      ...fresh.map((pupil) => line(pupil, "7a")),
      `${idOf(String(stays))},,8a:left 7a,`,
      ...[seven.at(-1), ...nine].map((pupil) => `${idOf(String(pupil))},${pupil},,left`),
    ].filter((one) => year > 2027 || !one.includes("closed"));
    await make(`id,name,rooms,role\n${text.join("\n")}`);
    books = new Map([
      ["7a", [...fresh, String(stays)]],
      ["8a", others],
      ["9a", eight],
    ]);
    expect(await readers()).toEqual(booked());
  }
});
