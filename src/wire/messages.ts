/**
 * All messages of the protocol: types, checks, documentation and fuzzers are derived from this
 * table. A message is one msgpack map, `kind` first. Requests carry `ref` and get exactly one `ok`
 * or `fault` with that `ref`. The state machines check names, so that an invalid one is the user's
 * fault.
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
  moment,
  NONCE,
  name,
  positive,
  postsIn,
  type RequestRow,
  recordFields,
  SIGNATURE,
  secret,
  target,
  text,
} from "./field.ts";
import { ADMIN_NOTICES, ADMIN_REQUESTS } from "./messages-admin.ts";
import { FILE_NOTICES, FILE_REQUESTS } from "./messages-files.ts";
import { SEALED_NOTICES, SEALED_REQUESTS, sealedBody } from "./messages-sealed.ts";

export const VERSION = 2;

export const REF = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(0xffffffff));

/** Body of a post. `re` (seq of the record it answers) and `mentions` are stored as sent. */
export const postBody = v.object({
  /** Empty only with `react` or `sealed`. */
  text: text(TEXT_BYTES_MAX),
  action: v.optional(v.boolean()),
  /** An emoji or short word, as a reaction to the record `re`. */
  react: v.optional(text(REACTION_BYTES_MAX)),
  re: v.optional(positive),
  mentions: v.optional(list(name, MENTIONS_MAX)),
  /** Imported: the original author and time, as claimed by the importing user. */
  imported: v.optional(v.object({ from: text(IMPORTED_NAME_BYTES_MAX), time: moment })),
  /** For a sealed room; excludes all other fields. */
  sealed: v.optional(sealedBody),
});

const record = v.object(recordFields);

/** Hashes of a proof, see core/log/proofs.ts. */
const path = list(HASH, PROOF_HASHES_MAX);

/** A room as its reader knows it: `name`, or for a direct conversation `with`. */
const roomEntry = v.object({
  room: id,
  name: v.optional(name),
  with: v.optional(name),
  topic: v.optional(text(TOPIC_BYTES_MAX)),
  /** Read-only. */
  closed: v.optional(v.boolean()),
  /** End-to-end encrypted: only the devices of its members can read it. */
  sealed: v.optional(v.boolean()),
  /** Joining requires a password. */
  locked: v.optional(v.boolean()),
  /** Milliseconds until messages are erased; kept forever if omitted. */
  keepMs: v.optional(positive),
  /** Pinned messages, by seq. */
  pins: v.optional(list(positive, PINS_MAX)),
  /** Authors see who has read their messages. */
  receipts: v.optional(v.boolean()),
  /** This account wants receipts in the conversation; both sides must. */
  receiptsWanted: v.optional(v.boolean()),
});

/** An account's settings of one room, visible only to its own devices. */
const roomPrefs = {
  room: id,
  /** Muted until then, Unix ms; 0 for ever. */
  muted: v.optional(moment),
  favourite: v.optional(v.boolean()),
  /** Hidden until a message after that record. */
  hidden: v.optional(count),
  /** Unread from that record on, whatever was read. */
  unread: v.optional(positive),
};

/** A text's template, with `{}` for each value. */
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

/** Cause of a delay: wrong guesses of one address, at one account, or of all at a shared secret. */
const GUESS_DELAYS = ["address", "account", "everyone"] as const;
const account = v.object({ account: id, user: name, seq: count });
const accepted = v.object({});
/** An uncompressed point of P-256. */
const POINT = exactBytes(65);

export const REQUESTS = {
  admit: { phase: "entering", isGuess: true, fields: { secret }, answer: accepted },
  register: {
    phase: "entering",
    leadsTo: "member",
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
    leadsTo: "member",
    isExclusive: true,
    isGuess: true,
    fields: {
      user: name,
      deviceKey: KEY,
      signature: v.optional(SIGNATURE),
      password: v.optional(secret),
      /** Seq of the last record that this device has seen; omitted at its first log-in. */
      after: v.optional(count),
      /** `false`: the session is not visible as online, and gets no events. */
      presence: v.optional(v.boolean()),
    },
    answer: account,
  },
  /** Links a device by a link code; answered when the other device has agreed. */
  link: {
    phase: "entering",
    isExclusive: true,
    isGuess: true,
    fields: { code: HASH, deviceKey: KEY, mac: HASH },
    answer: v.object({ user: name, key: bytes(256) }),
  },
  /** Sets a new password by the single-use code of a `reset`; a log-in may follow. */
  recover: {
    phase: "entering",
    isGuess: true,
    fields: { token: text(64), password: secret },
    answer: v.object({ user: name }),
  },
  logout: { leadsTo: "entering", fields: { forget: v.optional(v.boolean()) }, answer: accepted },
  /** `current` is required of an account that has a password. */
  passwd: { fields: { password: secret, current: v.optional(secret) }, answer: accepted },
  devices: {
    fields: {},
    answer: v.object({
      devices: v.array(
        v.object({
          device: id,
          since: moment,
          certified: v.boolean(),
          current: v.boolean(),
          online: v.boolean(),
          /** Client name at its last visit, and the day of that as its start in UTC. */
          client: v.optional(text(DEVICE_LABEL_BYTES_MAX)),
          seen: v.optional(moment),
        }),
      ),
    }),
  },
  revoke: { fields: { device: id }, answer: accepted },
  /** Waits for a device that knows the code; `link-asked` reports it. */
  "link-offer": { fields: { code: HASH }, answer: accepted },
  /** Agrees to the link; `key` is encrypted for the new device. */
  "link-grant": {
    fields: { code: HASH, deviceKey: KEY, deviceCert: bytes(1024), key: bytes(256) },
    answer: accepted,
  },
  /** The key with which this server signs pushes (RFC 8292), and whether this device takes them. */
  "push-key": { fields: {}, answer: v.object({ key: POINT, subscribed: v.boolean() }) },
  /** Push address of this device, and the encryption keys of its pushes. */
  "push-subscribe": {
    fields: { endpoint: text(PUSH_ENDPOINT_BYTES_MAX), key: POINT, auth: exactBytes(16) },
    answer: accepted,
  },
  /** Ends the pushes of this device. */
  "push-unsubscribe": { fields: {}, answer: accepted },
  ignore: { posts: 1, fields: { user: name, on: v.boolean() }, answer: accepted },
  ignored: { fields: {}, answer: v.object({ users: v.array(name) }) },
  /** The account's settings of rooms, and its saved messages, oldest first. */
  prefs: {
    fields: {},
    answer: v.object({
      rooms: list(v.object(roomPrefs), PREFS_ROOMS_MAX),
      saved: list(v.object({ room: id, seq: positive }), SAVED_MAX),
    }),
  },
  /** Replaces the settings of the room. */
  "prefs-set": { fields: roomPrefs, answer: accepted },
  save: { fields: { room: id, seq: positive, on: v.boolean() }, answer: accepted },
  /** The user has read the room up to its record `n`. */
  read: { fields: { room: id, n: count }, answer: accepted },
  /** The user is typing in the room, or no longer. Not stored. */
  typing: { fields: { room: id, on: v.boolean() }, answer: accepted },
  edit: {
    posts: ({ text }: { readonly text: string }) => postsIn(text.length),
    fields: { seq: positive, text: text(TEXT_BYTES_MAX) },
    answer: v.object({ seq: positive }),
  },
  erase: { posts: 1, fields: { seq: positive }, answer: v.object({ seq: positive }) },
  /** Pins or unpins the message. */
  pin: {
    posts: 1,
    fields: { seq: positive, on: v.boolean() },
    answer: v.object({ seq: positive }),
  },
  /** Pinned messages, and the last edit of each edited one; oldest first. */
  pins: {
    /** `before`: the first pinned message of the previous page. */
    fields: { target, before: v.optional(positive) },
    answer: v.object({ records: v.array(record), rooms: v.array(roomEntry), more: v.boolean() }),
  },
  /** Turns read receipts on or off. In a conversation both users must turn them on. */
  receipts: { posts: 1, fields: { target, on: v.boolean() }, answer: v.object({ seq: positive }) },
  /** Names the readers of one's own message, and counts all possible readers. */
  readers: {
    fields: { seq: positive },
    answer: v.object({
      readers: count,
      of: count,
      users: list(name, READERS_NAMED_MAX),
    }),
  },
  /** Erases a page of an account's messages: one's own, or as an operator those of `user`. */
  "erase-all": {
    fields: { user: v.optional(name), after: v.optional(count) },
    answer: v.object({ erased: count, next: v.optional(positive) }),
  },
  /** Removes one's own account. */
  unregister: { fields: {}, answer: v.object({}) },
  /** Sets how long a room keeps messages; forever if omitted. */
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
  kick: { posts: 1, fields: { room: name, user: name }, answer: v.object({ seq: positive }) },
  mute: {
    posts: 1,
    /** `until`: Unix ms; permanent if omitted. `on: false` unmutes the user. */
    fields: { room: name, user: name, on: v.boolean(), until: v.optional(moment) },
    answer: v.object({ seq: positive }),
  },
  /** Makes a user a moderator of the room or, without one, an operator; `on: false` revokes it. */
  grant: { fields: { room: v.optional(name), user: name, on: v.boolean() }, answer: accepted },
  /**
   * Presents the operator token of the data folder: this session gets the rights of an operator.
   */
  operate: { isGuess: true, fields: { token: secret }, answer: accepted },
  /** Creates a single-use code with which a user who lost the password can set another one. */
  reset: {
    role: "operator",
    /** `expires`: a day from now if omitted. `signOut`: its use signs out all devices. */
    fields: { user: name, expires: v.optional(moment), signOut: v.optional(v.boolean()) },
    answer: v.object({ user: name, token: text(64), expires: moment }),
  },
  /** Signs out all devices of a user, who can log in again with the password. */
  "sign-out": { role: "operator", fields: { user: name }, answer: accepted },
  /** Renames an account or a room. Exactly one of `user` and `room`. */
  rename: {
    role: "operator",
    fields: { user: v.optional(name), room: v.optional(name), to: name },
    answer: accepted,
  },
  /** Removes an account or a room. Exactly one of `user` and `room`. */
  remove: {
    role: "operator",
    fields: { user: v.optional(name), room: v.optional(name) },
    answer: accepted,
  },
  /** Makes the room read-only; `on: false` reopens it. */
  close: {
    role: "operator",
    fields: { room: name, on: v.boolean() },
    answer: v.object({ seq: positive }),
  },
  ban: {
    role: "operator",
    /** Exactly one of `user` and `address`. */
    fields: {
      user: v.optional(name),
      address: v.optional(text(64)),
      on: v.boolean(),
      until: v.optional(moment),
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
          until: v.optional(moment),
          reason: v.optional(v.string()),
        }),
      ),
      /** Cursor of the next page; omitted on the last one. */
      next: v.optional(count),
    }),
  },
  /** Closes or opens registration; only reports the state if omitted. */
  registration: {
    fields: { closed: v.optional(v.boolean()) },
    answer: v.object({ closed: v.boolean() }),
  },
  /**
   * Creates an invite for `uses` new accounts, or a token for a program, which may `post` to a
   * room, `read` it, or both.
   */
  invite: {
    fields: {
      uses: v.optional(positive),
      expires: v.optional(moment),
      room: v.optional(name),
      post: v.optional(name),
      read: v.optional(name),
    },
    answer: v.object({
      invite: id,
      token: v.string(),
      /** Addresses where others reach this server by TLS, if known; the best first. */
      places: v.optional(addressList(INVITE_ADDRESSES_MAX)),
    }),
  },
  /**
   * Invites of the account, of rooms that it moderates, and for operators all; paged like bans.
   */
  invites: {
    fields: { after: v.optional(count) },
    answer: v.object({
      invites: v.array(
        v.object({
          invite: id,
          by: v.optional(name),
          usesLeft: v.optional(count),
          expires: v.optional(moment),
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
    posts: 1,
    fields: {
      room: name,
      password: v.optional(secret),
      create: v.optional(v.boolean()),
      /** Creates the room as a sealed one, permanently. */
      sealed: v.optional(v.boolean()),
    },
    answer: v.object({ room: id, name, created: v.boolean(), joined: v.boolean() }),
  },
  /**
   * For a sealed room: with the device's signed consent, by which others may remove its devices.
   */
  leave: {
    posts: 1,
    fields: { room: name, epoch: v.optional(count), signature: v.optional(SIGNATURE) },
    answer: accepted,
  },
  topic: {
    posts: 1,
    fields: { room: name, topic: text(TOPIC_BYTES_MAX) },
    answer: v.object({ seq: positive }),
  },
  rooms: {
    /** `after`: the last room of the previous page. */
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
          /** Unread messages of others, in rooms that the account has joined. */
          unread: v.optional(count),
        }),
      ),
      more: v.boolean(),
    }),
  },
  who: {
    /** A room, or `@NAME` for both users of a conversation; every account if `room` is omitted. */
    fields: { room: v.optional(target), after: v.optional(name) },
    answer: v.object({
      users: v.array(v.object({ user: name, online: v.boolean(), role: v.string() })),
      more: v.boolean(),
    }),
  },
  /** Public data of an account; `rooms`: named rooms that both have joined. */
  whois: {
    fields: { user: name },
    answer: v.object({
      user: name,
      /** Unix ms of the registration. */
      since: moment,
      online: v.boolean(),
      role: v.string(),
      rooms: list(name, JOINED_ROOMS_MAX),
    }),
  },
  post: {
    isLimitedByEngine: true,
    posts: ({ body: { text, sealed } }: { readonly body: PostBody }) =>
      postsIn(Math.max(text.length, sealed?.ciphertext.length ?? 0)),
    fields: { outbox: id, counter: positive, to: target, body: postBody },
    answer: v.object({ seq: positive, n: positive, time: moment, queued: v.optional(v.boolean()) }),
  },
  /** Single-use ticket for `lane`, valid for 30 s. */
  ticket: { fields: {}, answer: v.object({ ticket: text(64) }) },
  /**
   * Makes a new link, after `welcome`, a data channel for one transfer at a time. The last part of
   * a download's address is also a ticket, for that one file.
   */
  lane: {
    phase: "entering",
    leadsTo: "lane",
    isExclusive: true,
    fields: { ticket: text(64) },
    answer: v.object({ file: v.optional(fileId) }),
  },
  ...FILE_REQUESTS,
  ...ADMIN_REQUESTS,
  ...SEALED_REQUESTS,
  history: {
    fields: {
      /** A room, or `@name`; all that the account may read if omitted. */
      target: v.optional(target),
      from: v.optional(name),
      since: v.optional(moment),
      until: v.optional(moment),
      grep: v.optional(text(GREP_BYTES_MAX)),
      ignoreCase: v.optional(v.boolean()),
      files: v.optional(v.boolean()),
      /** Record kinds, of those that users read (READ_KINDS); others are ignored. */
      kinds: v.optional(list(text(32), SEARCHED_KINDS_MAX, 1)),
      /**
       * Exclusive bounds; with `after` a page starts at the oldest, otherwise it ends at the
       * newest.
       */
      after: v.optional(count),
      before: v.optional(positive),
      limit: v.pipe(positive, v.maxValue(PAGE_RECORDS_MAX)),
    },
    answer: v.object({ records: v.array(record), rooms: v.array(roomEntry), more: v.boolean() }),
  },
  /**
   * The newest signed checkpoint, and the proof that the log has only grown since it had `from`
   * records (0: no proof). A log that is shorter answers with an empty path: the client judges.
   */
  checkpoint: { fields: { from: count }, answer: v.object({ note: text(NOTE_BYTES_MAX), path }) },
  /**
   * Proofs that these records, ascending, are among the first `size`. Omits records that are not
   * among them or that the account may not read.
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

/** Messages without an answer. */
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
    /** Previous keys of this server, newest first, each with its signature of the next. */
    predecessors: v.optional(list(v.object({ key: KEY, signature: SIGNATURE }), PREDECESSORS_MAX)),
    /** Build of the server's page: a page of another build should reload. */
    build: v.optional(text(64)),
    /** `false` while the server's cluster has no majority: another of its servers may have one. */
    majority: v.optional(v.boolean()),
  },
  ok: { ref: REF },
  fault: { ref: v.optional(REF), ...fault },
  /** Delay of the answer if the secret is wrong; sent before the secret is checked. */
  "guess-delay": { waitMs: count, of: v.picklist(GUESS_DELAYS) },
  /** Sent before the first record of a room, and whenever its state changes. */
  room: {
    ...roomEntry.entries,
    /** `n` of the next record that will be sent. */
    n: positive,
    /** Number of unseen records that are not sent because they are too many. */
    skipped: count,
    /** `n` up to which some device of the account has read. */
    read: v.optional(count),
    /** Number of unread messages of others up to `n`. */
    unread: v.optional(count),
    /** The reader may moderate here. */
    moderates: v.optional(v.boolean()),
    /** Older records follow while other rooms continue; repeated without this field afterwards. */
    behind: v.optional(v.boolean()),
  },
  /** Another device of the account has read up to record `n`. */
  read: { room: id, n: count, unread: v.optional(count) },
  /** Whether the cluster has a majority: on changes, and after a log-in without one. */
  majority: { on: v.boolean() },
  /** Addresses of the servers of the cluster: at log-in, and on changes. */
  servers: { places: addressList(CLUSTER_ADDRESSES_MAX) },
  /** All users whom the account ignores: at log-in, and on changes. */
  ignored: { users: v.array(name) },
  /** The account's new settings of a room, replacing the previous ones. */
  "prefs-set": roomPrefs,
  /** The account has saved or unsaved a message. */
  save: { room: id, seq: positive, on: v.boolean() },
  /** A device that knows the code asks to be linked to this account. */
  "link-asked": { code: HASH, deviceKey: KEY, mac: HASH },
  /** The account has left this room, on all its devices. */
  "room-gone": { room: id },
  /** Records of the same room, in order; at least one. */
  records: { records: list(record, RECORDS_PER_MESSAGE_MAX, 1) },
  /** All missed records up to this seq have been sent. */
  "caught-up": { seq: count },
  /** Accounts that came online and went offline. */
  presences: {
    room: id,
    online: list(name, PRESENCE_ACCOUNTS_MAX),
    offline: list(name, PRESENCE_ACCOUNTS_MAX),
  },
  /** Users typing in the room: those who began last, possibly including the reader. */
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
