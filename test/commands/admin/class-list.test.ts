import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatCsv } from "../../../src/base/csv.ts";
import {
  type AccountEntry,
  type ClassList,
  classListOf,
  parseClassList,
} from "../../../src/core/people/class-list.ts";
import { reasonText } from "../../../src/core/people/list-text.ts";

const read = (text: string): ClassList => parseClassList(Buffer.from(text));

const people = (text: string) => {
  const list = read(text);
  expect(list.problems).toEqual([]);
  return list.people.map(({ line: _, account, ...person }) => ({
    name: typeof account === "string" ? `=${account}` : account.name,
    ...person,
  })) as unknown[];
};

const problems = (text: string) =>
  read(text).problems.map(({ line, reason }) => `${line} ${reasonText(reason)}`);

const ANA = { name: "=ana", displayName: undefined, operator: undefined };
const room = (name: string, role?: string) => ({ room: name, role });

test("reads a table with any order of columns", () => {
  const text = "Role;Name;Rooms\nmoderator;ana;#math lab\n\n";
  const rooms = [room("math", "moderator"), room("lab", "moderator")];
  expect(people(text)).toEqual([{ ...ANA, rooms, operator: false }]);
});

test.each([
  "nama,nama tampilan,ruang,peran\nana,Ana,math lab,Anggota",
  "Name;Anzeigename;Räume;Rolle\r\nana;Ana;math lab;Mitglied\r\n",
  "Nom;Nom affiché;Salles;Rôle\nana;Ana;math lab;membre",
  "Nombre\tNombre completo\tSalas\tRol\nana\tAna\tmath lab\tMiembro",
  "Имя;ФИО;Комнаты;Роль\nana;Ana;math lab;участник",
  "user name,display\u2011name,ROOM_NAMES,Roles\nana,Ana,math lab,member",
  "sep=;\r\nname;display name;rooms;role\r\nana;Ana;math,lab;member",
])("knows the headings of %j", (text) => {
  const rooms = [room("math", "member"), room("lab", "member")];
  const person = { ...ANA, displayName: "Ana", rooms, operator: false };
  expect(people(text)).toEqual([person]);
});

test.each([
  ["Canvas", "user_id,login_id,first_name,last_name,email,status\n0051,ana,Ana,Ruíz,a@x,active"],
  ["Moodle", "username,firstname,lastname,email,idnumber\nana,Ana,Ruíz,a@x,0051"],
  [
    "OneRoster",
    "sourcedId,status,role,username,givenName,familyName,grades\n0051,,,ana,Ana,Ruíz,07",
  ],
  ["WebUntis", "Name;Familienname;Vorname;Schlüssel (extern);Geschlecht\nana;Ruíz;Ana;0051;W"],
  ["LDAP", "User Name,First Name [Required],Last Name [Required],ID\nana,Ana,Ruíz,'0051"],
  ["Excel", 'ID;Anzeigename;Benutzername\n"=""0051""";Ana Ruíz;ana'],
  ["a login and a pupil", "Siswa;Nama Pengguna;NIS\nAna Ruíz;ana;0051"],
])("understands the columns of %s", (_, text) => {
  const person = { ...ANA, displayName: "Ana Ruíz", id: "0051", rooms: [] };
  const [found] = people(text) as [{ operator?: boolean }];
  expect({ ...found, operator: undefined }).toEqual(person);
});

test.each([
  ["SchILD", "Nachname;Vorname;Klasse;Interne ID-Nummer\nRuíz;Ana;7 A;0051"],
  ["Dapodik", "No;Nama;NISN;JK;Rombel Saat Ini\n1;Ana Ruíz;0051;P;7 A"],
  [
    "Google Classroom",
    "First Name,Last Name,Email Address,Student ID,Class\nAna,Ruíz,a@x,0051,7 A",
  ],
  ["German Excel", "Name;Vorname;Klasse;Schülernummer\nRuíz;Ana;7 A;0051"],
])("understands the columns of %s, and a class with a blank", (_, text) => {
  const rooms = [{ ...room("7-a", undefined), title: "7 A" }];
  const person = { name: "Ana-Ruiz", displayName: "Ana Ruíz", id: "0051", rooms };
  expect(people(text)).toEqual([{ ...person, operator: undefined }]);
});

test("keeps the blanks of a class's name, and separates classes by commas", () => {
  const of = (cell: string) =>
    read(`name,class\nana,"${cell}"`).people[0]?.rooms.map(({ room: name, title, role }) =>
      [name, title, role].filter((one) => one !== undefined).join(" = "),
    );
  for (const [cell, rooms] of [
    ["VII A", ["vii-a = VII A"]],
    ["7 A", ["7-a = 7 A"]],
    ["Year  7 Blue", ["year-7-blue = Year 7 Blue"]],
    ["XI IPA 2, OSIS", ["xi-ipa-2 = XI IPA 2", "OSIS"]],
    ["VII A:moderator", ["vii-a = VII A = moderator"]],
    ["7-A", ["7-A"]],
    ["Класс 7", ["klass-7 = Класс 7"]],
  ] as const)
    expect(of(cell) as unknown[]).toEqual([...rooms]);
  // Letters without a Latin form leave a hash, so that two classes never become one room.
  const [one, two] = ["ཀ A", "ཁ A"].map((cell) => of(cell)?.[0] ?? "");
  expect(one).toMatch(/^\w+-\w{7} = ཀ A$/);
  expect(one?.split(" ")[0]).not.toBe(two?.split(" ")[0]);
});

test("reads lines about rooms, and people who leave", () => {
  const { rooms = [], people: persons } = read(
    "name,rooms,role\n#10a,,left\n#7a,#8a,\nana,8a:left 9b,\nben,,left",
  );
  expect(rooms as unknown[]).toEqual([
    { line: 2, room: "10a", to: undefined },
    { line: 3, room: "7a", to: "8a" },
  ]);
  expect(persons as unknown[]).toMatchObject([
    { account: "ana", rooms: [room("8a", "left"), room("9b")] },
    { account: "ben", leaves: true },
  ]);
});

test("the role of a person applies to rooms without a role of their own", () => {
  const of = (cell: string, role: string) => people(`name,rooms,role\nana,"${cell}",${role}`);
  const some = [room("essay", "moderator"), room("lab")];
  expect(of("essay:moderator lab", "")).toEqual([{ ...ANA, rooms: some }]);
  expect(of("essay:Moderator, lab", "operator")).toEqual([{ ...ANA, rooms: some, operator: true }]);
  expect(of("#essay:member lab", "moderator")).toEqual([
    { ...ANA, rooms: [room("essay", "member"), room("lab", "moderator")], operator: false },
  ]);
});

test("reads one name per line", () => {
  const rooms: unknown[] = [];
  expect(people("ana\nBen Öztürk\n")).toEqual([
    { ...ANA, rooms },
    { name: "Ben-Oeztuerk", displayName: "Ben Öztürk", rooms, operator: undefined },
  ]);
});

const derived = (text: string) =>
  read(`display name\n${text}`).people.map(({ account }) =>
    typeof account === "string" ? account : String(account.name),
  );

test.each([
  ["Борисов Иван", "Borisov-Ivan"],
  ["ВЛАДИМИР ЧЕХ", "VLADIMIR-CHEKH"],
  ["Παπαδόπουλος Γιώργος", "Papadopoulos-Giorgos"],
  ["محمد سارة", "Mhmd-Sara"],
  ["דוד כהן", "Dvd-Khn"],
  ["สมชาย", "Smchay"],
  ["अनिल कुमार", "Anil-Kumar"],
  ["김민수", "Gimminsu"],
  ["李娜", "user-e8y53bu"],
  ["Muhammad Rizky Aditya Pratama Putra", "Muhammad-Rizky-Aditya-Pr-25e5ds4"],
  ["Muhammad Rizky Aditya Pratama Puri", "Muhammad-Rizky-Aditya-Pr-php68zs"],
])("derives for %j the name %j, whatever is in other lines", (text, name) => {
  expect(derived(text)).toEqual([name]);
  expect(derived(`李\nБо\n${text}`).at(-1)).toBe(name);
});

test("keeps a name that an account cannot have as the display name", () => {
  const text = "\uFEFFname;display_name\r\nBen Ruíz;\r\nana;\r\ncleo;Cléo  M.\r\n;Dé Vos\r\n";
  const rooms: unknown[] = [];
  const operator = undefined;
  expect(people(text)).toEqual([
    { name: "Ben-Ruiz", displayName: "Ben Ruíz", rooms, operator },
    { ...ANA, rooms },
    { name: "=cleo", displayName: "Cléo M.", rooms, operator },
    { name: "De-Vos", displayName: "Dé Vos", rooms, operator },
  ]);
});

test.each([
  ["Nome,Cognome,Sesso,Classe\nAnna,Rossi,F,II D", "Anna Rossi", "ii-d", "'Sesso'"],
  [
    "Full name (FULL_NAME),User type (USER_TYPE),Learner enrolled in class(es) (ENROLLED_IN)\n" +
      "Anna Rossi,LEARNER,A7",
    "Anna Rossi",
    "A7",
    "'User type (USER_TYPE)'",
  ],
  ["Student Name,Homeroom,GPA\nAnna Rossi,A7,4.0", "Anna Rossi", "A7", "'GPA'"],
  ["Forename,Surname,Reg Group,SEN\nAnna,Rossi,7 A,N", "Anna Rossi", "7-a", "'SEN'"],
])("names the columns of %j that it does not use", (text, displayName, room, unused) => {
  const { people: listed, problems, notes } = parseClassList(Buffer.from(text));
  expect([problems, listed.length]).toEqual([[], 1]);
  expect(listed[0]).toMatchObject({ displayName, rooms: [{ room }] });
  expect(notes.map(({ line, reason }) => [line, reasonText(reason)])).toEqual([
    [1, `does not use the columns ${unused}`],
  ]);
});

test("prefers the national number to that of the school, in either order", () => {
  for (const [head, cells] of [
    ["NIPD,NISN", "2021,0061234567"],
    ["NISN,NIS", "0061234567,2021"],
  ]) {
    const { people: listed } = parseClassList(Buffer.from(`Nama,${head}\nSiti,${cells}`));
    expect(listed.map(({ id }) => id)).toEqual(["0061234567"]);
  }
  const { problems } = parseClassList(Buffer.from("Nama,NIS,NIPD\nSiti,1,2"));
  expect(problems.map(({ reason }) => reasonText(reason).slice(0, 35))).toEqual([
    "has the columns 'NIS' and 'NIPD'; k",
  ]);
});

describe("names every problem with its line", () => {
  test.each([
    ["name,role\nana,king", ["2 has no valid role: 'king'"]],
    ["name,rooms\nana,a/b\n,lab", ["2 has 'a/b', which may be one room or 2", "3 has no name"]],
    ["ana,lab", ["1 names no column 'name'"]],
    ["Name;Kelas;Rooms\nana;7a;lab", ["1 has the columns 'Rooms' and 'Kelas'"]],
    ["Name;Farbe\nana;rot", ["1 has the unknown column 'Farbe'; remove or rename it"]],
    ["name,rooms,Amt\nana,7a,moderator", ["1 has the unknown column 'Amt'; remove or rename it"]],
    ["PK\u0003\u0004\u0014", ["1 is no text but the file of a spreadsheet or another program"]],
    ["Nachname;Klasse\nRuiz;7a", ["1 has a first or a last name alone"]],
    ["name,rooms\nana,VII A", ["2 has 'VII A', which may be one room or 2; write VII-A for one"]],
    ["name,rooms\nana,XI IPA 2", ["2 has 'XI IPA 2', which may be one room or 3; write XI-IPA-2"]],
    ["name,class\nana,7", ["2 has an invalid room name: '7'; write class-7;"]],
    ["name,class\nana,7/1", ["2 has an invalid room name: '7/1', because of the character U+002F"]],
    ["name,status\nana,deleted", ["2 has the status 'deleted'; remove the line, or write left"]],
    ["id,name\n5.1E+07,ana", ["2 has the id '5.1E+07', which the spreadsheet has shortened"]],
    ["id,name\n=cmd|' /C calc'!A0,ana", ["2 has no valid id: '=cmd|"]],
    ["name\n=cmd|' /C calc'!A0", ["2 has no valid display name '=cmd|"]],
    ["name,rooms\n#7a,", ["2 names the room '#7a', but not what it becomes; write its new name"]],
    ["name,display name,rooms\n#7a,Siti,8a", ["2 names the room '#7a', but not what it becomes"]],
    ["name,role\nana,teacher", ["2 has no valid role: 'teacher'; use member, moderator"]],
    ["name,user\nana,ben", ["1 has the columns 'name' and 'user'"]],
    ["name,\nana,lab", ["1 has no heading over column 2"]],
    [
      "name,rooms\nRuiz, Ben,math",
      ["2 has 3 cells, but the first line has only 2: 'math' is too many"],
    ],
    ["Madonna\nRuiz, Ben", ["2 has 2 cells, but the first line has only 1: 'Ben' is too many"]],
    ["name,rooms\nana,lab:king", ["2 has no valid role for a room: 'lab:king'"]],
    ["name,rooms\nana,lab:operator", ["2 has no valid role for a room: 'lab:operator'"]],
    ["name,rooms\nana,lab:member lab:moderator", ["2 has two roles for the room 'lab'"]],
    [
      "name\nBen Ruiz\nben RUÍZ",
      ["3 has the name 'ben RUÍZ', which is or looks like that of line 2"],
    ],
    ["name,display name\na,Bob\nb0b,", ["3 has the name 'b0b', which is or looks like"]],
    [
      'name,display name\na,"Ana\nRuiz"\nb,B✅',
      ["4 has no valid display name 'B✅': U+2705 '✅' is not allowed"],
    ],
    ["name\nAna\u2011Lena\u200b", ["2 has no valid display name 'Ana\u2011Lena"]],
    ["name,display name\na,Bеn", ["2 has no valid display name 'Bеn': a display name cannot mix"]],
    ["name,rooms\nana,7б", ["2 has an invalid room name: '7б', because of the character U+0431"]],
    ['name\n"ana\nben', ["2 has a quotation mark"]],
    ["", ["1 names nobody"]],
    ["\nname,rooms\n", ["2 names nobody"]],
    ["name\na\0", ["2 contains the character U+0000"]],
  ])("of %j", (text, starts) => {
    const found = problems(text);
    expect(found.map((reason, at) => reason.slice(0, starts[at]?.length))).toEqual(starts);
  });

  test("names odd characters that nobody sees", () => {
    expect(problems("name\nAna\u2011Lena")[0]).toContain("U+2011");
    expect(problems("name\nAna\u200bLena")[0]).toContain("U+200B");
  });
});

test("allows empty cells that a spreadsheet adds", () => {
  expect(people("name;rooms;;\nana;;;;\n;;;\n")).toEqual([{ ...ANA, rooms: [] }]);
});

test("reads UTF-16 with and without a mark, and names each line in another encoding", () => {
  const text = "name\tdisplay name\r\nana\tKäthe\r\n";
  const little = Buffer.from(text, "utf16le");
  const big = Buffer.from(little).swap16();
  const marked = Buffer.concat([Buffer.from([0xff, 0xfe]), little]);
  for (const bytes of [little, big, marked, Buffer.concat([Buffer.from([0xfe, 0xff]), big])])
    expect(parseClassList(bytes).people.map(({ displayName }) => displayName)).toEqual(["Käthe"]);
  const ansi = Buffer.from("name\nKäthe\nana\nJörg\n", "latin1");
  const { problems: found } = parseClassList(ansi);
  expect(found.map(({ line }) => line)).toEqual([2, 4]);
  expect(reasonText(found[0]?.reason ?? [])).toContain("the byte E4, which is 'ä' in Windows-1252");
});

test("never fails with an internal fault", () =>
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.string().map(Buffer.from)), (bytes) => {
      for (const { line } of parseClassList(bytes).problems) expect(line).toBeGreaterThan(0);
    }),
  ));

const entry = (user: string, more: Partial<AccountEntry> = {}): AccountEntry => ({
  user,
  since: 1,
  online: false,
  operator: false,
  banned: false,
  password: true,
  devices: 1,
  bytes: 0,
  ...more,
});

test("an export has the role in each room, and neither the lobby nor rooms that were left", () => {
  const rows = classListOf([
    entry("-ana", { rooms: ["lab", "lobby", "math"], moderates: ["math", "left"] }),
    entry("olga", { operator: true, rooms: ["lobby"], moderates: ["lobby"], displayName: "-O." }),
  ]);
  expect(rows.slice(1)).toEqual([
    ["-ana", "", "lab math:moderator", "member"],
    ["olga", "-O.", "lobby:moderator", "operator"],
  ]);
  expect(formatCsv(rows)).toContain('"\'-O."');
  expect(people(formatCsv(rows))).toEqual([
    {
      name: "=-ana",
      displayName: undefined,
      rooms: [room("lab", "member"), room("math", "moderator")],
      operator: false,
    },
    { name: "=olga", displayName: "-O.", rooms: [room("lobby", "moderator")], operator: true },
  ]);
});

describe("proposes the cell to write for a class that is no room's name", () => {
  const both = (cell: string, one: string, two: string): [string, string, string][] => [
    ["rooms", cell, `which may be one room or 2; write ${one} for one room, or ${two} for 2`],
    ["class", cell, `which may be one room or 2; write ${one} for one room, or ${two} for 2`],
  ];
  test.each([
    ["rooms", "7.2", "because of the character U+002E '.'; write 7-2; a room has"],
    ["class", "7.2", "because of the character U+002E '.'; write 7-2; a room has"],
    ["class", "7/2", "because of the character U+002F '/'; write 7-2; a room has"],
    ["rooms", "7 A:moderator", "write 7-A:moderator for one room, or separate rooms by commas"],
    ["rooms", "Kl. 7", "write Kl-7 for one room, or separate rooms by commas"],
    ["rooms", "7a (Bio)", "write 7a-Bio for one room, or separate rooms by commas"],
    ["class", "7a (Bio)", "because of the character U+0028 '('; write 7a-Bio; a room has"],
    ["class", "8a+", "write 8a-plus; a room has"],
    ...both("8a+9b", "8a-9b", "8a,9b"),
    ...both("8a / 9b", "8a-9b", "8a,9b"),
    ...both("8a & 9b", "8a-9b", "8a,9b"),
    ...both("8a und 9b", "8a-und-9b", "8a,9b"),
  ])("of the column %s: %s", (column, cell, expected) => {
    const [problem = ""] = problems(`name,${column}\nana,${cell}`);
    expect(problem.startsWith(`2 has `) && problem).toContain(expected);
  });

  test("takes two words of one class as its display name", () => {
    const { people } = parseClassList(Buffer.from("name,class\nana,Arts and Crafts\n"));
    expect(people[0]?.rooms).toEqual([
      { room: "arts-and-crafts", role: undefined, title: "Arts and Crafts" },
    ] as never);
  });
});
