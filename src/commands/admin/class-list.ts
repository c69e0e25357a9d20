/** List of people in a CSV file, and what an import of it changes on a server. */

import { parseCsv } from "../../base/csv.ts";
import { checkDisplayName, skeletonsOf } from "../../base/display-names.ts";
import { Fault } from "../../base/fault.ts";
import { ACCOUNTS_MAX } from "../../base/limits.ts";
import { type FoldedName, foldName, isName, type Name } from "../../base/names.ts";
import { proposeName } from "../../base/new-names.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import type { Answer } from "../../wire/messages.ts";

const ROLES = ["member", "moderator", "operator"] as const;
type Role = (typeof ROLES)[number];

interface Person {
  readonly name: Name;
  /** `undefined` changes no display name. */
  readonly displayName: string | undefined;
  readonly rooms: readonly Name[];
  /** An empty cell changes no role. */
  readonly role: Role | undefined;
}

/** Names of columns in English and Indonesian. */
const COLUMNS = {
  name: ["name", "user", "nama", "pengguna"],
  displayName: ["display name", "display_name", "full name", "nama tampilan", "nama lengkap"],
  rooms: ["rooms", "room", "ruang"],
  role: ["role", "peran"],
} as const;

type Column = keyof typeof COLUMNS;

/**
 * Reads a table with the columns `name`, `display name`, `rooms` and `role`, or one name per line.
 * A name that an account cannot have becomes the nearest one that it can have, always the same one.
 * @throws {Fault} text-invalid with the number of the line
 */
export function parseClassList(text: string): Person[] {
  if (text.includes("\ufffd")) {
    throw new Fault("text-invalid", "the list is not UTF-8", { remedy: "save it as CSV UTF-8" });
  }
  const [head = [], ...others] = parseCsv(text);
  const columns = columnsOf(head);
  const isTable = columns.has("name") || columns.has("displayName");
  if (!isTable && head.length > 1) {
    throw invalid(1, "names no column 'name'", "begin with: name,rooms,role");
  }
  const rows = isTable ? others : [head, ...others];
  const people: Person[] = [];
  const lines = new Map<FoldedName, number>();
  for (const [index, row] of rows.entries()) {
    if (row.every((cell) => cell === "")) continue;
    const line = index + (isTable ? 2 : 1);
    const cellOf = (column: Column) => row[columns.get(column) ?? -1] ?? "";
    const typed = isTable ? cellOf("name") || cellOf("displayName") : (row[0] ?? "");
    if (typed === "") throw invalid(line, "has no name", "add one, or remove the line");
    const displayed = displayNameIn(cellOf("displayName") || (isName(typed) ? "" : typed), line);
    const name = isName(typed) ? typed : proposeName(typed, new Set(lines.keys()));
    const earlier = lines.get(foldName(name));
    if (earlier !== undefined) {
      throw invalid(
        line,
        `repeats the name '${name}' of line ${earlier}`,
        "give each person a name",
      );
    }
    lines.set(foldName(name), line);
    people.push({
      name,
      displayName: displayed,
      rooms: roomsIn(cellOf("rooms"), line),
      role: roleIn(cellOf("role"), line),
    });
    if (people.length > ACCOUNTS_MAX)
      throw invalid(line, "is one person too many", "split the list");
  }
  checkDistinct(people, [...lines.values()]);
  return people;
}

/** Refuses a display name that another person on the list has, or that looks like their name. */
function checkDistinct(people: readonly Person[], lines: readonly number[]): void {
  const owners = new Map<string, number>();
  const check = (name: string, at: number, isDisplayName: boolean) => {
    for (const key of skeletonsOf(name)) {
      const owner = owners.get(key) ?? at;
      if (isDisplayName) owners.set(key, owner);
      if (owner === at) continue;
      const problem = `has the name '${name}', which is or looks like that of line ${lines[owner]}`;
      throw invalid(lines[at] ?? 0, problem, "tell them apart, for example by an initial");
    }
  };
  for (const [at, { displayName }] of people.entries())
    if (displayName !== undefined) check(displayName, at, true);
  for (const [at, { name }] of people.entries()) check(name, at, false);
}

function columnsOf(head: readonly string[]): Map<Column, number> {
  const words = head.map((cell) => cell.toLowerCase());
  const columns = Object.entries(COLUMNS) as [Column, readonly string[]][];
  return new Map(
    columns.flatMap(([column, names]) => {
      const at = words.findIndex((word) => names.includes(word));
      return at < 0 ? [] : [[column, at] as const];
    }),
  );
}

/** An empty cell keeps the display name of an account. */
function displayNameIn(cell: string, line: number): string | undefined {
  try {
    return cell === "" ? undefined : checkDisplayName(cell);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw invalid(line, `has no valid display name: ${error.message}`, error.remedy);
  }
}

function roomsIn(cell: string, line: number): Name[] {
  const words = cell.split(/[\s,;|]+/).filter((word) => word !== "");
  return words.map((word) => {
    const name = word.replace(/^#/, "");
    if (isName(name)) return name;
    throw invalid(line, `names no valid room: '${word.slice(0, 40)}'`, "separate rooms by spaces");
  });
}

function roleIn(cell: string, line: number): Role | undefined {
  if (cell === "") return undefined;
  const role = ROLES.find((word) => word === cell.toLowerCase());
  if (role !== undefined) return role;
  throw invalid(line, `has no valid role: '${cell.slice(0, 40)}'`, `use ${ROLES.join(", ")}`);
}

function invalid(line: number, problem: string, remedy: string): Fault {
  return new Fault("text-invalid", `line ${line} of the list ${problem}`, { remedy });
}

export type AccountEntry = Answer<"accounts">["accounts"][number];

export type Change =
  | { readonly kind: "create-room"; readonly room: Name }
  | { readonly kind: "create-account" | "renew-code"; readonly user: Name }
  | { readonly kind: "display-name"; readonly user: Name; readonly text: string }
  | { readonly kind: "add"; readonly user: Name; readonly room: Name }
  | {
      readonly kind: "grant";
      readonly user: Name;
      readonly on: boolean;
      /** `undefined` for the role of an operator. */
      readonly room: Name | undefined;
    };

interface ServerState {
  readonly accounts: readonly AccountEntry[];
  readonly rooms: readonly string[];
  /** User who imports, and who keeps their own roles. */
  readonly me: string | undefined;
  /** True to replace the codes of people who have never signed in. */
  readonly renews: boolean;
}

/** Returns what differs from the list, in the order in which it must change. */
export function changesFor(people: readonly Person[], state: ServerState): Change[] {
  const fold = (name: string) => foldName(name as Name);
  const known = new Map(state.accounts.map((entry) => [fold(entry.user), entry]));
  const rooms = new Set(state.rooms.map(fold));
  const newRooms: Change[] = [];
  const accounts: Change[] = [];
  const displayNames: Change[] = [];
  const members: Change[] = [];
  const roles: Change[] = [];
  for (const { name: user, displayName: text, rooms: wanted, role } of people) {
    const entry = known.get(fold(user));
    if (entry === undefined) accounts.push({ kind: "create-account", user });
    else if (state.renews && !entry.password && entry.devices === 0)
      accounts.push({ kind: "renew-code", user });
    if (text !== undefined && text !== entry?.displayName)
      displayNames.push({ kind: "display-name", user, text });
    const joined = new Set(entry?.rooms?.map(fold));
    const moderated = new Set(entry?.moderates?.map(fold));
    for (const room of wanted) {
      if (!rooms.has(fold(room))) newRooms.push({ kind: "create-room", room });
      rooms.add(fold(room));
      if (!joined.has(fold(room))) members.push({ kind: "add", user, room });
      const isModerator = moderated.has(fold(room));
      if (role !== undefined && isModerator !== (role === "moderator"))
        roles.push({ kind: "grant", user, room, on: !isModerator });
    }
    const isOperator = entry?.operator === true;
    if (role !== undefined && isOperator !== (role === "operator"))
      roles.push({ kind: "grant", user, room: undefined, on: !isOperator });
  }
  const isOwnLoss = (change: Change) =>
    change.kind === "grant" && !change.on && fold(change.user) === fold(state.me ?? "");
  const kept = roles.filter((change) => !isOwnLoss(change));
  return [...newRooms, ...accounts, ...displayNames, ...members, ...kept];
}

/** The rows of an import that would create these accounts. */
export function classListOf(accounts: readonly AccountEntry[]): string[][] {
  const roleOf = ({ operator, moderates = [] }: AccountEntry): Role => {
    if (operator) return "operator";
    return moderates.length > 0 ? "moderator" : "member";
  };
  return [
    ["name", "display name", "rooms", "role"],
    ...accounts.map((entry) => {
      // Everyone is in the lobby.
      const rooms = entry.rooms?.filter((room) => room !== LOBBY) ?? [];
      return [entry.user, entry.displayName ?? "", rooms.join(" "), roleOf(entry)];
    }),
  ];
}
