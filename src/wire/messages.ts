/**
 * All messages of the protocol. Types, checks, documentation and fuzzers are derived from these
 * tables. A message is one msgpack map, with `kind` first. A request has a `ref` and receives
 * exactly one `ok` or `fault` with the same `ref`. The schemas do not check the characters of
 * names; the state machines report an invalid name as the user's fault.
 */

import * as v from "valibot";
import {
  DEVICE_LABEL_BYTES_MAX,
  FAULT_TEXT_BYTES_MAX,
  GREP_BYTES_MAX,
  IMPORTED_NAME_BYTES_MAX,
  INVITE_ADDRESSES_MAX,
  JOINED_ROOMS_MAX,
  MENTIONS_MAX,
  NOTE_BYTES_MAX,
  PAGE_RECORDS_MAX,
  PINS_MAX,
  PREDECESSORS_MAX,
  PREFS_ROOMS_MAX,
  PRESENCE_ACCOUNTS_MAX,
  PROOF_HASHES_MAX,
  PROOFS_PER_REQUEST_MAX,
  REACTION_BYTES_MAX,
  READERS_NAMED_MAX,
  RECORDS_PER_MESSAGE_MAX,
  RETENTION_MS_MAX,
  RETENTION_MS_MIN,
  SAVED_MAX,
  SEARCHED_KINDS_MAX,
  SERVER_NAME_BYTES_MAX,
  TEMPLATE_BYTES_MAX,
  TEMPLATE_VALUE_BYTES_MAX,
  TEMPLATE_VALUES_MAX,
  TEXT_BYTES_MAX,
  TOPIC_BYTES_MAX,
  TYPING_NAMED_MAX,
  WELCOME_BYTES_MAX,
} from "../base/limits.ts";
import { CLUSTER_ADDRESSES_MAX } from "../base/limits-cluster.ts";
import { PUSH_ENDPOINT_BYTES_MAX } from "../base/limits-page.ts";
import {
  addressList,
  bytes,
  count,
  exactBytes,
  fileId,
  HASH,
  id,
  KEY,
  list,
  NONCE,
  name,
  positive,
  postCountOf,
  type RequestRow,
  recordFields,
  SIGNATURE,
  secret,
  target,
  text,
  unixMs,
} from "./field.ts";
import { ADMIN_NOTICES, ADMIN_REQUESTS } from "./messages-admin.ts";
import { FILE_NOTICES, FILE_REQUESTS } from "./messages-files.ts";
import { SEALED_NOTICES, SEALED_REQUESTS, sealedBody } from "./messages-sealed.ts";

export const VERSION = 2;

export const REF = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(0xffffffff));

/**
 * Body of a post. The server stores `re` (the seq of the record to which the post replies) and
 * `mentions` as the client sent them.
 */
export const postBody = v.object({
  /** May be empty only with `react` or `sealed`. */
  text: text(TEXT_BYTES_MAX),
  action: v.optional(v.boolean()),
  /** Reaction to the record `re`: an emoji or a short word. */
  react: v.optional(text(REACTION_BYTES_MAX)),
  re: v.optional(positive),
  mentions: v.optional(list(name, MENTIONS_MAX)),
  /** Original author and time of an imported message, according to the importing user. */
  imported: v.optional(v.object({ from: text(IMPORTED_NAME_BYTES_MAX), time: unixMs })),
  /** Content for a sealed room. Excludes all other fields. */
  sealed: v.optional(sealedBody),
});

const record = v.object(recordFields);

/** Hashes of a proof; see core/log/proofs.ts. */
const path = list(HASH, PROOF_HASHES_MAX);

/** State of a room. A named room has `name`; a direct conversation has `with`, the other user. */
const roomEntry = v.object({
  room: id,
  name: v.optional(name),
  with: v.optional(name),
  topic: v.optional(text(TOPIC_BYTES_MAX)),
  closed: v.optional(v.boolean()),
  /** True if the room is end-to-end encrypted: only its members' devices can read it. */
  sealed: v.optional(v.boolean()),
  /** True if joining requires a password. */
  locked: v.optional(v.boolean()),
  /**
   * Time in milliseconds after which messages are erased. If omitted, they are kept permanently.
   */
  keepMs: v.optional(positive),
  /** Seqs of the pinned messages. */
  pins: v.optional(list(positive, PINS_MAX)),
  /** True if authors can see who has read their messages. */
  receipts: v.optional(v.boolean()),
  /**
   * True if this account has turned on receipts in the direct conversation. Receipts take effect
   * when both users have turned them on.
   */
  receiptsWanted: v.optional(v.boolean()),
});

/** Settings of an account for one room, visible only to the account's own devices. */
const roomPrefs = {
  room: id,
  /** Time at which muting ends, in Unix ms; 0 if the room is muted permanently. */
  muted: v.optional(unixMs),
  favourite: v.optional(v.boolean()),
  /** Seq of a record. The room is hidden until a message follows this record. */
  hidden: v.optional(count),
  /** Seq of the first record that counts as unread, regardless of the read position. */
  unread: v.optional(positive),
};

/** Template of a text with `{}` in place of each value, and the values. */
const translatable = v.object({
  text: text(TEMPLATE_BYTES_MAX),
  values: list(text(TEMPLATE_VALUE_BYTES_MAX), TEMPLATE_VALUES_MAX),
});

const fault = {
  code: text(64),
  message: text(FAULT_TEXT_BYTES_MAX),
  remedy: v.optional(text(FAULT_TEXT_BYTES_MAX)),
  retryAfterMs: v.optional(count),
  template: v.optional(translatable),
  remedyTemplate: v.optional(translatable),
};

/**
 * Cause of a delay: wrong guesses from one address, for one account, or by all clients for a shared
 * secret.
 */
const GUESS_DELAYS = ["address", "account", "everyone"] as const;
const account = v.object({ account: id, user: name, seq: count });
const accepted = v.object({});
/** Uncompressed point of the curve P-256. */
const POINT = exactBytes(65);

export const REQUESTS = {
  admit: { phase: "entering", isGuess: true, fields: { secret }, answer: accepted },
  register: {
    phase: "entering",
    nextPhase: "member",
    isExclusive: true,
    fields: {
      user: name,
      password: v.optional(secret),
      deviceKey: KEY,
      accountKey: KEY,
      deviceCert: bytes(1024),
      presence: v.optional(v.boolean()),
    },
    answer: account,
  },
  login: {
    phase: "entering",
    nextPhase: "member",
    isExclusive: true,
    isGuess: true,
    fields: {
      user: name,
      deviceKey: KEY,
      signature: v.optional(SIGNATURE),
      password: v.optional(secret),
      /** Seq of the last record that this device has received. Omitted at its first log-in. */
      after: v.optional(count),
      /** If `false`, the session does not count as online and receives no events. */
      presence: v.optional(v.boolean()),
    },
    answer: account,
  },
  /** Links a device by a link code. The server answers after the other device has agreed. */
  link: {
    phase: "entering",
    isExclusive: true,
    isGuess: true,
    fields: { code: HASH, deviceKey: KEY, mac: HASH },
    answer: v.object({ user: name, key: bytes(256) }),
  },
  /**
   * Sets a new password with the single-use code created by `reset`. A log-in may follow on the
   * same link.
   */
  recover: {
    phase: "entering",
    isGuess: true,
    fields: { token: text(64), password: secret },
    answer: v.object({ user: name }),
  },
  logout: { nextPhase: "entering", fields: { forget: v.optional(v.boolean()) }, answer: accepted },
  /** Changes the password. `current` is required if the account has a password. */
  passwd: { fields: { password: secret, current: v.optional(secret) }, answer: accepted },
  devices: {
    fields: {},
    answer: v.object({
      devices: v.array(
        v.object({
          device: id,
          since: unixMs,
          certified: v.boolean(),
          current: v.boolean(),
          online: v.boolean(),
          /**
           * Name of the client when the device was last connected, and the start of that day in
           * UTC.
           */
          client: v.optional(text(DEVICE_LABEL_BYTES_MAX)),
          seen: v.optional(unixMs),
        }),
      ),
    }),
  },
  revoke: { fields: { device: id }, answer: accepted },
  /** Waits for a device that has the code. The notice `link-asked` reports that device. */
  "link-offer": { fields: { code: HASH }, answer: accepted },
  /** Agrees to link the new device. `key` is encrypted for the new device. */
  "link-grant": {
    fields: { code: HASH, deviceKey: KEY, deviceCert: bytes(1024), key: bytes(256) },
    answer: accepted,
  },
  /**
   * Returns the key with which this server signs pushes (RFC 8292), and whether this device is
   * subscribed.
   */
  "push-key": { fields: {}, answer: v.object({ key: POINT, subscribed: v.boolean() }) },
  /** Subscribes this device to pushes, with the address and the encryption keys for them. */
  "push-subscribe": {
    fields: { endpoint: text(PUSH_ENDPOINT_BYTES_MAX), key: POINT, auth: exactBytes(16) },
    answer: accepted,
  },
  "push-unsubscribe": { fields: {}, answer: accepted },
  ignore: { postCount: 1, fields: { user: name, on: v.boolean() }, answer: accepted },
  ignored: { fields: {}, answer: v.object({ users: v.array(name) }) },
  /** Returns the account's room settings and its saved messages, oldest first. */
  prefs: {
    fields: {},
    answer: v.object({
      rooms: list(v.object(roomPrefs), PREFS_ROOMS_MAX),
      saved: list(v.object({ room: id, seq: positive }), SAVED_MAX),
    }),
  },
  "prefs-set": { fields: roomPrefs, answer: accepted },
  save: { fields: { room: id, seq: positive, on: v.boolean() }, answer: accepted },
  read: { fields: { room: id, n: count }, answer: accepted },
  /** Reports that the user is typing in the room or, with `on: false`, has stopped. Not stored. */
  typing: { fields: { room: id, on: v.boolean() }, answer: accepted },
  edit: {
    postCount: ({ text }: { readonly text: string }) => postCountOf(text.length),
    fields: { seq: positive, text: text(TEXT_BYTES_MAX) },
    answer: v.object({ seq: positive }),
  },
  erase: { postCount: 1, fields: { seq: positive }, answer: v.object({ seq: positive }) },
  pin: {
    postCount: 1,
    fields: { seq: positive, on: v.boolean() },
    answer: v.object({ seq: positive }),
  },
  /** Returns pinned messages and the last edit of each message, oldest first. */
  pins: {
    /** `before`: the first pinned message on the previous page. */
    fields: { target, before: v.optional(positive) },
    answer: v.object({ records: v.array(record), rooms: v.array(roomEntry), more: v.boolean() }),
  },
  /** Turns read receipts on or off. In a direct conversation, both users must turn them on. */
  receipts: {
    postCount: 1,
    fields: { target, on: v.boolean() },
    answer: v.object({ seq: positive }),
  },
  /**
   * Returns the users who have read the account's own message, and the number of possible readers.
   */
  readers: {
    fields: { seq: positive },
    answer: v.object({
      readers: count,
      of: count,
      users: list(name, READERS_NAMED_MAX),
    }),
  },
  /**
   * Erases one page of an account's messages: the user's own or, for operators, those of `user`.
   */
  "erase-all": {
    fields: { user: v.optional(name), after: v.optional(count) },
    answer: v.object({ erased: count, next: v.optional(positive) }),
  },
  unregister: { fields: {}, answer: v.object({}) },
  /**
   * Sets how long a room keeps messages. If the time is omitted, the room keeps them permanently.
   */
  retention: {
    role: "operator",
    fields: {
      room: name,
      keepMs: v.optional(
        v.pipe(positive, v.minValue(RETENTION_MS_MIN), v.maxValue(RETENTION_MS_MAX)),
      ),
    },
    answer: v.object({ seq: positive }),
  },
  kick: { postCount: 1, fields: { room: name, user: name }, answer: v.object({ seq: positive }) },
  mute: {
    postCount: 1,
    /** `until`: Unix ms; if omitted, the mute is permanent. `on: false` unmutes the user. */
    fields: { room: name, user: name, on: v.boolean(), until: v.optional(unixMs) },
    answer: v.object({ seq: positive }),
  },
  /**
   * Makes a user a moderator of `room` or, if `room` is omitted, an operator. `on: false` revokes
   * the role.
   */
  grant: { fields: { room: v.optional(name), user: name, on: v.boolean() }, answer: accepted },
  /**
   * Presents the operator token from the data folder. The session then has an operator's rights.
   */
  operate: { isGuess: true, fields: { token: secret }, answer: accepted },
  /**
   * Creates a single-use code with which a user who has lost the password can set a new password.
   */
  reset: {
    role: "operator",
    /**
     * `expires`: if omitted, a day from now. `signOut`: using the code also signs out all devices.
     */
    fields: { user: name, expires: v.optional(unixMs), signOut: v.optional(v.boolean()) },
    answer: v.object({ user: name, token: text(64), expires: unixMs }),
  },
  /** Signs out all devices of a user. The user can log in again with the password. */
  "sign-out": { role: "operator", fields: { user: name }, answer: accepted },
  /** Renames an account or a room. Requires exactly one of `user` and `room`. */
  rename: {
    role: "operator",
    fields: { user: v.optional(name), room: v.optional(name), to: name },
    answer: accepted,
  },
  /** Removes an account or a room. Requires exactly one of `user` and `room`. */
  remove: {
    role: "operator",
    fields: { user: v.optional(name), room: v.optional(name) },
    answer: accepted,
  },
  /** Makes a room read-only. `on: false` reopens the room. */
  close: {
    role: "operator",
    fields: { room: name, on: v.boolean() },
    answer: v.object({ seq: positive }),
  },
  ban: {
    role: "operator",
    /** Requires exactly one of `user` and `address`. */
    fields: {
      user: v.optional(name),
      address: v.optional(text(64)),
      on: v.boolean(),
      until: v.optional(unixMs),
      reason: v.optional(text(TOPIC_BYTES_MAX)),
    },
    answer: accepted,
  },
  bans: {
    role: "operator",
    /** `after`: the `next` of the previous page. */
    fields: { after: v.optional(count) },
    answer: v.object({
      bans: v.array(
        v.object({
          user: v.optional(name),
          address: v.optional(v.string()),
          until: v.optional(unixMs),
          reason: v.optional(v.string()),
        }),
      ),
      /** Cursor for the next page. Omitted on the last page. */
      next: v.optional(count),
    }),
  },
  /** Closes or opens registration. If `closed` is omitted, only returns the current state. */
  registration: {
    fields: { closed: v.optional(v.boolean()) },
    answer: v.object({ closed: v.boolean() }),
  },
  /**
   * Creates an invite for `uses` new accounts, or a token with which a program may post to a room,
   * read the room, or both.
   */
  invite: {
    fields: {
      uses: v.optional(positive),
      expires: v.optional(unixMs),
      room: v.optional(name),
      post: v.optional(name),
      read: v.optional(name),
    },
    answer: v.object({
      invite: id,
      token: v.string(),
      /**
       * Addresses at which clients can reach this server over TLS, best first; omitted if unknown.
       */
      places: v.optional(addressList(INVITE_ADDRESSES_MAX)),
    }),
  },
  /**
   * Returns the invites of the account and of the rooms that it moderates; operators receive all
   * invites. Pages work as in `bans`.
   */
  invites: {
    fields: { after: v.optional(count) },
    answer: v.object({
      invites: v.array(
        v.object({
          invite: id,
          by: v.optional(name),
          usesLeft: v.optional(count),
          expires: v.optional(unixMs),
          room: v.optional(name),
          post: v.optional(name),
          read: v.optional(name),
        }),
      ),
      next: v.optional(count),
    }),
  },
  "invite-revoke": { fields: { invite: id }, answer: accepted },
  join: {
    isGuess: true,
    postCount: 1,
    fields: {
      room: name,
      password: v.optional(secret),
      create: v.optional(v.boolean()),
      /** Creates the room as a sealed room, which it remains permanently. */
      sealed: v.optional(v.boolean()),
    },
    answer: v.object({ room: id, name, created: v.boolean(), joined: v.boolean() }),
  },
  /**
   * Leaves a room. For a sealed room, the request contains the device's signed consent to the
   * removal of the account's devices.
   */
  leave: {
    postCount: 1,
    fields: { room: name, epoch: v.optional(count), signature: v.optional(SIGNATURE) },
    answer: accepted,
  },
  topic: {
    postCount: 1,
    fields: { room: name, topic: text(TOPIC_BYTES_MAX) },
    answer: v.object({ seq: positive }),
  },
  rooms: {
    /** `after`: the last room on the previous page. */
    fields: { after: v.optional(name) },
    answer: v.object({
      rooms: v.array(
        v.object({
          room: name,
          topic: v.string(),
          members: count,
          joined: v.boolean(),
          sealed: v.boolean(),
          locked: v.boolean(),
          /**
           * Number of other users' unread messages. Set only if the account has joined the room.
           */
          unread: v.optional(count),
        }),
      ),
      more: v.boolean(),
    }),
  },
  who: {
    /**
     * `room`: a room, or `@NAME` for the two users of a direct conversation. If omitted, the answer
     * lists all accounts.
     */
    fields: { room: v.optional(target), after: v.optional(name) },
    answer: v.object({
      users: v.array(v.object({ user: name, online: v.boolean(), role: v.string() })),
      more: v.boolean(),
    }),
  },
  /**
   * Returns public data of an account, and the named rooms that the account shares with the
   * requesting user.
   */
  whois: {
    fields: { user: name },
    answer: v.object({
      user: name,
      /** Time of the registration, in Unix ms. */
      since: unixMs,
      online: v.boolean(),
      role: v.string(),
      rooms: list(name, JOINED_ROOMS_MAX),
    }),
  },
  post: {
    isLimitedByEngine: true,
    postCount: ({ body: { text, sealed } }: { readonly body: PostBody }) =>
      postCountOf(Math.max(text.length, sealed?.ciphertext.length ?? 0)),
    fields: { outbox: id, counter: positive, to: target, body: postBody },
    answer: v.object({ seq: positive, n: positive, time: unixMs, queued: v.optional(v.boolean()) }),
  },
  /** Returns a single-use ticket for `lane`, valid for 30 s. */
  ticket: { fields: {}, answer: v.object({ ticket: text(64) }) },
  /**
   * Turns a new link, after `welcome`, into a data channel, which carries one transfer at a time.
   * The last path component of a download address is also a ticket, valid only for its file.
   */
  lane: {
    phase: "entering",
    nextPhase: "lane",
    isExclusive: true,
    fields: { ticket: text(64) },
    answer: v.object({ file: v.optional(fileId) }),
  },
  ...FILE_REQUESTS,
  ...ADMIN_REQUESTS,
  ...SEALED_REQUESTS,
  history: {
    fields: {
      /** Room or `@name`. If omitted, the answer covers everything that the account may read. */
      target: v.optional(target),
      from: v.optional(name),
      since: v.optional(unixMs),
      until: v.optional(unixMs),
      grep: v.optional(text(GREP_BYTES_MAX)),
      ignoreCase: v.optional(v.boolean()),
      files: v.optional(v.boolean()),
      /** Record kinds that users read (READ_KINDS). The server ignores other kinds. */
      kinds: v.optional(list(text(32), SEARCHED_KINDS_MAX, 1)),
      /**
       * Exclusive bounds. With `after`, the page starts at the oldest record within the bounds;
       * otherwise it ends at the newest.
       */
      after: v.optional(count),
      before: v.optional(positive),
      limit: v.pipe(positive, v.maxValue(PAGE_RECORDS_MAX)),
    },
    answer: v.object({ records: v.array(record), rooms: v.array(roomEntry), more: v.boolean() }),
  },
  /**
   * Returns the newest signed checkpoint, and a proof that the log has only grown since it had
   * `from` records (0: no proof). If the log has fewer records than `from`, the path is empty and
   * the client must decide whether the server has lost data.
   */
  checkpoint: { fields: { from: count }, answer: v.object({ note: text(NOTE_BYTES_MAX), path }) },
  /**
   * Returns proofs that these records, given in ascending order, are among the first `size`
   * records. Omits records that are not among them, or that the account may not read.
   */
  inclusion: {
    fields: {
      size: positive,
      seqs: list(positive, PROOFS_PER_REQUEST_MAX, 1),
    },
    answer: v.object({
      proofs: list(v.object({ seq: positive, leaf: HASH, path }), PROOFS_PER_REQUEST_MAX),
    }),
  },
} as const satisfies Readonly<Record<string, RequestRow>>;

export function requestRow(kind: RequestKind): RequestRow {
  return REQUESTS[kind];
}

export const NOTICES = {
  hello: {
    versions: list(positive, 16, 1),
    client: text(128),
    nonce: NONCE,
  },
  welcome: {
    version: positive,
    server: v.object({ name: text(SERVER_NAME_BYTES_MAX), key: KEY }),
    nonce: NONCE,
    certificate: HASH,
    proof: SIGNATURE,
    needs: v.picklist(["password", "open"]),
    text: v.optional(text(WELCOME_BYTES_MAX)),
    limits: v.object({ messageBytes: positive, textBytes: positive }),
    /**
     * Previous keys of this server, newest first, each with its signature of the key that followed.
     */
    predecessors: v.optional(list(v.object({ key: KEY, signature: SIGNATURE }), PREDECESSORS_MAX)),
    /** Build id of the server's page. A page from another build should reload. */
    build: v.optional(text(64)),
    /**
     * `false` while this server has no connection to a majority of its cluster. Another server of
     * the cluster may have one.
     */
    majority: v.optional(v.boolean()),
  },
  ok: { ref: REF },
  fault: { ref: v.optional(REF), ...fault },
  /**
   * Delay of the answer if the secret is wrong. The server sends this notice before it checks the
   * secret.
   */
  "guess-delay": { waitMs: count, of: v.picklist(GUESS_DELAYS) },
  /**
   * Describes a room. The server sends this notice before the first record of the room and whenever
   * the room's state changes.
   */
  room: {
    ...roomEntry.entries,
    /** `n` of the first record that the server will send. */
    n: positive,
    /** Number of unread records that the server does not send because there are too many. */
    skipped: count,
    /** Read position: the highest `n` that one of the account's devices has read. */
    read: v.optional(count),
    /** Number of other users' unread messages before `n`. */
    unread: v.optional(count),
    /** True if the account may moderate this room. */
    moderates: v.optional(v.boolean()),
    /**
     * True while the server still has to send older records of this room; other rooms may already
     * be live. The server then repeats the notice without this field.
     */
    behind: v.optional(v.boolean()),
  },
  /** Reports that another device of the account has read up to record `n`. */
  read: { room: id, n: count, unread: v.optional(count) },
  /**
   * Reports whether the cluster has a majority. Sent on changes, and after a log-in without a
   * majority.
   */
  majority: { on: v.boolean() },
  /** Lists the addresses of the cluster's servers. Sent at log-in and on changes. */
  servers: { places: addressList(CLUSTER_ADDRESSES_MAX) },
  /** Lists all users that the account ignores. Sent at log-in and on changes. */
  ignored: { users: v.array(name) },
  /** Contains the account's new settings for a room, which replace the previous settings. */
  "prefs-set": roomPrefs,
  /** Reports that the account has saved or unsaved a message. */
  save: { room: id, seq: positive, on: v.boolean() },
  /** Reports that a device that knows the code requests to be linked to this account. */
  "link-asked": { code: HASH, deviceKey: KEY, mac: HASH },
  /** Reports that the account has left this room, on all its devices. */
  "room-gone": { room: id },
  /** Contains one or more records of the same room, in order. */
  records: { records: list(record, RECORDS_PER_MESSAGE_MAX, 1) },
  /** Reports that the server has sent all missed records up to this seq. */
  "caught-up": { seq: count },
  /** Reports accounts that came online or went offline. */
  presences: {
    room: id,
    online: list(name, PRESENCE_ACCOUNTS_MAX),
    offline: list(name, PRESENCE_ACCOUNTS_MAX),
  },
  /** Lists users who are typing in the room, latest first. May include the receiving user. */
  typing: { room: id, users: list(name, TYPING_NAMED_MAX) },
  ...FILE_NOTICES,
  ...ADMIN_NOTICES,
  ...SEALED_NOTICES,
  ping: {},
  pong: {},
  bye: fault,
} as const;

export type RequestKind = keyof typeof REQUESTS;
export type NoticeKind = keyof typeof NOTICES;

type Fields<Entries extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<Entries, undefined>>;
export type RequestFields<Kind extends RequestKind> = Fields<(typeof REQUESTS)[Kind]["fields"]>;
export type Answer<Kind extends RequestKind> = v.InferOutput<(typeof REQUESTS)[Kind]["answer"]>;

export type Request = {
  [Kind in RequestKind]: { readonly kind: Kind; readonly ref: number } & Readonly<
    RequestFields<Kind>
  >;
}[RequestKind];
export type RequestOf<Kind extends RequestKind> = Extract<Request, { kind: Kind }>;

export type Notice = {
  [Kind in NoticeKind]: { readonly kind: Kind } & Readonly<Fields<(typeof NOTICES)[Kind]>>;
}[NoticeKind];
export type NoticeOf<Kind extends NoticeKind> = Extract<Notice, { kind: Kind }>;

export type Message = Request | Notice;
export type PostBody = v.InferOutput<typeof postBody>;
export type WireRecord = v.InferOutput<typeof record>;
export type RoomEntry = v.InferOutput<typeof roomEntry>;
