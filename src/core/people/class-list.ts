/** List of people as a table of CSV, which a teacher writes in a spreadsheet. */

import { parseCsv } from "../../base/csv.ts";
import { checkDisplayName, skeletonsOf } from "../../base/display-names.ts";
import { asFault, type Fault, msg } from "../../base/fault.ts";
import { ACCOUNTS_MAX, DISPLAY_NAME_CHARS_MAX, NAME_CHARS_MAX } from "../../base/limits.ts";
import { type FoldedName, foldName, isName, type Name } from "../../base/names.ts";
import { hashedName, stableName } from "../../base/new-names.ts";
import type { Answer } from "../../wire/messages.ts";
import { LOBBY } from "../rooms/rooms.ts";
import { characterName, decodeList, type Problem, type Reason } from "./list-text.ts";

export interface AccountEntry extends AccountRow {
  readonly rooms?: readonly string[];
  /** Rooms that the user has left, or from which a moderator has removed them. */
  readonly left?: readonly string[];
  /** Includes rooms that the user has left, but would moderate after rejoining. */
  readonly moderates?: readonly string[];
  /** In lower case. */
  readonly former?: readonly string[];
}

type AccountRow = Answer<"accounts">["accounts"][number];

const ROLES = ["member", "moderator", "operator"] as const;
type Role = (typeof ROLES)[number];
export type RoomRole = Exclude<Role, "operator">;

interface ListedRoom {
  readonly room: Name;
  /** `undefined` changes no role. */
  readonly role: RoomRole | undefined;
}

/** Name for an account of a person whose line has none. It depends on the line's text alone. */
export interface DerivedName {
  readonly from: string;
  readonly name: Name;
  /** Another name for the same text, to propose if `name` belongs to somebody else. */
  readonly other: Name;
}

export interface ListedPerson {
  readonly line: number;
  /** Account name, as written. */
  readonly account: Name | DerivedName;
  /** `undefined` changes no display name. */
  readonly displayName: string | undefined;
  readonly rooms: readonly ListedRoom[];
  /** Whether the person is an operator; `undefined` changes nothing. */
  readonly operator: boolean | undefined;
}

export interface ClassList {
  readonly people: readonly ListedPerson[];
  readonly problems: readonly Problem[];
}

/** Headings in six languages, as `plainWord` returns them. */
const COLUMNS = {
  name: [
    ...["name", "names", "user", "users", "username", "user name", "login", "account"],
    ...["account name", "pupil", "pupils", "student", "students", "participant", "participants"],
    ...["nama", "pengguna", "nama pengguna", "akun", "nama akun", "siswa", "nama siswa", "peserta"],
    ...["benutzer", "benutzername", "konto", "kontoname", "namen", "schuler", "teilnehmer"],
    ...["nom", "utilisateur", "nom d'utilisateur", "identifiant", "compte", "eleve", "eleves"],
    ...["nombre", "usuario", "nombre de usuario", "cuenta", "alumno", "alumnos"],
    ...["имя", "имя пользователя", "пользователь", "логин", "аккаунт", "ученик", "ученики"],
  ],
  displayName: [
    ...["display name", "displayname", "display names", "full name", "fullname"],
    ...["nama tampilan", "nama lengkap"],
    ...["anzeigename", "anzeigenamen", "vollstandiger name", "voller name"],
    ...["nom affiche", "nom complet", "nom d'affichage"],
    ...["nombre visible", "nombre completo", "nombre para mostrar"],
    ...["отображаемое имя", "полное имя", "фио"],
  ],
  rooms: [
    ...["room", "rooms", "room name", "room names", "ruang", "ruangan", "nama ruang"],
    ...["raum", "raume", "raumname", "raumnamen", "salle", "salles", "salon", "salons"],
    ...["sala", "salas", "комната", "комнаты"],
  ],
  role: [...["role", "roles", "peran", "rolle", "rollen", "rol"], ...["роль", "роли"]],
} as const;

type Column = keyof typeof COLUMNS;

const ROLE_WORDS: Readonly<Record<Role, readonly string[]>> = {
  member: ["member", "anggota", "mitglied", "membre", "miembro", "участник"],
  moderator: ["moderator", "moderateur", "moderador", "модератор"],
  operator: ["operator", "operateur", "operador", "оператор"],
};

const KNOWN = msg`the columns are name, display name, rooms and role`;

/**
 * Reads a table with the columns `name`, `display name`, `rooms` and `role`, or one name per line.
 * A name that an account cannot have becomes the display name.
 */
export function parseClassList(bytes: Uint8Array): ClassList {
  const { text, problems } = decodeList(bytes);
  if (problems.length > 0) return { people: [], problems };
  try {
    return new ListReader(text).read();
  } catch (error) {
    const { message } = asFault(error);
    const line = Number(/^line (\d+)/.exec(message)?.[1] ?? 1);
    const reason = [
      msg`has a quotation mark that does not end, or text after one`,
      msg`correct the quotes`,
    ];
    return { people: [], problems: [{ line, reason }] };
  }
}

class ListReader {
  readonly #people: ListedPerson[] = [];
  readonly #problems: Problem[] = [];
  readonly #rows;

  constructor(text: string) {
    this.#rows = parseCsv(text);
  }

  read(): ClassList {
    const rows = this.#rows.filter(({ cells }) => cells.some((cell) => cell !== ""));
    const [head = { line: 1, cells: [] }, ...others] = rows;
    const columns = this.#columnsOf(head.cells);
    const isTable = columns.has("name") || columns.has("displayName");
    const { length: width } = head.cells;
    if (!isTable && width > 1) {
      const reason = [msg`names no column 'name'`, msg`begin with a line such as: name,rooms,role`];
      return { people: [], problems: [{ line: head.line, reason }] };
    }
    if (isTable) this.#checkHeadings(head.line, head.cells, columns);
    for (const { line, cells } of isTable ? others : rows) {
      if (cells.length > width) this.#checkWidth(line, cells, width);
      const cellOf = (column: Column) => cells[columns.get(column) ?? -1] ?? "";
      this.#read(line, isTable ? cellOf : (column) => (column === "name" ? (cells[0] ?? "") : ""));
    }
    if (this.#people.length > ACCOUNTS_MAX)
      this.#add(
        this.#people[ACCOUNTS_MAX]?.line ?? 1,
        msg`is one person too many`,
        msg`split the list`,
      );
    if (this.#people.length + this.#problems.length === 0) this.#add(head.line, msg`names nobody`);
    const alike = this.#alike();
    return {
      people: this.#people.filter((person) => !alike.has(person)),
      problems: this.#problems.sort((a, b) => a.line - b.line),
    };
  }

  #add(line: number, ...reason: Reason): void {
    this.#problems.push({ line, reason });
  }

  #columnsOf(head: readonly string[]): Map<Column, number> {
    const words = head.map(plainWord);
    const columns = Object.entries(COLUMNS) as [Column, readonly string[]][];
    return new Map(
      columns.flatMap(([column, names]) => {
        const at = words.findIndex((word) => names.includes(word));
        return at < 0 ? [] : [[column, at] as const];
      }),
    );
  }

  #checkHeadings(line: number, head: readonly string[], columns: Map<Column, number>): void {
    const known = new Map([...columns].map(([column, at]) => [at, column]));
    for (const [at, cell] of head.entries()) {
      if (known.has(at)) continue;
      const word = plainWord(cell);
      const column = [...columns.keys()].find((one) =>
        (COLUMNS[one] as readonly string[]).includes(word),
      );
      const first = column && head[columns.get(column) ?? -1];
      if (first !== undefined)
        this.#add(
          line,
          msg`has the columns ${quoted(first)} and ${quoted(cell)}`,
          msg`keep one of them`,
        );
      else if (word !== "")
        this.#add(
          line,
          msg`has the unknown column ${quoted(cell)}`,
          msg`remove or rename it`,
          KNOWN,
        );
      else if (this.#rows.some(({ cells }) => (cells[at] ?? "") !== ""))
        this.#add(line, msg`has no heading over column ${at + 1}`, msg`remove or name it`, KNOWN);
    }
  }

  /** Spreadsheets may add empty cells. */
  #checkWidth(line: number, cells: readonly string[], width: number): void {
    const extra = cells.slice(width).find((cell) => cell !== "");
    if (extra === undefined) return;
    const shown = quoted(extra);
    this.#add(
      line,
      msg`has ${cells.length} cells, but the first line has only ${width}: ${shown} is too many`,
      msg`put a cell that contains the separator in quotation marks`,
    );
  }

  #read(line: number, cellOf: (column: Column) => string): void {
    const [written, shown] = [cellOf("name"), cellOf("displayName")];
    if (written === "" && shown === "")
      return this.#add(line, msg`has no name`, msg`add one, or remove the line`);
    const isFree = written === "" || isName(written);
    // Two names on a line mean that the first one tells people apart.
    if (!isFree && (shown !== "" || !/\p{L}/u.test(written)))
      return this.#add(line, ...noAccountReason(written));
    const displayCell = shown || (isFree ? "" : written);
    const displayName = displayCell === "" ? undefined : this.#displayName(line, displayCell);
    const role = this.#role(line, cellOf("role"));
    const rooms = this.#rooms(line, cellOf("rooms"), role);
    const account = isName(written) ? written : derivedFrom(written || (displayName ?? shown));
    const operator = role === undefined ? undefined : role === "operator";
    this.#people.push({ line, account, displayName, rooms, operator });
  }

  #displayName(line: number, cell: string): string | undefined {
    try {
      return checkDisplayName(cell);
    } catch (error) {
      const fault = asFault(error);
      this.#add(line, ...displayNameReason(cell, fault));
      return undefined;
    }
  }

  #role(line: number, cell: string): Role | undefined {
    if (cell === "") return undefined;
    const role = roleOf(cell);
    if (role === undefined)
      this.#add(line, msg`has no valid role: ${quoted(cell)}`, msg`use ${ROLES.join(", ")}`);
    return role;
  }

  /** A role of the person applies to the rooms without a role of their own. */
  #rooms(line: number, cell: string, role: Role | undefined): ListedRoom[] {
    const rooms = new Map<FoldedName, ListedRoom>();
    for (const word of cell.split(/[\s,;|]+/).filter((one) => one !== "")) {
      const [name = "", ofRoom, ...more] = word.replace(/^#/, "").split(":");
      const own = ofRoom === undefined ? undefined : roleOf(ofRoom);
      if (!isName(name)) this.#add(line, ...roomReason(word, name));
      else if (more.length > 0 || (ofRoom !== undefined && (own ?? "operator") === "operator"))
        this.#add(
          line,
          msg`has no valid role for a room: ${quoted(word)}`,
          msg`use ${name}:moderator or ${name}:member`,
        );
      else {
        const general = role === "operator" ? undefined : role;
        const listed = { room: name, role: (own as RoomRole | undefined) ?? general };
        const earlier = rooms.get(foldName(name));
        if (earlier !== undefined && earlier.role !== listed.role)
          this.#add(line, msg`has two roles for the room ${quoted(name)}`, msg`keep one of them`);
        rooms.set(foldName(name), listed);
      }
    }
    return [...rooms.values()];
  }

  /** Names and returns people whose name is or looks like that of somebody before them. */
  #alike(): ReadonlySet<ListedPerson> {
    const owners = new Map<string, ListedPerson>();
    const alike = new Set<ListedPerson>();
    const check = (name: string, person: ListedPerson, isDisplayName: boolean) => {
      for (const key of skeletonsOf(name)) {
        const owner = owners.get(key) ?? person;
        if (isDisplayName) owners.set(key, owner);
        if (owner === person || alike.has(person)) continue;
        alike.add(person);
        this.#add(
          person.line,
          msg`has the name ${quoted(name)}, which is or looks like that of line ${owner.line}`,
          msg`tell them apart, for example by an initial`,
        );
      }
    };
    for (const person of this.#people)
      if (person.displayName !== undefined) check(person.displayName, person, true);
    for (const person of this.#people)
      if (typeof person.account === "string") check(person.account, person, false);
    return alike;
  }
}

/** Lower case, without accents, and with a space for each hyphen, underscore and odd space. */
function plainWord(cell: string): string {
  return cell
    .normalize("NFKD")
    .replaceAll(/(?!\u0306)\p{M}/gu, "")
    .normalize("NFC")
    .toLowerCase()
    .replaceAll("’", "'")
    .replaceAll(/[\s_\p{Pd}\p{Cf}]+/gu, " ")
    .trim();
}

function roleOf(cell: string): Role | undefined {
  return ROLES.find((role) => ROLE_WORDS[role].includes(plainWord(cell)));
}

function derivedFrom(from: string): DerivedName {
  return { from, name: stableName(from), other: hashedName(from) };
}

function quoted(cell: string): string {
  return `'${cell.slice(0, 40)}'`;
}

function noAccountReason(written: string): Reason {
  return [
    msg`has the name ${quoted(written)}, which no account can have`,
    msg`write for example ${stableName(written)}`,
  ];
}

/** Letters, digits, and the signs that a display name may have. */
const OF_DISPLAY_NAME = /^[\p{L}\p{M}\p{Nd}\s'’ʻʼ׳״.,·・-]$/u;

function displayNameReason(cell: string, { translatable }: Fault): Reason {
  const name = quoted(cell);
  const odd = [...cell].find((letter) => !OF_DISPLAY_NAME.test(letter) || /\p{DI}/u.test(letter));
  if (odd !== undefined)
    return [
      msg`has no valid display name ${name}: ${characterName(odd)} is not allowed`,
      msg`use letters, digits, spaces and . , ' · -`,
    ];
  const { template = "" } = translatable.message ?? {};
  if (template.includes("at most"))
    return [
      msg`has no valid display name ${name}: it has more than ${DISPLAY_NAME_CHARS_MAX} characters`,
      msg`use a shorter one`,
    ];
  if (template.includes("cannot mix"))
    return [
      msg`has no valid display name ${name}: a display name cannot mix letters of these alphabets`,
      msg`use letters of one alphabet`,
    ];
  if (template.includes("reserved"))
    return [msg`has no valid display name ${name}: it is reserved`, msg`choose another name`];
  return [msg`has no valid display name ${name}`, msg`use letters, digits, spaces and . , ' · -`];
}

function roomReason(word: string, name: string): Reason {
  const odd = [...name].find((letter) => !/[A-Za-z0-9_-]/.test(letter));
  const shown = quoted(word);
  const problem =
    odd === undefined
      ? msg`has an invalid room name: ${shown}`
      : msg`has an invalid room name: ${shown}, because of the character ${characterName(odd)}`;
  return [
    problem,
    msg`a room has up to ${NAME_CHARS_MAX} letters without accents, digits, - and _`,
    msg`not only digits`,
    msg`separate rooms by spaces`,
  ];
}

/**
 * The rows of an import that would create these accounts. Each room has the person's role in it, so
 * that nobody becomes a moderator of another one.
 */
export function classListOf(accounts: readonly AccountEntry[]): string[][] {
  return [
    ["name", "display name", "rooms", "role"],
    ...accounts.map(({ user, displayName = "", rooms = [], moderates = [], operator }) => {
      const moderated = new Set(moderates);
      const words = rooms
        // Everyone is in the lobby.
        .filter((room) => room !== LOBBY || moderated.has(room))
        .map((room) => (moderated.has(room) ? `${room}:moderator` : room));
      return [user, displayName, words.join(" "), operator ? "operator" : "member"];
    }),
  ];
}
