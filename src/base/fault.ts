/**
 * Who can mend it: the person, the other end of a link, or a machine (this one or the server's).
 */
export type Blame = "user" | "peer" | "host";

interface FaultRow {
  readonly blame: Blame;
  /** Exit code of a command that ends with this fault (docs/scripting.md, "Exit codes"). */
  readonly exitCode: 1 | 2 | 3 | 4 | 5 | 6 | 130;
  /** What to do, in a few words, when the thrower knows nothing better. */
  readonly remedy: string;
}

/** Every fault there is. Codes are part of the protocol and stable; wording is not. */
export const FAULTS = {
  // The person asked for something that cannot be, or may not be, done.
  usage: { blame: "user", exitCode: 2, remedy: "see chat --help" },
  "name-invalid": {
    blame: "user",
    exitCode: 2,
    remedy: "use 1 to 32 letters, digits, - or _, not only digits",
  },
  "text-invalid": { blame: "user", exitCode: 2, remedy: "send up to 65536 bytes of UTF-8" },
  "name-taken": { blame: "user", exitCode: 3, remedy: "choose another name" },
  "login-refused": { blame: "user", exitCode: 3, remedy: "check the name and the password" },
  "not-logged-in": { blame: "user", exitCode: 3, remedy: "log in first" },
  "already-logged-in": { blame: "user", exitCode: 3, remedy: "log out first: /logout" },
  "room-password-wrong": { blame: "user", exitCode: 3, remedy: "ask somebody who is in" },
  "room-unknown": { blame: "user", exitCode: 4, remedy: "list them: chat rooms, or /rooms" },
  "user-unknown": { blame: "user", exitCode: 4, remedy: "list them: chat users, or /who" },
  "file-unknown": { blame: "user", exitCode: 4, remedy: "check its id" },
  "not-found": { blame: "user", exitCode: 4, remedy: "check the name" },
  "not-member": {
    blame: "user",
    exitCode: 3,
    remedy: "join the room first: chat join --room ROOM, or /join ROOM",
  },
  "not-allowed": { blame: "user", exitCode: 3, remedy: "ask a moderator" },
  "last-credential": { blame: "user", exitCode: 3, remedy: "set a password first: chat passwd" },
  banned: { blame: "user", exitCode: 3, remedy: "ask an operator" },
  muted: { blame: "user", exitCode: 3, remedy: "ask a moderator" },
  "sealed-room": { blame: "user", exitCode: 3, remedy: "use a device that can seal" },
  "stale-epoch": { blame: "host", exitCode: 5, remedy: "try again" },
  "quota-reached": { blame: "user", exitCode: 3, remedy: "erase files you no longer need" },
  "file-changed": { blame: "user", exitCode: 1, remedy: "send it again when nothing writes to it" },
  "too-fast": { blame: "user", exitCode: 3, remedy: "wait a moment" },
  "too-large": { blame: "user", exitCode: 3, remedy: "send less at once" },
  "too-many": { blame: "user", exitCode: 3, remedy: "try again later" },
  "seal-refused": { blame: "user", exitCode: 3, remedy: "ask an admin of the room" },
  interrupted: { blame: "user", exitCode: 130, remedy: "run the same command again" },
  // The other end of a link did not keep to the protocol.
  "frame-malformed": { blame: "peer", exitCode: 5, remedy: "update the other program" },
  "kind-unknown": { blame: "peer", exitCode: 5, remedy: "update the other program" },
  "out-of-order": { blame: "peer", exitCode: 5, remedy: "update the other program" },
  "version-unsupported": { blame: "peer", exitCode: 1, remedy: "use the same version on both" },
  "fingerprint-changed": {
    blame: "peer",
    exitCode: 6,
    remedy: "ask the server's owner, then chat trust accept SERVER",
  },
  "log-rolled-back": {
    blame: "peer",
    exitCode: 6,
    remedy: "ask the server's owner, and if it is meant so, chat trust accept SERVER",
  },
  "log-forked": {
    blame: "peer",
    exitCode: 6,
    remedy: "ask the server's owner, and if it is meant so, chat trust accept SERVER",
  },
  "log-unproved": {
    blame: "peer",
    exitCode: 6,
    remedy: "ask the server's owner, and if it is meant so, chat trust accept SERVER",
  },
  "seal-broken": {
    blame: "peer",
    exitCode: 6,
    remedy: "ask the server's owner what happens there",
  },
  "clock-wrong": { blame: "peer", exitCode: 5, remedy: "set the clocks of both machines" },
  "checksum-wrong": { blame: "peer", exitCode: 6, remedy: "fetch it again" },
  "folder-malformed": { blame: "peer", exitCode: 6, remedy: "ask its sender" },
  // A machine failed: this one, the other one, or the network between them.
  unreachable: { blame: "host", exitCode: 5, remedy: "check the address and that it runs" },
  timeout: { blame: "host", exitCode: 5, remedy: "check the network and try again" },
  "link-closed": { blame: "host", exitCode: 5, remedy: "try again" },
  "shutting-down": { blame: "host", exitCode: 5, remedy: "try again when the server is back" },
  "port-taken": { blame: "host", exitCode: 1, remedy: "choose another with --port" },
  "store-full": { blame: "host", exitCode: 1, remedy: "free some space on the disk" },
  "store-failed": { blame: "host", exitCode: 1, remedy: "check the disk, then start again" },
  "store-denied": { blame: "host", exitCode: 1, remedy: "check the owner and mode of the folder" },
  "data-foreign": { blame: "host", exitCode: 1, remedy: "choose another folder with --data" },
  "data-locked": { blame: "host", exitCode: 1, remedy: "stop that process or use another --data" },
  "log-corrupt": { blame: "host", exitCode: 6, remedy: "restore a backup" },
  "log-conflict": { blame: "host", exitCode: 1, remedy: "try again" },
  "seal-state": { blame: "host", exitCode: 6, remedy: "connect, so that the room is joined anew" },
  internal: { blame: "host", exitCode: 1, remedy: "report this as a bug" },
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof FAULTS;

export interface FaultDetail {
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
  /** For faults that pass: when to try again. */
  readonly retryAfterMs?: number;
}

/** What the world did: one code, one sentence, one remedy. Our own bugs are asserts instead. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly remedy: string;
  readonly retryAfterMs: number | undefined;

  /** @param sentence what went wrong, without a full stop and without the remedy */
  constructor(code: FaultCode, sentence: string, detail: FaultDetail = {}) {
    super(sentence, detail.cause === undefined ? {} : { cause: detail.cause });
    this.code = code;
    this.remedy = detail.remedy ?? FAULTS[code].remedy;
    this.retryAfterMs = detail.retryAfterMs;
  }

  get blame(): Blame {
    return FAULTS[this.code].blame;
  }

  get exitCode(): number {
    return FAULTS[this.code].exitCode;
  }
}

/** Whether a text received from elsewhere is a code that this version knows. */
export function isFaultCode(text: string): text is FaultCode {
  return Object.hasOwn(FAULTS, text);
}
