/** A school through two years: lists, cards, passwords, renames, leavers, and who reads what. */

import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { IS_SOAK } from "../samples.ts";
import { type Home, type Json, ndjson, type Sandbox, type Served } from "./program.ts";
import {
  distinctName,
  fullName,
  type ListRow,
  listOf,
  type Membership,
  rowOf,
  School,
  type SchoolPerson,
} from "./school-model.ts";
import { sandboxTest } from "./shared-server.ts";

/** `npm run soak -- tests test/e2e/school.test.ts` has 1,000 people in 30 classes. */
const LETTERS = IS_SOAK ? "abcdefghij" : "abc";
const PUPILS_PER_CLASS = IS_SOAK ? 32 : 8;
const OTHER_TEACHERS = IS_SOAK ? 10 : 3;
/** Fewer names than pupils of a grade, so that each list has namesakes. */
const FULL_NAMES = IS_SOAK ? 256 : 19;
const GRADES = [7, 8, 9] as const;
/** Devices that read at the same time. */
const READERS = 4;

class TestedSchool {
  readonly school = new School();
  readonly codes = new Map<string, string>();
  readonly #olga: Home;
  #exports = 0;

  constructor(
    readonly sandbox: Sandbox,
    readonly served: Served,
  ) {
    this.#olga = sandbox.home("olga");
  }

  #args(args: readonly string[]): string[] {
    return ["admin", ...args, "--user", "olga", "--data", this.served.data];
  }

  admin(...args: readonly string[]): Promise<Json[]> {
    return this.#olga.json(this.#args(args));
  }

  async import(name: string, rows: readonly ListRow[], ...flags: readonly string[]) {
    const list = this.sandbox.write(name, listOf(rows));
    const args = this.#args(["accounts", "import", list, ...flags, "--json"]);
    const { exitCode, out, err } = await this.#olga.run(args);
    const lines = ndjson(out);
    for (const { user, code, kind } of lines)
      if (code !== undefined && kind !== "fault") this.codes.set(`${user}`, `${code}`);
    return { exitCode, lines, text: out + err };
  }

  home(person: SchoolPerson): Home {
    return this.sandbox.home(`home-${person.id}`).with({ CHAT_USER: person.user ?? "" });
  }

  /** Takes over the names that the import has given to the new accounts. */
  async adopt(): Promise<void> {
    for (const [user, { id }] of Object.entries(await this.#actual())) {
      const person = id === undefined ? undefined : this.school.people.get(id);
      if (person === undefined || person.user === user) continue;
      expect([person.displayName, person.user]).toEqual([person.displayName, undefined]);
      person.user = user;
    }
  }

  async #actual(): Promise<Record<string, Membership>> {
    const [answer] = await this.admin("accounts", "export");
    const accounts = answer?.["accounts"] as readonly (Membership & { readonly user: string })[];
    return Object.fromEntries(
      accounts.map(({ user, id, displayName, rooms, moderates }) => {
        const named = rooms.filter((room) => room !== "lobby").sort();
        return [user, { id, displayName, rooms: named, moderates: [...moderates].sort() }];
      }),
    );
  }

  /** Compares all memberships, and what each person with a password reads, with the lists. */
  async check(others: Readonly<Record<string, readonly string[]>> = {}): Promise<void> {
    const { olga: _, ...actual } = await this.#actual();
    for (const [user, rooms] of Object.entries(others)) {
      expect([user, actual[user]?.rooms]).toEqual([user, rooms]);
      delete actual[user];
    }
    const expected = this.school.memberships();
    const differing = Object.keys({ ...actual, ...expected }).filter(
      (user) => JSON.stringify(actual[user]) !== JSON.stringify(expected[user]),
    );
    const shown = differing.slice(0, 5);
    expect(shown.map((user) => [user, actual[user]])).toEqual(
      shown.map((user) => [user, expected[user]]),
    );
    const readers = [...this.school.people.values()].filter(({ password }) => password);
    const queue = readers.values();
    const work = Array.from({ length: READERS }, async () => {
      for (const person of queue)
        expect([person.user, await this.read(person)]).toEqual([
          person.user,
          this.school.readable(person),
        ]);
    });
    await Promise.all(work);
  }

  /** Exports all that the person may read, as texts by room. */
  async read(person: SchoolPerson): Promise<Record<string, readonly string[]>> {
    const out = this.sandbox.path("exports", `${this.#exports++}`);
    await this.home(person).json(["export", "--out", out]);
    const files = readdirSync(out, { recursive: true, encoding: "utf8" });
    const texts: Record<string, readonly string[]> = {};
    for (const file of files.filter((name) => name.endsWith(".ndjson"))) {
      const records = ndjson(readFileSync(join(out, file), "utf8"));
      const said = records.flatMap(({ kind, text }) => (kind === "text" ? [`${text}`] : []));
      if (said.length > 0) texts[basename(file, ".ndjson")] = said;
    }
    return texts;
  }

  /** Signs the person in by the code of the card, and sets a password. */
  async signInByCard(person: SchoolPerson, code = this.codes.get(person.user ?? "") ?? "") {
    const password = `password of ${person.id}`;
    const link = `https://${this.served.address}/#reset=${code}`;
    const env = { CHAT_NEW_PASSWORD: password };
    const ran = await this.home(person).run(["login", link, "--json"], { env });
    if (ran.exitCode === 0) {
      expect(ndjson(ran.out)[0]).toMatchObject({ kind: "logged-in", user: person.user });
      person.password = password;
    }
    return ran;
  }

  async post(person: SchoolPerson, room: string, text: string): Promise<void> {
    await this.home(person).json(["send", text, "--to", room]);
    const to = this.school.room(room);
    const isWork = to.work.size > 0 || to.name === "essay";
    if (!isWork || person.moderates.has(to)) to.posts.push(text);
    else to.work.set(person.id, [...(to.work.get(person.id) ?? []), text]);
  }
}

sandboxTest(
  "nobody reads a room through two years but those whom a list put there",
  async (sandbox) => {
    const served = await sandbox.serve({ args: ["--name", "School"] });
    const tested = new TestedSchool(sandbox, served);
    const { school } = tested;
    const classesOf = (grade: number) => [...LETTERS].map((letter) => `${grade}${letter}`);
    const teacherId = (grade: number, at: number) => `T${grade}${at}`;
    const pupilId = (number: number) => String(100_000 + number).padStart(8, "0");

    const lastClass = `9${LETTERS.at(-1)}`;

    // The day before, strangers take the name of a teacher and of a class.
    for (const user of ["ratna-w", "mallory"])
      expect((await sandbox.home(user).run(["register", "--user", user])).exitCode).toBe(0);
    const stdin = `/join ${lastClass}\nI was here first\n`;
    await sandbox.home("mallory").run(["join", "--user", "mallory"], { stdin });
    const strangers = { "ratna-w": [] as string[], mallory: [lastClass] };
    await tested.check(strangers);

    // Year 1. The first list of grade 7 has two pupils of one name.
    const lists = new Map<number, ListRow[]>();
    const names = new Map<string, string>();
    let number = 0;
    for (const grade of GRADES) {
      const rows: ListRow[] = [];
      for (const [at, name] of classesOf(grade).entries()) {
        const teacher = school.add(teacherId(grade, at), `Teacher of ${name}`, [], [name, "staff"]);
        teacher.moderates.delete(school.room("staff"));
        names.set(teacher.id, grade === 7 && at === 0 ? "ratna-w" : `teacher-${name}`);
        rows.push(rowOf(teacher, names.get(teacher.id)));
        for (let pupil = 0; pupil < PUPILS_PER_CLASS; pupil++, number++)
          rows.push(
            rowOf(school.add(pupilId(number), distinctName(number, FULL_NAMES), [name], [])),
          );
      }
      lists.set(grade, rows);
    }
    const pupils = number;
    const others: ListRow[] = [];
    for (let at = 0; at < OTHER_TEACHERS; at++) {
      const moderated = at === 0 ? ["staff"] : [];
      const teacher = school.add(`S${at}`, `Colleague ${fullName(at)}`, ["staff"], moderated);
      others.push(rowOf(teacher, `colleague-${at}`));
    }
    lists.get(7)?.unshift(...others);
    const plain = (rows: readonly ListRow[]): ListRow[] =>
      rows.map(([id, name, shown, ...more]) => {
        return [id, name, shown.replace(/ [A-Z]\. /, " "), ...more];
      });
    const [seven = [], eight = [], nine = []] = [...lists.values()];
    const twice = await tested.import("7.csv", plain(seven), "--cards", sandbox.path("7.html"));
    expect([twice.exitCode, twice.lines.at(-1)?.kind]).toEqual([3, "fault"]);
    expect(twice.text).toMatch(/which is or looks like that of line \d+/);
    await tested.check(strangers);

    // A stranger has the teacher's name: the list asks, and the teacher gets another name.
    const taken = await tested.import("7.csv", seven, "--cards", sandbox.path("7.html"));
    expect(taken.exitCode).toBe(3);
    expect(taken.text).toContain("gives a role to ratna-w, who registered on");
    await tested.check(strangers);
    names.set(teacherId(7, 0), "ratna-wahyu");
    const mended = seven.map((row): ListRow => {
      const [id, name, ...more] = row;
      return name === "ratna-w" ? [id, "ratna-wahyu", ...more] : row;
    });
    lists.set(7, mended);
    const made = await tested.import("7.csv", mended, "--cards", sandbox.path("7.html"));
    expect([made.exitCode, made.text]).toEqual([0, expect.not.stringContaining("problem")]);
    // Only those of grade 7 have accounts.
    const later = [...school.people.values()].filter(
      ({ id }) => !mended.some(([listed]) => listed === id),
    );
    for (const { id } of later) school.people.delete(id);
    await tested.adopt();
    await tested.check(strangers);
    for (const person of later) school.people.set(person.id, person);

    // Namesakes in two files; then a room that a stranger made.
    const namesakes = await tested.import("8.csv", plain(eight));
    expect(namesakes.exitCode).toBe(3);
    for (const grade of [8, 9]) {
      const rows = grade === 8 ? eight : nine;
      const cards = ["--cards", sandbox.path(`${grade}.html`)];
      if (grade === 9) {
        const asked = await tested.import("9.csv", rows, ...cards);
        expect([asked.exitCode, asked.text]).toEqual([
          3,
          expect.stringContaining(`names the room ${lastClass}, which mallory made`),
        ]);
        await tested.admin("room", "rename", lastClass, "not-9");
        strangers.mallory = ["not-9"];
        const former = await tested.import("9.csv", rows, ...cards);
        expect([former.exitCode, former.text]).toEqual([
          3,
          expect.stringContaining(`names the room ${lastClass}, which is now called not-9`),
        ]);
        cards.push("--new-room", lastClass);
      }
      expect((await tested.import(`${grade}.csv`, rows, ...cards)).exitCode).toBe(0);
    }
    await tested.admin("registration", "closed");
    await tested.adopt();
    expect(Object.keys(school.memberships())).toHaveLength(school.people.size);
    await tested.check(strangers);

    // Cards, passwords and messages.
    const inClass = (grade: number, letter: number, at: number) =>
      school.person(pupilId(((grade - 7) * LETTERS.length + letter) * PUPILS_PER_CLASS + at));
    const [ratna, teacher8, teacher9] = GRADES.map((grade) => school.person(teacherId(grade, 0)));
    const repeater = inClass(7, 0, 0);
    const [quiet, loud, climber, leaver, mover] = [
      ...[inClass(7, 0, 1), inClass(8, 0, 0), inClass(7, 1, 0), inClass(9, 0, 0), inClass(8, 1, 0)],
    ];
    const [unsigned, forgetful] = [inClass(8, 2, 5), inClass(7, 2, 3)];
    if (!ratna || !teacher8 || !teacher9 || !quiet || !loud || !climber || !leaver || !mover)
      throw new Error("the school has too few people");
    const sample = [ratna, teacher8, teacher9, repeater, quiet, loud, climber, leaver, mover];
    for (const person of [...sample, forgetful])
      expect((await tested.signInByCard(person)).exitCode).toBe(0);
    expect((await tested.signInByCard(ratna)).exitCode).toBe(3);
    for (const [person, room] of [
      ...([
        [ratna, "7a"],
        [teacher8, "8a"],
        [teacher9, "9a"],
        [ratna, "staff"],
      ] as const),
      ...([
        [repeater, "7a"],
        [loud, "8a"],
        [climber, "7b"],
        [mover, "8b"],
      ] as const),
      ...([
        [leaver, "9a"],
        [forgetful, "7c"],
      ] as const),
    ])
      await tested.post(person, room, `year 1, ${person.id} in ${room}`);
    await tested.check(strangers);

    // An assignment: the teacher makes it, and the list adds the class.
    await tested.home(ratna).run(["join"], { stdin: "/join essay --assignment\n" });
    const essay = school.room("essay");
    ratna.rooms.add(essay);
    ratna.moderates.add(essay);
    const of7a = [...school.people.values()].filter(({ rooms }) => rooms.has(school.room("7a")));
    for (const person of of7a) person.rooms.add(essay);
    const essays = of7a.filter((person) => person !== ratna).map((person) => rowOf(person));
    expect((await tested.import("essay.csv", essays)).text).toContain("which ratna-wahyu made");
    expect((await tested.import("essay.csv", essays, "--room", "essay")).exitCode).toBe(0);
    await tested.post(ratna, "essay", "Write about the sea");
    for (const pupil of [repeater, quiet]) await tested.post(pupil, "essay", `work of ${pupil.id}`);
    await tested.check(strangers);

    // Names, a forgotten password, and a device that is signed out.
    const unusedCard = tested.codes.get(unsigned.user ?? "");
    for (const [person, to, ...flags] of [
      [quiet, "quiet-pupil", "--quiet"],
      [loud, "loud-pupil"],
      [unsigned, "unsigned-pupil", "--quiet"],
    ] as const) {
      await tested.admin("rename", person.user ?? "", to, ...flags);
      person.user = to;
    }
    const [reset] = await tested.admin("reset", forgetful.user ?? "");
    const before = forgetful.password ?? "";
    expect((await tested.signInByCard(forgetful, `${reset?.["code"]}`)).exitCode).toBe(0);
    await tested.home(forgetful).json(["logout"]);
    const signIn = (password: string) =>
      tested.home(forgetful).run(["login", "--json"], { env: { CHAT_PASSWORD: password } });
    expect((await signIn(`${before}?`)).exitCode).toBe(3);
    expect((await signIn(forgetful.password ?? "")).exitCode).toBe(0);
    await tested.check(strangers);

    // The same lists again change nothing, with the names that they had.
    for (const [grade, rows] of lists) {
      const { exitCode, lines } = await tested.import(`${grade}.csv`, rows);
      expect([grade, exitCode, lines.at(-1)?.["changes"]]).toEqual([grade, 0, 0]);
    }
    await tested.check(strangers);

    // Year 2 in one list.
    const year2: ListRow[] = [];
    const renames = new Map<string, string>();
    for (const name of classesOf(9)) {
      if (name === "9a") renames.set("9a", "class-of-2026");
      else school.room(name).isClosed = true;
      year2.push([
        "",
        `#${name}`,
        "",
        name === "9a" ? "class-of-2026" : "",
        name === "9a" ? "" : "left",
      ]);
    }
    // A closed room keeps its name, so that it cannot be given to another class.
    const clash = [...year2, ["", "#8b", "", "9b", ""] as const];
    expect((await tested.import("clash.csv", clash)).exitCode).toBe(3);
    await tested.check(strangers);
    for (const name of classesOf(9).slice(1)) {
      const at = year2.findIndex(([, room]) => room === `#${name}`);
      const to = `${name}-2026`;
      year2[at] = ["", `#${name}`, "", to, ""];
      school.room(name).isClosed = false;
      renames.set(name, to);
    }
    for (const grade of [8, 7])
      for (const name of classesOf(grade)) {
        const to = `${grade + 1}${name.slice(1)}`;
        renames.set(name, to);
        year2.push(["", `#${name}`, "", to, ""]);
      }
    const leavers = [...school.people.values()].filter(
      ({ id, rooms }) => /^\d/.test(id) && [...rooms].some(({ name }) => /^9[a-j]$/.test(name)),
    );
    for (const { id, displayName } of leavers) year2.push([id, "", displayName, "", "left"]);
    school.rename(renames);
    year2.push([repeater.id, "", repeater.displayName, "8a:left,7a", ""]);
    repeater.rooms.delete(school.room("8a"));
    repeater.rooms.add(school.room("7a"));
    year2.push([mover.id, "", mover.displayName, "9b:left,9c", ""]);
    mover.rooms.delete(school.room("9b"));
    mover.rooms.add(school.room("9c"));
    for (const [at, name] of classesOf(7).entries()) {
      const teacher = school.person(teacherId(9, at));
      teacher.rooms.add(school.room(name)).add(school.room("staff"));
      teacher.moderates.add(school.room(name));
      year2.push([teacher.id, "", teacher.displayName, `${name}:moderator`, ""]);
    }
    // A new pupil has the name of a leaver.
    const [former = leaver] = leavers;
    const fresh: SchoolPerson[] = [];
    for (const person of leavers) school.people.delete(person.id);
    for (let at = 0; at < LETTERS.length * PUPILS_PER_CLASS; at++) {
      const name = at === 0 ? former.displayName : distinctName(pupils + at, FULL_NAMES);
      const room = `7${LETTERS[at % LETTERS.length]}`;
      const person = school.add(pupilId(200_000 + at), name, [room], []);
      fresh.push(person);
      year2.push(rowOf(person));
    }
    const [heir] = fresh;
    if (heir === undefined) throw new Error("the school has no new pupils");
    const cards = ["--cards", sandbox.path("year2.html")];
    const refused = await tested.import("year2.csv", year2, ...cards);
    expect([refused.exitCode, refused.text]).toEqual([
      3,
      expect.stringContaining(`has the name '${heir.displayName}', which is or looks like that of`),
    ]);
    heir.displayName = heir.displayName.replace(". ", ". Q. ");
    const heirAt = year2.findIndex(([id]) => id === heir.id);
    year2[heirAt] = rowOf(heir);
    const dry = await tested.import("year2.csv", year2, "--dry-run");
    const plan = dry.lines.at(-1)?.["plan"];
    expect([dry.exitCode, dry.lines.filter(({ kind }) => kind === "problem")]).toEqual([0, []]);
    const moved = await tested.import("year2.csv", year2, ...cards, "--plan", `${plan}`);
    expect([moved.exitCode, moved.lines.at(-1)]).toMatchObject([0, { kind: "imported" }]);
    await tested.adopt();
    await tested.check(strangers);

    // Cards of last year, and accounts that are closed.
    const isRefused = async (person: SchoolPerson) => {
      const ran = await tested.home(person).run(["export", "--out", sandbox.path("none")]);
      expect([person.user, ran.exitCode]).toEqual([person.user, 3]);
    };
    await isRefused(leaver);
    const idle = leavers.find(({ password }) => password === undefined);
    if (idle === undefined) throw new Error("each leaver has signed in");
    expect((await tested.signInByCard(idle)).exitCode).toBe(3);
    expect((await tested.signInByCard(unsigned, unusedCard)).exitCode).toBe(0);
    expect((await tested.signInByCard(heir)).exitCode).toBe(0);
    for (const [person, room] of [
      ...([
        [ratna, "8a"],
        [teacher9, "7a"],
        [teacher8, "9a"],
        [repeater, "7a"],
      ] as const),
      ...([
        [quiet, "8a"],
        [loud, "9a"],
        [unsigned, "9c"],
        [mover, "9c"],
        [heir, "7a"],
      ] as const),
    ])
      await tested.post(person, room, `year 2, ${person.id} in ${room}`);
    await tested.check(strangers);

    // Lists of last year put nobody into the new classes.
    for (const [grade, rows] of lists) {
      const old = await tested.import(`old-${grade}.csv`, rows);
      expect([grade, old.exitCode]).toEqual([grade, 3]);
    }
    await tested.check(strangers);

    // The list of this year again: its room lines ask, and the answers change nothing.
    expect((await tested.import("year2.csv", year2)).exitCode).toBe(3);
    const answers = [...renames.values()].flatMap((room) => ["--room", room]);
    const again = await tested.import("year2.csv", year2, ...answers);
    expect([again.exitCode, again.lines.at(-1)?.["changes"]]).toEqual([0, 0]);
    await tested.check(strangers);
  },
);
