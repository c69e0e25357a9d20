/** List of people as a table of CSV, which a teacher writes in a spreadsheet. */

import { parseCsv } from "../../base/csv.ts";
import { checkDisplayName, skeletonsOf } from "../../base/display-names.ts";
import { isExternalId } from "../../base/external-ids.ts";
import { asFault, type Fault, msg, unlessFault } from "../../base/fault.ts";
import {
  ACCOUNTS_MAX,
  DISPLAY_NAME_CHARS_MAX,
  EXTERNAL_ID_CHARS_MAX,
  NAME_CHARS_MAX,
} from "../../base/limits.ts";
import { type FoldedName, foldName, isName, type Name } from "../../base/names.ts";
import { hashedName, proposeName, stableName, stableRoomName } from "../../base/new-names.ts";
import { defined } from "../../base/values.ts";
import type { Answer } from "../../wire/messages.ts";
import { LOBBY } from "../rooms/rooms.ts";
import { type Headings, headingsOf, type ListColumn, plainWord } from "./list-columns.ts";
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

const ROLES = ["member", "moderator", "operator", "left"] as const;
type Role = (typeof ROLES)[number];
export type RoomRole = Exclude<Role, "operator" | "left">;

interface ListedRoom {
  readonly room: Name;
  /** Display name, as written, from which `room` is derived. */
  readonly title?: string;
  /** `undefined` changes no role; `left` removes the person from the room. */
  readonly role: RoomRole | "left" | undefined;
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
  /** Id that the school's system gives the person, as written; `undefined` if the line has none. */
  readonly id?: string | undefined;
  /** Account name, as written. */
  readonly account: Name | DerivedName;
  /** `undefined` changes no display name. */
  readonly displayName: string | undefined;
  readonly rooms: readonly ListedRoom[];
  /** Whether the person is an operator; `undefined` changes nothing. */
  readonly operator: boolean | undefined;
  /** True if the person's account is to be removed. */
  readonly leaves?: boolean | undefined;
}

/** Line whose name is that of a room with `#`. */
export interface RoomLine {
  readonly line: number;
  readonly room: Name;
  /** New name; `undefined` to close the room. */
  readonly to: Name | undefined;
  /** New display name, as written, from which `to` is derived. */
  readonly title?: string;
}

/** A room of a cell, with a role such as `7a:moderator`. */
interface RoomWord {
  readonly text: string;
  readonly title?: string;
}

export interface ClassList {
  readonly people: readonly ListedPerson[];
  readonly rooms?: readonly RoomLine[];
  readonly problems: readonly Problem[];
  /** Statements that prevent nothing, for example about columns that are not used. */
  readonly notes: readonly Problem[];
}

const ROLE_WORDS: Readonly<Record<Role, readonly string[]>> = {
  member: [
    ...["member", "anggota", "mitglied", "membre", "miembro", "участник"],
    ...["student", "pupil", "learner", "siswa", "peserta didik", "schuler", "eleve", "alumno"],
  ],
  moderator: ["moderator", "moderateur", "moderador", "модератор"],
  operator: ["operator", "operateur", "operador", "оператор"],
  left: [
    ...["left", "leaver", "closed", "keluar", "lulus", "ditutup", "abgang", "abgegangen"],
    ...["geschlossen", "parti", "ferme", "baja", "cerrado", "выбыл"],
  ],
};

/** Words in a column for the status of a person who is still at the school. */
const ACTIVE: ReadonlySet<string> = new Set(["", "active", "aktif", "aktiv", "enrolled", "actif"]);

const HEADINGS = "id,name,display name,rooms,role";
const KNOWN = msg`the columns are id, name, display name, rooms and role`;

/**
 * Reads a table with the columns `id`, `name`, `display name`, `rooms` and `role`, or those of a
 * known school system, or one name per line.
 * A name that an account cannot have becomes the display name.
 */
export function parseClassList(bytes: Uint8Array): ClassList {
  const { text, problems } = decodeList(bytes);
  if (problems.length > 0) return { people: [], problems, notes: [] };
  try {
    return new ListReader(text).read();
  } catch (error) {
    const { message } = asFault(error);
    const line = Number(/^line (\d+)/.exec(message)?.[1] ?? 1);
    const reason = [
      msg`has a quotation mark that does not end, or text after one`,
      msg`correct the quotes`,
    ];
    return { people: [], problems: [{ line, reason }], notes: [] };
  }
}

/** Columns of which one suffices to tell who a line means. */
const NAMING = ["id", "name", "displayName", "firstName", "lastName"] as const;

/** Part of a class's name that can hardly be a room: `A`, `7`, `VII`, `Year`. */
const PART_OF_CLASS = /^(\p{L}|\d{1,2}|[IVX]+|year|grade|form|class|kelas|klasse|classe|clase)$/iu;

class ListReader {
  readonly #people: ListedPerson[] = [];
  readonly #roomLines: RoomLine[] = [];
  readonly #problems: Problem[] = [];
  readonly #notes: Problem[] = [];
  readonly #rows;

  constructor(text: string) {
    this.#rows = parseCsv(text);
  }

  read(): ClassList {
    const rows = this.#rows.filter(({ cells }) => cells.some((cell) => cell !== ""));
    const [head = { line: 1, cells: [] }, ...others] = rows;
    const headings = headingsOf(head.cells);
    const { columns } = headings;
    const isTable = NAMING.some((column) => columns.has(column));
    const { length: width } = head.cells;
    if (!isTable && width > 1) {
      const reason = [msg`names no column 'name'`, msg`begin with a line such as: ${HEADINGS}`];
      return { people: [], problems: [{ line: head.line, reason }], notes: [] };
    }
    if (isTable) this.#checkHeadings(head.line, head.cells, headings);
    for (const { line, cells } of isTable ? others : rows) {
      if (cells.length > width) this.#checkWidth(line, cells, width);
      const cellOf = (column: ListColumn) => cells[columns.get(column) ?? -1] ?? "";
      this.#read(line, isTable ? cellOf : (column) => (column === "name" ? (cells[0] ?? "") : ""));
    }
    if (this.#people.length > ACCOUNTS_MAX)
      this.#add(
        this.#people[ACCOUNTS_MAX]?.line ?? 1,
        msg`is one person too many`,
        msg`split the list`,
      );
    if (this.#people.length + this.#roomLines.length + this.#problems.length === 0)
      this.#add(head.line, msg`names nobody`);
    const alike = this.#alike();
    return {
      people: this.#people.filter((person) => !alike.has(person)),
      rooms: this.#roomLines,
      problems: this.#problems.sort((a, b) => a.line - b.line),
      notes: this.#notes,
    };
  }

  #add(line: number, ...reason: Reason): void {
    this.#problems.push({ line, reason });
  }

  #checkHeadings(
    line: number,
    head: readonly string[],
    { doubles, unknown, columns }: Headings,
  ): void {
    for (const [first, second] of doubles)
      this.#add(
        line,
        msg`has the columns ${quoted(head[first] ?? "")} and ${quoted(head[second] ?? "")}`,
        msg`keep one of them`,
      );
    const named = unknown.filter((at) => head[at] !== "");
    const unused = named.filter((at) => this.#isUnused(at, columns));
    if (unused.length > 0) {
      const shown = unused.map((at) => quoted(head[at] ?? "")).join(", ");
      this.#notes.push({ line, reason: [msg`does not use the columns ${shown}`] });
    }
    for (const at of named.filter((one) => !unused.includes(one)))
      this.#add(
        line,
        msg`has the unknown column ${quoted(head[at] ?? "")}`,
        msg`remove or rename it`,
        KNOWN,
      );
    for (const at of unknown) {
      if (head[at] !== "" || !this.#rows.some(({ cells }) => (cells[at] ?? "") !== "")) continue;
      this.#add(line, msg`has no heading over column ${at + 1}`, msg`remove or name it`, KNOWN);
    }
    const lacksHalf = columns.has("firstName") !== columns.has("lastName");
    if (lacksHalf && !columns.has("displayName") && !columns.has("name"))
      this.#add(
        line,
        msg`has a first or a last name alone`,
        msg`add the other, or write both in the column 'display name'`,
      );
  }

  /** Tables of other systems have more columns. None of them may be the classes or the roles. */
  #isUnused(at: number, columns: Headings["columns"]): boolean {
    if (!columns.has("rooms") && !columns.has("classroom")) return false;
    const roles = this.#rows.map(({ cells }) => roleOf(cells[at] ?? "") ?? "member");
    return roles.every((role) => role === "member");
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

  #read(line: number, cellOf: (column: ListColumn) => string): void {
    const written = cellOf("name");
    if (/^#./.test(written)) return this.#readRoom(line, written.slice(1), cellOf);
    const shown = cellOf("displayName") || `${cellOf("firstName")} ${cellOf("lastName")}`.trim();
    const id = this.#id(line, cellOf("id"));
    if (written === "" && shown === "" && id === undefined)
      return cellOf("id") === ""
        ? this.#add(line, msg`has no name`, msg`add one, or remove the line`)
        : undefined;
    const isFree = written === "" || isName(written);
    // Two names on a line mean that the first one tells people apart.
    if (!isFree && (shown !== "" || !/\p{L}/u.test(written)))
      return this.#add(line, ...noAccountReason(written));
    const displayCell = shown || (isFree ? "" : written);
    const displayName = displayCell === "" ? undefined : this.#displayName(line, displayCell);
    const role = this.#role(line, cellOf("role"));
    const leaves = role === "left";
    const status = cellOf("status");
    if (!leaves && !ACTIVE.has(plainWord(status)))
      this.#add(
        line,
        msg`has the status ${quoted(status)}`,
        msg`remove the line, or write left in the column 'role' to close the account`,
      );
    const rooms = this.#rooms(line, this.#roomWords(line, cellOf), leaves ? undefined : role);
    const account = isName(written)
      ? written
      : derivedFrom(written || (displayName ?? (shown || (id ?? ""))));
    const operator = role === undefined || leaves ? undefined : role === "operator";
    const person = { line, account, displayName, rooms, operator };
    this.#people.push({
      ...person,
      ...(id === undefined ? {} : { id }),
      ...(leaves ? { leaves } : {}),
    });
  }

  #readRoom(line: number, name: string, cellOf: (column: ListColumn) => string): void {
    const words = this.#roomWords(line, cellOf);
    const [word, ...more] = words;
    const to = word?.text.replace(/^#/, "");
    const role = this.#role(line, cellOf("role"));
    const others = [cellOf("id"), cellOf("displayName"), cellOf("firstName"), cellOf("lastName")];
    for (const room of [name, ...words.map(({ text }) => text.replace(/^#/, ""))])
      if (!isName(room)) return this.#add(line, ...roomReason(room, room));
    const isRename = to !== undefined && more.length === 0 && role === undefined;
    const isClosed = to === undefined && role === "left";
    if (others.some((cell) => cell !== "") || !(isRename || isClosed))
      return this.#add(
        line,
        msg`names the room ${quoted(`#${name}`)}, but not what it becomes`,
        msg`write its new name in the column 'rooms', or left in the column 'role' to close it`,
      );
    const { title } = word ?? {};
    this.#roomLines.push({
      line,
      room: name as Name,
      to: to as Name | undefined,
      ...defined({ title }),
    });
  }

  /** A spreadsheet shortens long numbers, and removes their leading zeros, unless they are text. */
  #id(line: number, cell: string): string | undefined {
    const id = (/^="(.*)"$/.exec(cell)?.[1] ?? cell.replace(/^'(?=\d)/, "")).normalize("NFC");
    if (id === "") return undefined;
    if (/^\d+([.,]\d+)?E[+-]?\d+$/i.test(id))
      this.#add(
        line,
        msg`has the id ${quoted(id)}, which the spreadsheet has shortened`,
        msg`format the column as text, and enter the ids again`,
      );
    else if (isExternalId(id)) return id;
    else
      this.#add(
        line,
        msg`has no valid id: ${quoted(cell)}`,
        msg`use up to ${EXTERNAL_ID_CHARS_MAX} letters, digits and . _ @ / + : -`,
      );
    return undefined;
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

  /**
   * A cell of classes has one, or several separated by commas: blanks belong to the display name.
   * Blanks between rooms separate them, unless a part seems to be no room.
   */
  #roomWords(line: number, cellOf: (column: ListColumn) => string): RoomWord[] {
    const classes = cellOf("classroom").split(/[,;|]+/);
    const named = classes.map((one) => classWord(one.trim()));
    const cell = cellOf("rooms");
    const parts = cell.split(/[,;|]+/).map((part) => part.trim().replaceAll(/\s+/g, " "));
    for (const part of parts) {
      const reason = unclearReason(part);
      if (reason === undefined) continue;
      this.#add(line, ...reason);
      return [];
    }
    const roomWords = parts.flatMap((part) => part.split(" ")).map((text) => ({ text }));
    return [...roomWords, ...named].filter(({ text }) => text !== "");
  }

  /** A role of the person applies to the rooms without a role of their own. */
  #rooms(line: number, words: readonly RoomWord[], role: Role | undefined): ListedRoom[] {
    const rooms = new Map<FoldedName, ListedRoom>();
    for (const { text: word, title } of words) {
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
        const general = role === "operator" ? undefined : (role as RoomRole | undefined);
        const listed = {
          room: name,
          role: (own as ListedRoom["role"]) ?? general,
          ...defined({ title }),
        };
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

/** The display name of a class makes its name, unless it is one, or no display name. */
function classWord(cell: string): RoomWord {
  const [, name = "", role = ""] = /^(.*?)(:[^:]*)?$/s.exec(cell) ?? [];
  if (isName(name) || name === "") return { text: cell };
  const title = unlessFault(() => checkDisplayName(name, "room"));
  const dashed = cell.replaceAll(/\s+/g, "-");
  if (title === undefined) return { text: isName(dashed.replace(/:.*/s, "")) ? dashed : cell };
  // "8a und 9b" rather names two classes than one, unlike "Arts and Crafts".
  if (joinedRooms(name).every((one) => /\d/.test(one)) && joinedRooms(name).length > 1)
    return { text: cell };
  return { text: `${stableRoomName(title)}${role}`, title };
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
    msg`or call the column 'id' if it is the school's number`,
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

/** Signs and words between two rooms, of which a cell may also make one. */
const BETWEEN_ROOMS = / ?[+&/] ?| (?:and|und|dan|et|y|e|och|en) /giu;

/** The rooms that a text may join; one if it joins none. */
function joinedRooms(text: string): readonly string[] {
  const single = text.replaceAll(/\s+/g, " ");
  const parts = single.split(BETWEEN_ROOMS).filter((part) => part !== "");
  return parts.length > 1 && parts.every((part) => isName(part)) ? parts : [text];
}

/** Why blanks in a cell of rooms may not separate them; `undefined` if they do. */
function unclearReason(part: string): Reason | undefined {
  const words = part.split(" ");
  if (words.length < 2) return undefined;
  const [, ...others] = joinedRooms(part);
  if (others.length > 0) return roomReason(part, part);
  if (!words.some((word) => PART_OF_CLASS.test(word) || /^\p{P}/u.test(word.replace(/^#/, ""))))
    return undefined;
  return [
    msg`has ${quoted(part)}, which may be one room or ${words.length}`,
    msg`write ${proposedRoom(part)} for one room, or separate rooms by commas`,
    msg`or call the column 'class'`,
  ];
}

function proposedRoom(text: string): string {
  const [, name = "", role = ""] = /^#?(.*?)(:[^:]*)?$/s.exec(text) ?? [];
  const proposed = /^\d+$/.test(name) ? `class-${name}` : proposeName(name.replace(/\+$/, "-plus"));
  return `${proposed}${role}`;
}

function roomReason(word: string, name: string): Reason {
  const odd = [...name].find((letter) => !/[A-Za-z0-9_ -]/.test(letter));
  const shown = quoted(word);
  const joined = joinedRooms(name);
  const proposed = proposedRoom(word);
  if (joined.length > 1)
    return [
      msg`has ${shown}, which may be one room or ${joined.length}`,
      msg`write ${proposed} for one room, or ${joined.join(",")} for ${joined.length}`,
    ];
  const problem =
    odd === undefined
      ? msg`has an invalid room name: ${shown}`
      : msg`has an invalid room name: ${shown}, because of the character ${characterName(odd)}`;
  return [
    problem,
    msg`write ${proposed}`,
    msg`a room has up to ${NAME_CHARS_MAX} letters without accents, digits, - and _`,
    msg`not only digits`,
  ];
}

/**
 * The rows of an import that would create these accounts. Each room has the person's role in it, so
 * that nobody becomes a moderator of another one.
 */
export function classListOf(accounts: readonly AccountEntry[]): string[][] {
  const hasIds = accounts.some(({ externalId }) => externalId !== undefined);
  return [
    [...(hasIds ? ["id"] : []), "name", "display name", "rooms", "role"],
    ...accounts.map(({ user, externalId = "", displayName = "", operator, ...account }) => {
      const { rooms = [], moderates = [] } = account;
      const moderated = new Set(moderates);
      const words = rooms
        // Everyone is in the lobby.
        .filter((room) => room !== LOBBY || moderated.has(room))
        .map((room) => (moderated.has(room) ? `${room}:moderator` : room));
      const ids = hasIds ? [externalId] : [];
      const separator = words.some((word) => PART_OF_CLASS.test(word)) ? "," : " ";
      return [...ids, user, displayName, words.join(separator), operator ? "operator" : "member"];
    }),
  ];
}
