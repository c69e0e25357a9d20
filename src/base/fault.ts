/** Errors with a stable code, a message and a remedy. */

import { AssertionFailure } from "./assert.ts";

/** Party that can fix the fault: the user, the peer of a link, or the machine and its network. */
export type Blame = "user" | "peer" | "host";

/**
 * How far a fault of one download reaches, when several files are downloaded. `file`: only this
 * file. `disk`: all files, unless the destination still stores other files. Otherwise, all files.
 */
export type FaultScope = "file" | "disk";

interface FaultRow {
  readonly blame: Blame;
  readonly exitCode: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 130;
  readonly remedy: Translatable;
  readonly scope: FaultScope | undefined;
}

type Row = readonly [
  exitCode: FaultRow["exitCode"],
  remedy: string | Translatable,
  scope?: FaultScope,
];

function blamedOn<Code extends string>(
  blame: Blame,
  rows: Readonly<Record<Code, Row>>,
): Record<Code, FaultRow> {
  const codes = Object.entries<Row>(rows);
  const faults = codes.map(([code, [exitCode, remedy, scope]]) => {
    return [code, { blame, exitCode, remedy: translatable(remedy), scope }];
  });
  return Object.fromEntries(faults) as Record<Code, FaultRow>;
}

const ACCEPT_CHANGE =
  "ask the server's owner, and if the change is intended, run chat trust accept SERVER";

/** Codes are stable and part of the protocol; messages may change. */
export const FAULTS = {
  ...blamedOn("user", {
    usage: [2, "see chat --help"],
    "name-invalid": [2, "use 1 to 32 letters, digits, - or _, not only digits"],
    "text-invalid": [2, "check the text"],
    "name-taken": [3, "choose another name"],
    "login-refused": [3, "check the name and the password"],
    "not-logged-in": [3, "log in first"],
    "already-logged-in": [3, msg`log out first: ${"/logout"}`],
    "code-unknown": [4, "check the code, or ask the sender to share again"],
    "code-wrong": [3, "ask the sender to share again"],
    "room-password-wrong": [3, "ask a member for the password"],
    "approval-needed": [3, msg`ask its moderators: ${"/join ROOM"}`],
    "room-unknown": [4, msg`see the rooms: ${"chat rooms, or /rooms"}`, "file"],
    "user-unknown": [4, msg`see the people: ${"chat users, or /who"}`],
    "file-unknown": [4, "it may have expired or been deleted", "file"],
    "not-found": [4, "check the name or number"],
    "not-member": [3, msg`join the room first: ${"chat join --room ROOM, or /join ROOM"}`, "file"],
    "not-allowed": [3, "ask a moderator", "file"],
    "last-credential": [3, msg`set a password first: ${"chat passwd"}`],
    "last-moderator": [3, msg`first make somebody else a moderator: ${"/grant NAME"}`],
    banned: [3, "ask an operator"],
    muted: [3, "ask a moderator"],
    "sealed-room": [3, "use a device that supports encryption"],
    "quota-reached": [3, "delete files that you no longer need"],
    "history-limit": [3, "try again tomorrow"],
    "texts-limit": [3, "try again tomorrow"],
    "file-changed": [1, "close programs that write to it, then send it again", "file"],
    "too-fast": [3, "wait a moment, then try again"],
    "too-large": [3, "make it smaller, or send it in parts", "file"],
    "too-many": [3, "try again later", "file"],
    "seal-refused": [3, "ask a room admin", "file"],
    "admin-pending": [3, "wait for an admin of the room to connect", "file"],
    incomplete: [7, "see the skipped entries"],
    interrupted: [130, "run the same command again"],
  }),
  ...blamedOn("peer", {
    "frame-malformed": [5, "update chat on both machines", "file"],
    "kind-unknown": [5, "update chat on both machines"],
    "out-of-order": [5, "update chat on both machines"],
    "version-unsupported": [1, "use the same version of chat on both machines"],
    "fingerprint-changed": [6, "ask the server's owner, then run chat trust accept SERVER"],
    "log-rolled-back": [6, ACCEPT_CHANGE],
    "log-forked": [6, ACCEPT_CHANGE],
    "log-unproved": [6, ACCEPT_CHANGE],
    "seal-broken": [6, "contact the server's owner", "file"],
    "clock-wrong": [5, "check the clocks of both machines"],
    "checksum-wrong": [6, "download it again", "file"],
    "release-untrusted": [6, "download it again from a source that you trust"],
    "folder-malformed": [6, "ask the sender to send it again", "file"],
  }),
  ...blamedOn("host", {
    "stale-epoch": [5, "try again"],
    unreachable: [5, "check the address and that the server is running"],
    timeout: [5, "check the network and try again"],
    "link-closed": [5, "try again"],
    "shutting-down": [5, "try again when the server is back"],
    "port-taken": [1, "choose another port with --port"],
    "store-full": [1, "free up disk space", "disk"],
    "store-failed": [1, "check the disk, then restart chat", "disk"],
    "store-denied": [1, "check the folder's owner and permissions", "disk"],
    "data-foreign": [1, "choose another folder with --data", "disk"],
    "data-locked": [1, "stop that process, or choose another folder with --data"],
    "log-corrupt": [6, "restore a backup"],
    "log-conflict": [1, "try again"],
    "no-majority": [5, "try again when more servers are online"],
    "cluster-diverged": [
      6,
      "stop this server, run chat cluster rejoin DIR on its data folder, and start it again",
    ],
    "seal-state": [6, "run chat join to rejoin the room"],
    internal: [1, "report this as a bug"],
  }),
};

export type FaultCode = keyof typeof FAULTS;

export interface Translatable {
  readonly text: string;
  /** Text with `{}` in place of each value; key in the translation tables. */
  readonly template: string;
  readonly values: readonly string[];
}

export interface FaultDetail {
  readonly remedy?: string | Translatable | undefined;
  readonly cause?: unknown;
  readonly retryAfterMs?: number | undefined;
}

/** Error with an external cause. A bug is an AssertionFailure instead. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly remedy: string;
  readonly retryAfterMs: number | undefined;
  readonly translatable: { readonly message?: Translatable; readonly remedy?: Translatable };

  constructor(
    readonly code: FaultCode,
    message: string | Translatable,
    detail: FaultDetail = {},
  ) {
    const { remedy = FAULTS[code].remedy, cause, retryAfterMs } = detail;
    super(textOf(message), cause === undefined ? {} : { cause });
    this.remedy = textOf(remedy);
    this.retryAfterMs = retryAfterMs;
    this.translatable = {
      message: typeof message === "string" ? undefined : message,
      remedy: typeof remedy === "string" ? undefined : remedy,
    };
  }

  get blame(): Blame {
    return FAULTS[this.code].blame;
  }

  get exitCode(): number {
    return FAULTS[this.code].exitCode;
  }

  get scope(): FaultScope | undefined {
    return FAULTS[this.code].scope;
  }
}

/**
 * Returns the fault with which a task ends. An error of another type, probably caused by hostile
 * data that a check has missed, ends only the task that has read them.
 * @throws {AssertionFailure} a broken invariant, with which the program must not continue
 */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof AssertionFailure) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  return new Fault("internal", msg`unexpected error: ${reason}`, { cause: error });
}

/**
 * For `promise.catch`: the promise then resolves to `undefined` after a Fault. Other errors must
 * not pass unnoticed.
 */
export function ignoreFault(error: unknown): undefined {
  if (!(error instanceof Fault)) throw error;
}

/** @returns `undefined` if `act` throws a Fault */
export function unlessFault<Value>(act: () => Value): Value | undefined {
  try {
    return act();
  } catch (error) {
    return ignoreFault(error);
  }
}

export function isFaultCode(text: string): text is FaultCode {
  return Object.hasOwn(FAULTS, text);
}

type Value = string | number | bigint | null | undefined;

/**
 * Template tag for a translatable text: ``msg`there is no room ${room}` ``. Commands in a remedy
 * are values, because each interface has its own words for them: ``msg`list them: ${"/files"}` ``.
 */
export function msg(parts: TemplateStringsArray, ...inserted: readonly Value[]): Translatable {
  const values = inserted.map(String);
  return { text: String.raw({ raw: parts }, ...values), template: parts.join("{}"), values };
}

export function fixedText(text: string): Translatable {
  return { text, template: text, values: [] };
}

function translatable(text: string | Translatable): Translatable {
  return typeof text === "string" ? fixedText(text) : text;
}

function textOf(text: string | Translatable): string {
  return typeof text === "string" ? text : text.text;
}

export function placeholderCount(template: string): number {
  return template.split("{}").length - 1;
}

export function fillTemplate(template: string, values: readonly string[]): string {
  return String.raw({ raw: template.split("{}") }, ...values);
}
