import { expect, test } from "bun:test";
import { planLines, planText } from "../../../../src/commands/admin/plan-lines.ts";
import { type AccountEntry, parseClassList } from "../../../../src/core/people/class-list.ts";
import {
  type ImportChange,
  type ImportedRoom,
  planImport,
} from "../../../../src/core/people/import-plan.ts";
import { type PlanRow, planRows } from "../../../../src/core/people/plan-rows.ts";
import { ENGLISH } from "../../../../src/ui/messages/en/page.ts";
import { INDONESIAN } from "../../../../src/ui/messages/id/page.ts";
import { problemText } from "../../../../src/ui/text/problem-text.ts";
import { rowText, signOf } from "../../../../src/web/view/admin/plan-text.ts";

const ACCOUNT: AccountEntry = {
  user: "",
  since: 0,
  devices: 0,
  password: false,
  operator: false,
  banned: false,
  online: false,
  bytes: 0,
  unfinishedBytes: 0,
  enrolled: true,
  rooms: ["lobby"],
  left: [],
  moderates: [],
  former: [],
};

const ROOM: ImportedRoom = {
  room: "",
  topic: "",
  members: 2,
  records: 2,
  files: 0,
  bytes: 0,
  locked: false,
  sealed: false,
  closed: false,
  rules: {},
};

const account = (user: string, fields: Partial<AccountEntry> = {}) => {
  return { ...ACCOUNT, user, ...fields };
};
const room = (name: string, fields: Partial<ImportedRoom> = {}) => {
  return { ...ROOM, room: name, ...fields };
};

const STATE = {
  accounts: [
    account("olga", { operator: true, moderates: ["7a"], rooms: ["lobby", "7a"] }),
    account("siti", { displayName: "Siti Aminah", externalId: "0061", rooms: ["lobby", "8a"] }),
    account("ben", { displayName: "Ben Ruiz", left: ["7a"], former: ["benny"] }),
    account("mia", { displayName: "Mia Farrow", enrolled: false }),
    account("gone", { removed: true }),
  ],
  rooms: [
    room("7a"),
    room("8a", { former: ["7a"] }),
    room("club", { maker: "mia" }),
    room("abi", { former: ["9a"] }),
  ],
  me: "olga",
  renews: false,
};

const LISTS = [
  "id,name,display name,rooms\n0099,,Zara Malik,7b\n,ana,,7b:moderator",
  "id,name,display name,rooms\n0061,siti,Siti A.,8a\n0062,ben,Ben Ruiz,7a club",
  "name,display name,rooms\n,Siti Aminah,8a\n,Ben Ruiz,7a",
  "id,name,display name,rooms\n61,,Siti Aminah,8a\n0061,,Otto Weiß,8a\n0061,,Siti,8a",
  "name,rooms,role\nmia,7a,moderator\nbenny,7a,\ngone,7a,\nzoe,club,",
  "name,display name,rooms,role\nmia,Maria F.,7a,moderator\n,Ben Ruiz,7a,operator",
  "name,rooms,role\n#7a,7c,\n#8a,,left\nben,,left\nkim,7a,\nsiti,8a:left 9b,",
  "id,name,rooms\n0061,siti,7a\n,kim,9a\n,lee,abi",
  "Nama,Rombel,Agama\nSiti Aminah,VII A,Islam\nDewi Ayu,VII A,Islam",
  'name,rooms,role\nolga,7a:member,member\nben,"a/b",king\nana,x:king,\n#none,x,\nleo,,left',
];

/** Texts that a change is about. A tool may show a day or a word otherwise, but none of these. */
function valuesOf(row: PlanRow): string[] {
  const names = row.changes.flatMap((change: ImportChange) => {
    const { line: _, kind: _kind, ...fields } = change;
    return Object.values(fields).filter((value) => typeof value === "string");
  });
  const own = row.action === "known" || row.action === "change" ? [row.user ?? ""] : [];
  return [...own, ...names, ...row.left.map(({ room: left }) => left)];
}

test.each(LISTS)("the page and the command line say the same of each line of %j", (text) => {
  const plan = planImport(parseClassList(Buffer.from(text)), STATE);
  const rows = planRows(plan);
  const changes: ImportChange[] = [];
  const lines = planLines(plan, (change) => {
    changes.push(change);
    return `<${JSON.stringify(change)}>`;
  });
  expect(lines.map(({ line, action }) => [line, action])).toEqual(
    rows.map(({ line, action }) => [line, action]),
  );
  // Each line of the list is told of at least once.
  const told = new Set(rows.map(({ line }) => line));
  expect(
    text.split("\n").flatMap((_, at) => (at > 0 && !told.has(at + 1) ? [at + 1] : [])),
  ).toEqual([]);
  expect(changes).toEqual(rows.flatMap((row) => row.changes));
  for (const [at, row] of rows.entries()) {
    const printed = planText(lines[at] as never);
    for (const texts of [ENGLISH, INDONESIAN]) {
      const shown = rowText(row, { texts, dayOf: () => "DAY" });
      expect(signOf(row, texts)).not.toBe("");
      for (const value of valuesOf(row)) {
        expect([value, shown]).toEqual([value, expect.stringContaining(value)]);
        expect([value, printed]).toEqual([value, expect.stringContaining(value)]);
      }
      if (row.reason === undefined) continue;
      expect(shown).toContain(problemText(row.reason, texts.lang));
      expect(printed).toContain(problemText(row.reason, "en"));
    }
    for (const { kind, name } of row.answers) expect(printed).toContain(`--${kind} ${name}`);
    // No answer gives a role to somebody whom the line does not name.
    const isGuess = row.answers.some(({ kind }) => kind === "account");
    if (isGuess) expect(printed).not.toMatch(/a role needs/);
  }
  if (plan.problems.length + plan.questions.length > 0) expect(plan.changes).toEqual([]);
});
