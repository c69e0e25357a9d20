/**
 * Version that introduced each record kind, request and field, and what programs without it do. The
 * types require a row for everything that the released versions (released.ts) lack.
 */

import type { KINDS, RecordKind } from "./kinds.ts";
import type { PostBody, RequestFields, RequestKind } from "./messages.ts";
import type { Draft } from "./record.ts";
import type { POST_BODY_0_2_0, RECORDS_0_2_0, REQUESTS_0_2_0 } from "./released.ts";

/** Versions that introduced kinds or fields of records, oldest first. */
export const VERSIONS = ["0.2.0", "0.3.0"] as const;
export type Version = (typeof VERSIONS)[number];

/** Newest version whose records this program knows. */
export const KNOWN_VERSION: Version = "0.3.0";

/**
 * Behaviour of a program that does not know a kind or a field. A field that restricts access has
 * `server: "stops"`.
 */
export interface Since {
  readonly since: Version;
  /**
   * `skipped`: skips it as the server asks, because it would show a line for each. `plain`: shows
   * the record as if the field were absent. `unsent`: does not receive it.
   */
  readonly client: "skipped" | "plain" | "unsent";
  /**
   * `stops`: opens no data folder with it, and stops at it in the stream of a cluster. A cluster
   * records it only when all servers know it. `ignores`: works as if the field were absent.
   */
  readonly server: "stops" | "ignores";
}

const SKIPPED = { since: "0.3.0", client: "skipped", server: "stops" } as const;
const UNSENT = { since: "0.3.0", client: "unsent", server: "stops" } as const;
const PLAIN = { since: "0.3.0", client: "plain", server: "ignores" } as const;
const RESTRICTING = { since: "0.3.0", client: "plain", server: "stops" } as const;
const UNSENT_FIELD = { since: "0.3.0", client: "unsent", server: "ignores" } as const;

/** @internal */
export const KINDS_SINCE: Readonly<Record<NewKind, Since>> = {
  admission: SKIPPED,
  hand: SKIPPED,
  poll: SKIPPED,
  vote: SKIPPED,
  knock: SKIPPED,
  rules: SKIPPED,
  clock: UNSENT,
  "display-name": UNSENT,
  avatar: UNSENT,
  "avatar-gone": UNSENT,
  "irc-password": UNSENT,
  "irc-password-gone": UNSENT,
  bot: UNSENT,
  "server-rules": UNSENT,
  "server-clock": UNSENT,
};

/** @internal */
export const FIELDS_SINCE: NewFields = {
  room: {
    rules: RESTRICTING,
    private: RESTRICTING,
    members: RESTRICTING,
    initiator: PLAIN,
    official: PLAIN,
  },
  join: { addedBy: PLAIN },
  leave: { reason: PLAIN },
  text: { everyone: PLAIN, thread: RESTRICTING, notice: PLAIN, poll: RESTRICTING },
  action: { everyone: PLAIN, thread: RESTRICTING },
  edit: { mentions: PLAIN },
  kick: { reason: PLAIN },
  file: { preview: PLAIN, details: PLAIN, re: PLAIN, thread: RESTRICTING },
  prefs: {
    notify: UNSENT_FIELD,
    status: UNSENT_FIELD,
    statusUntil: UNSENT_FIELD,
    keywords: UNSENT_FIELD,
    unreadFirst: UNSENT_FIELD,
    thread: UNSENT_FIELD,
    read: UNSENT_FIELD,
  },
};

/** Servers without a request answer it with `kind-unknown`. */
export const REQUESTS_SINCE: Readonly<Record<NewRequest, Version>> = {
  "code-ask": "0.3.0",
  "code-offer": "0.3.0",
  "code-reply": "0.3.0",
  "code-withdraw": "0.3.0",
  "device-add": "0.3.0",
  "irc-password": "0.3.0",
  "irc-passwords": "0.3.0",
  "irc-password-revoke": "0.3.0",
  "avatar-set": "0.3.0",
  avatar: "0.3.0",
  avatars: "0.3.0",
  "display-name": "0.3.0",
  "display-names": "0.3.0",
  bot: "0.3.0",
  follow: "0.3.0",
  hand: "0.3.0",
  poll: "0.3.0",
  vote: "0.3.0",
  knock: "0.3.0",
  rules: "0.3.0",
  "all-groups": "0.3.0",
  "remove-groups": "0.3.0",
  handed: "0.3.0",
  collect: "0.3.0",
  "invite-user": "0.3.0",
  "recover-user": "0.3.0",
  enrol: "0.3.0",
  conversation: "0.3.0",
  add: "0.3.0",
  "server-rules": "0.3.0",
  addresses: "0.3.0",
  uploads: "0.3.0",
  "send-small": "0.3.0",
  "fetch-small": "0.3.0",
  clock: "0.3.0",
};

/** Servers without a field of a request ignore it. */
export const REQUEST_FIELDS_SINCE: NewRequestFields = {
  "prefs-set": {
    notify: "0.3.0",
    status: "0.3.0",
    statusUntil: "0.3.0",
    keywords: "0.3.0",
    unreadFirst: "0.3.0",
  },
  erase: { also: "0.3.0" },
  join: { assignment: "0.3.0", topic: "0.3.0" },
  kick: { reason: "0.3.0" },
  leave: { reason: "0.3.0" },
  offer: { details: "0.3.0", preview: "0.3.0", keep: "0.3.0", re: "0.3.0", thread: "0.3.0" },
  finish: { preview: "0.3.0", re: "0.3.0", thread: "0.3.0" },
  fetch: { prefix: "0.3.0" },
  accounts: { memberships: "0.3.0" },
  "all-files": { unfinished: "0.3.0" },
  "all-rooms": { former: "0.3.0" },
  reset: { code: "0.3.0" },
  "key-packages": { time: "0.3.0" },
  "key-package": { except: "0.3.0", time: "0.3.0" },
  history: { re: "0.3.0" },
  checkpoint: { accounts: "0.3.0", own: "0.3.0", person: "0.3.0" },
};

export const POST_BODY_SINCE: Readonly<Record<NewPostField, Version>> = {
  notice: "0.3.0",
  thread: "0.3.0",
  everyone: "0.3.0",
  poll: "0.3.0",
};

type Released = typeof RECORDS_0_2_0;
type ReleasedRequests = typeof REQUESTS_0_2_0;

type NewKind = Exclude<RecordKind, keyof Released>;
type NewField<K extends keyof Released> = Exclude<
  keyof (typeof KINDS)[K]["body"],
  Released[K][number]
>;
type NewFields = {
  readonly [K in keyof Released as NewField<K> extends never ? never : K]: Readonly<
    Record<NewField<K>, Since>
  >;
};
type NewRequest = Exclude<RequestKind, keyof ReleasedRequests>;
type KeptRequest = keyof ReleasedRequests & RequestKind;
type NewRequestField<K extends KeptRequest> = Exclude<
  keyof RequestFields<K>,
  ReleasedRequests[K][number]
>;
type NewRequestFields = {
  readonly [K in KeptRequest as NewRequestField<K> extends never ? never : K]: Readonly<
    Record<NewRequestField<K>, Version>
  >;
};
type NewPostField = Exclude<keyof PostBody, (typeof POST_BODY_0_2_0)[number]>;

/** First version whose servers may record the draft. */
export function versionOf({ kind, body }: Pick<Draft, "kind" | "body">): Version {
  const row = Object.hasOwn(KINDS_SINCE, kind) ? KINDS_SINCE[kind as NewKind] : undefined;
  if (row !== undefined) return row.since;
  const fields: Readonly<Record<string, Since>> | undefined = Object.hasOwn(FIELDS_SINCE, kind)
    ? FIELDS_SINCE[kind as keyof NewFields]
    : undefined;
  if (fields === undefined || typeof body !== "object" || body === null) return VERSIONS[0];
  let version: Version = VERSIONS[0];
  for (const name in fields) {
    const field = fields[name];
    if (field?.server !== "stops" || !Object.hasOwn(body, name)) continue;
    version = newerOf(version, field.since);
  }
  return version;
}

export function newerOf(a: Version, b: Version): Version {
  return VERSIONS.indexOf(a) < VERSIONS.indexOf(b) ? b : a;
}

/** `undefined` for a version that this program does not know. */
export function knownVersion(value: unknown): Version | undefined {
  return VERSIONS.find((version) => version === value);
}

/**
 * Newest version whose records another program knows, as it announced. Version 0.2.0 announces
 * nothing, and later programs also know what this one knows.
 */
export function announcedVersion(knows: unknown): Version {
  if (typeof knows !== "string") return VERSIONS[0];
  return knownVersion(knows) ?? KNOWN_VERSION;
}

/** Reports whether a program that knows the records of `version` knows the kind. */
export function isKnownIn(version: Version, kind: RecordKind): boolean {
  return newerOf(version, versionOf({ kind, body: undefined })) === version;
}
