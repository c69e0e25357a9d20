/** Names of users and rooms: valid characters, case folding, and targets. */

import type { Brand } from "./brand.ts";
import { Fault, msg } from "./fault.ts";
import { NAME_CHARS_MAX } from "./limits.ts";
import { pastedText, quoteText } from "./text.ts";

export type Name = Brand<string, "Name">;
export type FoldedName = Brand<string, "FoldedName">;

const NAME = new RegExp(`^(?!\\d+$)[A-Za-z0-9_-]{1,${NAME_CHARS_MAX}}$`);

export function isName(text: string): text is Name {
  return NAME.test(text);
}

type NameKind = "name" | "room's name" | "person's name";

/** @throws {Fault} name-invalid */
export function checkName(copied: string, kind: NameKind = "name"): Name {
  const text = pastedText(copied);
  if (isName(text)) return text;
  const excerpt = text.slice(0, 40);
  const messages = {
    "room's name": msg`'${excerpt}' is not a valid room name`,
    "person's name": msg`'${excerpt}' is not a valid user name`,
    name: msg`'${excerpt}' is not a valid name`,
  };
  throw new Fault("name-invalid", messages[kind]);
}

/** Users with these names could be mistaken for the server, an operator, or all users. */
export const ROLE_NAMES = ["server", "operator", "admin", "everyone", "here"];
/** A program that uses names as object keys would find these built-in properties instead. */
const BUILT_IN = [...Object.getOwnPropertyNames(Object.prototype), "prototype"];
const TITLES = ["administrator", "system", "sistem", "chat-server", "the-operator"];
const RESERVED: ReadonlySet<string> = new Set(
  [...ROLE_NAMES, ...TITLES, ...BUILT_IN].map((name) => name.toLowerCase()),
);

/** Names that the operator may take who has the token in the data folder, for an own account. */
const OPERATOR_NAMES: ReadonlySet<string> = new Set(["admin", "administrator", "operator"]);

export function isOperatorName(name: Name): boolean {
  return OPERATOR_NAMES.has(foldName(name));
}

/** An existing account may keep a reserved name. */
export function isReservedName(name: Name): boolean {
  return RESERVED.has(foldName(name));
}

/** Digits of a group's name, which the server derives from its first members. */
const GROUP_NAME = /^group-[0-9a-f]{16}$/i;

export function groupName(digits: string): Name {
  return `group-${digits}` as Name;
}

/** Users cannot give such a name to a room. */
export function isGroupName(name: string): boolean {
  return GROUP_NAME.test(name);
}

/** Whether a target, with or without `#`, is a person, a box or a group. */
export function isPrivateTarget(target: string): boolean {
  return target.includes("@") || isGroupName(target.replace(/^#/, ""));
}

/** Fixed locale, so that all clients sort names in the same order. */
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Natural order, ignoring case: `Room2` is before `room10`, and `Room` equals `room`. */
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}

export function foldName(name: Name): FoldedName {
  return name.toLowerCase() as FoldedName;
}

export type Target =
  | { readonly kind: "room"; readonly name: Name }
  | { readonly kind: "person"; readonly name: Name };

/** Returns the room and the user of a box, whose name is `ROOM@USER`. */
export function boxNames(text: string): { readonly room: Name; readonly user: Name } | undefined {
  if (!text.includes("@")) return undefined;
  const [room = "", user = "", ...more] = text.split("@");
  return isName(room) && isName(user) && more.length === 0 ? { room, user } : undefined;
}

/**
 * Parses `lobby` or `#lobby` as a room, `homework@ana` as ana's box in it and `@ana` as a user.
 * @throws {Fault} name-invalid if the name is malformed
 */
export function parseTarget(text: string): Target {
  if (text.startsWith("@")) {
    return { kind: "person", name: checkName(text.slice(1), "person's name") };
  }
  return { kind: "room", name: parseRoom(text) };
}

/**
 * Parses the name of a room or a box, with or without its #.
 * @throws {Fault} name-invalid
 */
export function parseRoom(text: string): Name {
  const bare = pastedText(text).replace(/^#/, "");
  if (boxNames(bare) !== undefined) return bare as Name;
  if (!bare.includes("/")) return checkName(bare, "room's name");
  const [name = ""] = bare.slice(bare.lastIndexOf("/") + 1).split(/[?#]/);
  throw new Fault("name-invalid", msg`${quoteText(bare)} is an address, and no room's name`, {
    remedy: isName(name)
      ? msg`write ${name} for that room on this server`
      : msg`write the name of the room`,
  });
}

/** Refuses a former name of a room. */
export function renamedRoom(name: string, present: string): Fault {
  return new Fault("room-unknown", msg`'${name}' is now called '${present}'`, {
    remedy: msg`write ${present} if you mean this room`,
  });
}

export function formatTarget({ kind, name }: { kind: Target["kind"]; name: string }): string {
  return kind === "person" ? `@${name}` : name;
}

/** Reports whether a mention means several people: `@everyone` or `@here`. */
export function isGroupMention(name: string): boolean {
  return ["everyone", "here"].includes(name.toLowerCase());
}
