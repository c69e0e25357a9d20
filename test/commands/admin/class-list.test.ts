import { expect, test } from "bun:test";
import { formatCsv, parseCsv } from "../../../src/base/csv.ts";
import { Fault } from "../../../src/base/fault.ts";
import {
  type AccountEntry,
  changesFor,
  classListOf,
  parseClassList,
} from "../../../src/commands/admin/class-list.ts";

const entry = (user: string, more: Partial<AccountEntry> = {}): AccountEntry => ({
  user,
  since: 1,
  online: false,
  operator: false,
  banned: false,
  password: true,
  devices: 1,
  bytes: 0,
  rooms: [],
  moderates: [],
  ...more,
});

const NO_DISPLAY_NAME = "line 2 of the list has no valid display name";

function problem(text: string): string {
  try {
    parseClassList(text);
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
  return "";
}

test("reads a table with any order of columns, in English and Indonesian", () => {
  const roomsAndRole = { rooms: ["math", "lab"], role: "moderator" };
  const ana = { name: "ana", displayName: undefined, ...roomsAndRole };
  const text = "Role;Name;Rooms\nmoderator;ana;#math lab\n\n";
  expect(parseClassList(text) as unknown).toEqual([ana]);
  const indonesian = '\uFEFFnama,ruang,peran\r\nana,"math, lab",Moderator\r\n';
  expect(parseClassList(indonesian) as unknown).toEqual([ana]);
});

test("reads one name per line", () => {
  expect(parseClassList("ana\nBen Öztürk\n").map(({ name }) => String(name))).toEqual([
    "ana",
    "Ben-Oeztuerk",
  ]);
});

test("makes names of display names, and always the same ones", () => {
  const text = "display name\nAna Ruiz\nÁna Ruiz B.\n李\n";
  const people = parseClassList(text);
  expect(people.map(({ name }) => String(name))).toEqual(["Ana-Ruiz", "Ana-Ruiz-B", "user"]);
  expect(people.map(({ displayName }) => displayName)).toEqual(["Ana Ruiz", "Ána Ruiz B.", "李"]);
  expect(parseClassList(text)).toEqual(people);
});

test("keeps a name that an account cannot have as the display name", () => {
  const text = "\uFEFFname;display_name\r\nBen Ruíz;\r\nana;\r\ncleo;Cléo  M.\r\n";
  expect(parseClassList(text).map(({ name, displayName }) => [name, displayName])).toEqual([
    ["Ben-Ruiz", "Ben Ruíz"],
    ["ana", undefined],
    ["cleo", "Cléo M."],
  ] as never);
  expect(parseClassList("ana\nBen Ruíz").map(({ displayName }) => displayName)).toEqual([
    undefined,
    "Ben Ruíz",
  ]);
});

test.each([
  ["name\nana\nANA", "line 3 of the list repeats the name 'ANA' of line 2"],
  ["name,role\nana,king", "line 2 of the list has no valid role: 'king'"],
  ["name,rooms\nana,a/b", "line 2 of the list names no valid room: 'a/b'"],
  ["name,rooms\n,lab", "line 2 of the list has no name"],
  ["ana,lab", "line 1 of the list names no column 'name'"],
  [
    "name\nBen Ruiz\nben RUÍZ",
    "line 3 of the list has the name 'ben RUÍZ', which is or looks like that of line 2",
  ],
  [
    "name,display name\na,Bеn\nb,",
    `${NO_DISPLAY_NAME}: a display name cannot mix letters of these alphabets`,
  ],
  [
    "name,display name\na,Bob\nb0b,",
    "line 3 of the list has the name 'b0b', which is or looks like that of line 2",
  ],
  [
    "name\nAna ✅",
    `${NO_DISPLAY_NAME}: a display name consists of letters, digits, spaces and . , ' · -`,
  ],
  ["name\n\ufffdna", "the list is not UTF-8"],
])("refuses %j", (text, message) => {
  expect(problem(text)).toBe(message);
});

test("changes only what differs, rooms and accounts first", () => {
  const people = parseClassList(
    "name,rooms,role\nana,lab,\nben,LAB,moderator\ncleo,new,operator\nolga,,member",
  );
  const state = {
    accounts: [entry("ana", { rooms: ["lab"] }), entry("BEN"), entry("olga", { operator: true })],
    rooms: ["lab"],
    me: undefined,
    renews: false,
  };
  const changes = changesFor(people, state);
  expect(changes as unknown).toEqual([
    { kind: "create-room", room: "new" },
    { kind: "create-account", user: "cleo" },
    { kind: "add", user: "ben", room: "LAB" },
    { kind: "add", user: "cleo", room: "new" },
    { kind: "grant", user: "ben", room: "LAB", on: true },
    { kind: "grant", user: "cleo", room: undefined, on: true },
    { kind: "grant", user: "olga", room: undefined, on: false },
  ]);
  expect(changesFor(people, { ...state, me: "Olga" })).toHaveLength(changes.length - 1);
});

test("sets only the display names that differ", () => {
  const accounts = [
    entry("ana", { displayName: "Ana Ruíz" }),
    entry("ben", { displayName: "Ben" }),
    entry("cleo", { displayName: "Cléo" }),
  ];
  const people = parseClassList("name,display name\nana,Ana Ruíz\nBEN,Ben R.\ncleo,\nDé Vos,");
  const state = { accounts, rooms: [], me: undefined, renews: false };
  expect(changesFor(people, state) as unknown).toEqual([
    { kind: "create-account", user: "De-Vos" },
    { kind: "display-name", user: "BEN", text: "Ben R." },
    { kind: "display-name", user: "De-Vos", text: "Dé Vos" },
  ]);
});

test("renews the codes of people who have never signed in", () => {
  const accounts = [
    entry("ana", { password: false, devices: 0 }),
    entry("ben", { password: false }),
    entry("cleo"),
  ];
  const state = { accounts, rooms: [], me: undefined };
  const people = parseClassList("ana\nben\ncleo");
  expect(changesFor(people, { ...state, renews: true }) as unknown).toEqual([
    { kind: "renew-code", user: "ana" },
  ]);
  expect(changesFor(people, { ...state, renews: false })).toEqual([]);
});

test("an import of the export changes nothing", () => {
  const accounts = [
    entry("-ana", { rooms: ["lab", "math"], moderates: ["lab", "math"], displayName: "-Ana R." }),
    entry("ben", { rooms: ["lab"], displayName: "Ruíz, Ben" }),
    entry("olga", { operator: true }),
  ];
  const text = formatCsv(classListOf(accounts));
  expect(text).toContain('"\'-Ana R."');
  expect(parseCsv(text)[1]).toEqual(["-ana", "-Ana R.", "lab math", "moderator"]);
  const state = { accounts, rooms: ["lab", "math"], me: undefined, renews: false };
  expect(changesFor(parseClassList(text), state)).toEqual([]);
});
