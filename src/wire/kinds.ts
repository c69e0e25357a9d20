/** Record kinds and their properties. */

import { unreachable } from "../base/assert.ts";
import { isCount } from "../base/values.ts";

interface KindRow {
  readonly log: "history" | "accounts";
  readonly traits?: readonly Trait[];
  /** A field of another type counts as absent. */
  readonly body: Readonly<Record<string, keyof FieldTypes>>;
}

type Trait =
  | "read"
  /** Counts as unread, can be pinned, causes pushes, and ends its author's typing indicator. */
  | "message"
  | "editable"
  | "erasable"
  | "reactable"
  /** Erased together with the account's messages, and by the room's retention. */
  | "authored"
  /** Hidden from those who ignore its author. */
  | "ignorable"
  /** May be the content of a sealed message. */
  | "sealable"
  /** Its body names the affected account. */
  | "about-account"
  /** Changes what the room's members see of its settings. */
  | "room-setting"
  /** Makes a room, or changes its name or display name. */
  | "names-room"
  /** Changes the title of a private room, which its name, topic and members make. */
  | "room-title"
  | "deferrable"
  | "decision"
  /** If an operator causes it, the history commits to the accounts log at once. */
  | "committed"
  /** The head suffices to derive the state of rooms, files and outboxes. */
  | "folded-by-head"
  /** Changes no state of its room, and conflicts with no other record of its author. */
  | "stateless"
  | "erasing"
  /**
   * Stamped like the record before it, because it may be written while no server has checked the
   * clock, for example during a restore. A cluster stamps it like others.
   */
  | "keeps-time"
  /** Stamped with the time in its body, which may be earlier than that of the record before it. */
  | "sets-time"
  /** Changes another record or nothing visible, so it has no timeline item. */
  | "itemless"
  /** A person joins or leaves: between two messages, such events share a row. */
  | "membership"
  /** Proved to every user of the server. Other records of an account are its owner's affair. */
  | "public"
  /** Its body goes to everyone who verifies it. */
  | "public-body"
  /** Changes the members of a room, or their roles. */
  | "member-change"
  /** Changes the members of a room's boxes, or what its boxes inherit. */
  | "box-change"
  /** Ends what another invited to, or who is invited. */
  | "ends-invitation"
  /** Ends the sessions of a device or password. */
  | "revoking";

export interface FieldTypes {
  /** Text that a user wrote. */
  readonly text: string;
  /** Id, key, hash, password hash, constant, or name of an account: no text of a user. */
  readonly id: string;
  readonly flag: boolean;
  readonly number: number;
  readonly count: number;
  readonly list: readonly unknown[];
  readonly pair: readonly [string, string];
  readonly pairs: readonly (readonly [string, string])[];
  /** Checked by the reader, because an invalid value has a different meaning than an absent one. */
  readonly any: unknown;
}

const MEMBERSHIP_TRAITS = [
  ...(["read", "deferrable", "folded-by-head", "membership", "room-title"] as const),
] as const;
const DECISION_TRAITS = ["read", "decision"] as const;
const AUTHORED_TRAITS = ["read", "authored", "ignorable"] as const;
const MESSAGE_TRAITS = [...AUTHORED_TRAITS, "message", "erasable"] as const;
const MESSAGE_FIELDS = {
  ...({ text: "text", re: "count", mentions: "list" } as const),
  ...({ everyone: "id", imported: "any", thread: "flag" } as const),
} as const;

export const KINDS = {
  room: {
    log: "history",
    traits: ["itemless", "names-room"],
    body: {
      ...({ name: "text", locked: "flag", sealed: "flag", direct: "pair" } as const),
      ...({ rules: "any", private: "flag", members: "list", initiator: "id" } as const),
      ...({ official: "flag" } as const),
    },
  },
  join: {
    log: "history",
    traits: [
      "member-change",
      "box-change",
      "ends-invitation",
      ...MEMBERSHIP_TRAITS,
      "about-account",
    ],
    body: { addedBy: "id" },
  },
  leave: {
    log: "history",
    traits: ["member-change", "box-change", "ends-invitation", ...MEMBERSHIP_TRAITS, "erasable"],
    body: { reason: "text" },
  },
  topic: {
    log: "history",
    traits: ["read", "erasable", "sealable", "room-title"],
    body: { topic: "text" },
  },
  text: {
    log: "history",
    traits: [...MESSAGE_TRAITS, "editable", "reactable", "sealable", "folded-by-head"],
    body: { ...MESSAGE_FIELDS, notice: "flag", stamp: "id", poll: "any" },
  },
  action: {
    log: "history",
    traits: [
      ...MESSAGE_TRAITS,
      ...(["editable", "reactable", "sealable", "folded-by-head", "stateless"] as const),
    ],
    body: MESSAGE_FIELDS,
  },
  reaction: {
    log: "history",
    traits: [
      ...AUTHORED_TRAITS,
      ...(["erasable", "sealable", "folded-by-head", "itemless", "stateless"] as const),
    ],
    body: { react: "text", re: "count", imported: "any" },
  },
  edit: {
    log: "history",
    traits: [...AUTHORED_TRAITS, "sealable", "itemless"],
    body: { seq: "number", text: "text", mentions: "list" },
  },
  erase: {
    log: "history",
    traits: ["erasing", "itemless"],
    body: { seq: "count", of: "count", also: "list", files: "list" },
  },
  kick: {
    log: "history",
    traits: [
      "member-change",
      "box-change",
      "ends-invitation",
      ...DECISION_TRAITS,
      "erasable",
      "about-account",
      "membership",
      "room-title",
    ],
    body: { user: "id", name: "id", removed: "flag", reason: "text" },
  },
  mute: {
    log: "history",
    traits: ["member-change", ...DECISION_TRAITS, "about-account"],
    body: { user: "id", name: "id", on: "flag", until: "number" },
  },
  admission: {
    log: "history",
    traits: ["read", "about-account"],
    body: { user: "id", name: "id", on: "flag", operator: "flag" },
  },
  grant: {
    log: "history",
    traits: ["member-change", "box-change", ...DECISION_TRAITS, "about-account"],
    body: { user: "id", name: "id", on: "flag" },
  },
  file: {
    log: "history",
    traits: [...MESSAGE_TRAITS, "editable", "reactable", "sealable"],
    body: { ...MESSAGE_FIELDS, files: "list" },
  },
  rename: {
    log: "history",
    traits: [...DECISION_TRAITS, "erasable", "room-title", "names-room"],
    body: { was: "text", name: "text", user: "any" },
  },
  close: {
    log: "history",
    traits: ["box-change", ...DECISION_TRAITS, "room-setting"],
    body: { on: "flag" },
  },
  remove: {
    log: "history",
    traits: ["box-change", "ends-invitation", "decision"],
    body: { vacant: "flag" },
  },
  retention: {
    log: "history",
    traits: ["box-change", ...DECISION_TRAITS],
    body: { keepMs: "number" },
  },
  pin: { log: "history", traits: ["read"], body: { seq: "count", on: "flag" } },
  receipts: { log: "history", traits: ["read", "room-setting"], body: { on: "flag" } },
  hand: {
    log: "history",
    traits: ["read", "ignorable", "about-account"],
    body: { user: "id", name: "id", on: "flag", call: "flag" },
  },
  poll: {
    log: "history",
    traits: ["read", "ignorable", "itemless"],
    body: { seq: "count", on: "flag", key: "id" },
  },
  vote: {
    log: "history",
    traits: [...AUTHORED_TRAITS, "erasable", "deferrable", "itemless"],
    body: { re: "count", choices: "list", ballot: "id", hidden: "flag", voter: "id" },
  },
  knock: {
    log: "history",
    traits: ["read", "about-account"],
    body: { user: "id", name: "id", on: "flag" },
  },
  rules: {
    log: "history",
    traits: [...DECISION_TRAITS, "room-setting"],
    body: {
      ...({ post: "id", topic: "id", slow: "count", join: "id", everyone: "id" } as const),
      ...({ newcomers: "flag", boxes: "id", due: "count", changed: "list" } as const),
    },
  },
  wall: {
    log: "history",
    traits: ["itemless"],
    body: {
      on: "flag",
      scene: "id",
      names: "id",
      line: "text",
      lengthMs: "count",
      until: "count",
      leftMs: "count",
      round: "list",
      turn: "count",
    },
  },
  profile: {
    log: "history",
    traits: ["read", "erasable", "room-setting", "names-room"],
    body: { title: "text", mark: "text", chalk: "count" },
  },
  group: {
    log: "history",
    traits: ["member-change", "ends-invitation", "read"],
    body: {
      ...({ group: "id", epoch: "number", commitId: "id", device: "id" } as const),
      ...({ commit: "id", welcome: "id", info: "id", instead: "number" } as const),
      ...({ added: "pairs", removed: "pairs" } as const),
    },
  },
  sealed: {
    log: "history",
    traits: [...MESSAGE_TRAITS, "folded-by-head"],
    body: { epoch: "number", ciphertext: "id", files: "list" },
  },
  checkpoint: { log: "history", traits: ["keeps-time"], body: { note: "text" } },
  fork: { log: "history", traits: ["keeps-time"], body: { from: "id", keptSize: "count" } },
  clock: { log: "history", traits: ["sets-time"], body: { to: "count" } },
  account: {
    log: "accounts",
    traits: ["public-body", "public"],
    body: {
      ...({ name: "text", accountKey: "id", device: "id" } as const),
      ...({ cert: "id", lost: "flag", password: "id" } as const),
    },
  },
  "account-name": {
    log: "accounts",
    traits: ["public-body", "committed", "public"],
    body: { name: "text" },
  },
  "display-name": { log: "accounts", traits: ["committed"], body: { text: "text" } },
  "external-id": { log: "accounts", traits: ["committed"], body: { value: "id" } },
  "account-gone": {
    log: "accounts",
    traits: ["erasing", "committed", "public"],
    body: { replaces: "count", also: "list" },
  },
  device: {
    log: "accounts",
    traits: ["public-body", "public"],
    body: { device: "id", cert: "id" },
  },
  "device-gone": {
    log: "accounts",
    traits: ["revoking", "public-body", "public"],
    body: { device: "id" },
  },
  password: {
    log: "accounts",
    traits: ["revoking", "erasing"],
    body: { password: "id", replaces: "count" },
  },
  reset: {
    log: "accounts",
    traits: ["committed"],
    body: { hash: "id", expires: "number", signsOut: "flag" },
  },
  avatar: { log: "accounts", body: { picture: "text" } },
  "avatar-gone": { log: "accounts", traits: ["erasing"], body: { also: "list" } },
  "irc-password": { log: "accounts", traits: ["committed"], body: { hash: "id", label: "text" } },
  "irc-password-gone": { log: "accounts", traits: ["revoking", "erasing"], body: { also: "list" } },
  "room-password": { log: "accounts", body: { password: "id" } },
  ban: {
    log: "accounts",
    traits: ["committed"],
    body: { on: "flag", address: "id", until: "number", reason: "text" },
  },
  bot: { log: "accounts", body: { on: "flag" } },
  role: { log: "accounts", traits: ["committed"], body: { operator: "flag" } },
  registration: { log: "accounts", traits: ["committed"], body: { closed: "flag" } },
  "server-rules": {
    log: "accounts",
    traits: ["committed"],
    body: { direct: "id", rooms: "id", files: "id" },
  },
  announcement: { log: "accounts", body: { text: "text" } },
  "server-clock": { log: "accounts", traits: ["sets-time"], body: { to: "count" } },
  invite: {
    log: "accounts",
    body: {
      ...({ hash: "id", uses: "number", expires: "number", room: "id" } as const),
      ...({ post: "id", read: "id", operator: "flag" } as const),
    },
  },
  "invite-used": { log: "accounts", body: {} },
  "invite-gone": { log: "accounts", body: {} },
  ignore: { log: "accounts", body: { user: "id", on: "flag" } },
  prefs: {
    log: "accounts",
    body: {
      ...({ room: "id", muted: "count", favourite: "flag", hidden: "count" } as const),
      ...({ unread: "count", notify: "id", seq: "any", on: "flag", all: "any" } as const),
      ...({ status: "text", statusUntil: "number", keywords: "list" } as const),
      ...({ unreadFirst: "flag", thread: "count", read: "count" } as const),
    },
  },
  "prefs-erase": { log: "accounts", traits: ["erasing"], body: { also: "list" } },
  identity: {
    log: "accounts",
    traits: ["keeps-time"],
    body: { old: "id", new: "id", signature: "id" },
  },
} as const satisfies Readonly<Record<string, KindRow>>;

export type RecordKind = keyof typeof KINDS;
export type LogName = KindRow["log"];

export type KindIn<Log extends LogName> = {
  [K in RecordKind]: (typeof KINDS)[K]["log"] extends Log ? K : never;
}[RecordKind];

export type KindWith<T extends Trait> = {
  [K in RecordKind]: (typeof KINDS)[K] extends { readonly traits: readonly (infer Traits)[] }
    ? T extends Traits
      ? K
      : never
    : never;
}[RecordKind];

type FieldsOf<K extends RecordKind> = (typeof KINDS)[K]["body"];
type TextKind = {
  [K in RecordKind]: "text" extends FieldsOf<K>[keyof FieldsOf<K>] ? K : never;
}[RecordKind];

/**
 * How the texts of the other kinds end, or why they stay. The type requires a row for each kind
 * with a text that the request `erase` does not accept.
 *
 * @internal
 */
export const LASTING_TEXTS: Readonly<Record<Exclude<TextKind, KindWith<"erasable">>, string>> = {
  room: "the name finds the room; an operator can rename it, and proofs of later records need it",
  edit: "erased together with its message",
  checkpoint: "a note of the operator, which no user sees",
  wall: "a moderator's line for a screen in the room, replaced by the next; nobody reads old ones",
  account: "the name stays reserved, so that nobody is mistaken for its former owner",
  "account-name": "the name stays reserved, so that nobody is mistaken for its former owner",
  "display-name": "only the newest is shown; earlier ones prove which name the account had",
  "irc-password": "the label is erased when the password is revoked",
  avatar: "erased when the account replaces or removes the picture",
  ban: "a decision of an operator, shown only to operators and the banned",
  announcement: "an operator's text, replaced by the next; only the newest is shown",
  prefs: "erased when the account replaces or removes the status or keyword",
};

type FieldName<K extends RecordKind> = K extends K ? keyof FieldsOf<K> : never;
type TypeName<K extends RecordKind, F> = K extends K
  ? F extends keyof FieldsOf<K>
    ? FieldsOf<K>[F] & keyof FieldTypes
    : never
  : never;

/** For a union of kinds, the body has the fields of all of them. */
export type Body<K extends RecordKind> = {
  readonly [F in FieldName<K>]?: FieldTypes[TypeName<K, F>];
};

export const RECORD_KINDS: ReadonlySet<RecordKind> = /* @__PURE__ */ new Set(
  Object.keys(KINDS) as RecordKind[],
);
const KINDS_WITH = /* @__PURE__ */ kindsByTrait();
export const READ_KINDS = /* @__PURE__ */ kindsWith("read");
export const IGNORABLE_KINDS: ReadonlySet<string> = /* @__PURE__ */ kindsWith("ignorable");
/** Messages as readers see them. A sealed message has one of these kinds when it is opened. */
export const OPEN_MESSAGE_KINDS = /* @__PURE__ */ kindsWith("message", "sealable");
/** Changes of other records, which readers see there. */
export const CHANGE_KINDS = /* @__PURE__ */ kindsWith("read", "itemless");
export const MESSAGE_KINDS: ReadonlySet<string> = /* @__PURE__ */ kindsWith("message");
export const ITEMLESS_KINDS: ReadonlySet<string> = /* @__PURE__ */ kindsWith("itemless");

export function hasTrait<T extends Trait>(kind: RecordKind, trait: T): kind is KindWith<T> {
  return kindsWith(trait).has(kind);
}

/** Returns the kinds that have all of these traits. */
export function kindsWith(trait: Trait, ...others: readonly Trait[]): ReadonlySet<RecordKind> {
  const found = KINDS_WITH.get(trait) ?? new Set();
  if (others.length === 0) return found;
  return new Set([...found].filter((kind) => others.every((other) => hasTrait(kind, other))));
}

function kindsByTrait(): ReadonlyMap<Trait, ReadonlySet<RecordKind>> {
  const found = new Map<Trait, Set<RecordKind>>();
  for (const kind of RECORD_KINDS) {
    const { traits = [] }: KindRow = KINDS[kind];
    for (const trait of traits) found.set(trait, (found.get(trait) ?? new Set()).add(kind));
  }
  return found;
}

/** Reports whether the record is an operator's act on another account or on the server. */
export function isOperatorAct(head: { kind: RecordKind; room: string; by: string }): boolean {
  return hasTrait(head.kind, "committed") && head.by !== head.room && head.by !== "server";
}

export function isKnownKind(kind: string): kind is RecordKind {
  return (RECORD_KINDS as ReadonlySet<string>).has(kind);
}

export function isOfLog<Log extends LogName>(kind: RecordKind, log: Log): kind is KindIn<Log> {
  return KINDS[kind].log === log;
}

export function fieldsOf<K extends RecordKind>(
  kind: K,
  body: Readonly<Record<string, unknown>>,
): Body<K> {
  const fields: Record<string, unknown> = {};
  const types: KindRow["body"] = KINDS[kind].body;
  for (const name in types) {
    const [value, type] = [body[name], types[name]];
    if (value !== undefined && type && isOfType(value, type)) fields[name] = value;
  }
  return fields as Body<K>;
}

function isOfType(value: unknown, type: keyof FieldTypes): boolean {
  switch (type) {
    case "text":
    case "id":
      return typeof value === "string";
    case "flag":
      return typeof value === "boolean";
    case "number":
      return typeof value === "number";
    case "count":
      return isCount(value);
    case "list":
      return Array.isArray(value);
    case "pair":
      return isPair(value);
    case "pairs":
      return Array.isArray(value) && value.every(isPair);
    case "any":
      return true;
    default:
      return unreachable(type);
  }
}

function isPair(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length === 2 && value.every((item) => typeof item === "string")
  );
}
