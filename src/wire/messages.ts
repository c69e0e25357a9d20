import * as v from "valibot";
import {
  DEVICE_LABEL_BYTES_MAX,
  GREP_BYTES_MAX,
  IMPORTED_NAME_BYTES_MAX,
  INVITE_PLACES_MAX,
  JOINED_ROOMS_MAX,
  KINDS_ASKED_MAX,
  MENTIONS_MAX,
  NOTE_BYTES_MAX,
  PAGE_RECORDS_MAX,
  PINS_MAX,
  PREDECESSORS_MAX,
  PREFS_ROOMS_MAX,
  PRESENCES_TOGETHER_MAX,
  PROOF_HASHES_MAX,
  PROOFS_TOGETHER_MAX,
  REACTION_BYTES_MAX,
  READERS_NAMED_MAX,
  RECORDS_TOGETHER_MAX,
  RETENTION_MS_MAX,
  RETENTION_MS_MIN,
  SAVED_MAX,
  SENTENCE_BYTES_MAX,
  SERVER_NAME_BYTES_MAX,
  TEMPLATE_BYTES_MAX,
  TEMPLATE_VALUE_BYTES_MAX,
  TEMPLATE_VALUES_MAX,
  TEXT_BYTES_MAX,
  TOPIC_BYTES_MAX,
  TYPING_NAMED_MAX,
  WELCOME_BYTES_MAX,
} from "../base/limits.ts";
import { CLUSTER_PLACES_MAX } from "../base/limits-cluster.ts";
import { PUSH_ENDPOINT_BYTES_MAX } from "../base/limits-page.ts";
import {
  bytes,
  count,
  exactBytes,
  fileId,
  HASH,
  id,
  KEY,
  moment,
  NONCE,
  name,
  places,
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

/**
 * Every message of the protocol, once: types, checks, documentation and fuzzers come from here.
 * One msgpack map a message, `kind` first. Requests carry `ref` and get exactly one `ok` or `fault`
 * with that `ref`. Names are checked by the machines, so that a bad one is the user's fault.
 */

export const VERSION = 2;

export const REF = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(0xffffffff));

/** What a post says. `re` (seq of what it answers) and `mentions` are kept as sent. */
export const postBody = v.object({
  /** Empty only with `react` or `sealed`. */
  text: text(TEXT_BYTES_MAX),
  action: v.optional(v.boolean()),
  /** One emoji or short word, said of the record `re`. */
  react: v.optional(text(REACTION_BYTES_MAX)),
  re: v.optional(positive),
  mentions: v.optional(v.pipe(v.array(name), v.maxLength(MENTIONS_MAX))),
  /** Brought from elsewhere: the author's name and the time there, as the importing user says. */
  imported: v.optional(v.object({ from: text(IMPORTED_NAME_BYTES_MAX), time: moment })),
  /** To a sealed room: then there is nothing else. */
  sealed: v.optional(sealedBody),
});

const record = v.object(recordFields);

/** Hashes of a proof, see core/log/proofs.ts. */
const path = v.pipe(v.array(HASH), v.maxLength(PROOF_HASHES_MAX));

/** A room as its reader knows it: `name`, or for a direct conversation `with`. */
const roomEntry = v.object({
  room: id,
  name: v.optional(name),
  with: v.optional(name),
  topic: v.optional(text(TOPIC_BYTES_MAX)),
  /** It can be read, and not written to. */
  closed: v.optional(v.boolean()),
  /** What is said there only its devices can read. */
  sealed: v.optional(v.boolean()),
  /** Who joins has to know its password. */
  locked: v.optional(v.boolean()),
  /** Milliseconds after which what is said there is erased; left out: it is kept. */
  keepMs: v.optional(positive),
  /** Messages to be found again, by seq. */
  pins: v.optional(v.pipe(v.array(positive), v.maxLength(PINS_MAX))),
  /** Authors see who has read what they say there. */
  receipts: v.optional(v.boolean()),
  /** Whether this account wants receipts in the conversation; both sides must. */
  receiptsWanted: v.optional(v.boolean()),
});

/** What an account has set of one room, for its own devices alone. */
const roomPrefs = {
  room: id,
  /** It calls nobody until then, Unix ms; 0: for good. */
  muted: v.optional(moment),
  favourite: v.optional(v.boolean()),
  /** Not listed until something is said behind that record. */
  hidden: v.optional(count),
  /** From that record on it counts as unread, whatever was read. */
  unread: v.optional(positive),
};

/** What a text was filled from: it has `{}` for each value. */
const translatable = v.object({
  text: text(TEMPLATE_BYTES_MAX),
  values: v.pipe(v.array(text(TEMPLATE_VALUE_BYTES_MAX)), v.maxLength(TEMPLATE_VALUES_MAX)),
});

const fault = {
  code: text(64),
  message: text(SENTENCE_BYTES_MAX),
  remedy: v.optional(text(SENTENCE_BYTES_MAX)),
  retryAfterMs: v.optional(count),
  template: v.optional(translatable),
  remedyTemplate: v.optional(translatable),
};

/** Whose wrong guesses it is: of one address, at one account, or of all at one shared secret. */
const GUESS_DELAYS = ["address", "account", "everyone"] as const;
const account = v.object({ account: id, user: name, seq: count });
const accepted = v.object({});
/** A point of P-256, uncompressed. */
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
      /** Seq of the last record that this device has seen; left out: never here before. */
      after: v.optional(count),
      /** `false`: this session is not shown as online, and is told of nothing that happens. */
      presence: v.optional(v.boolean()),
    },
    answer: account,
  },
  /** Enters with a link code: the answer comes when the other device has agreed. */
  link: {
    phase: "entering",
    isExclusive: true,
    isGuess: true,
    fields: { code: HASH, deviceKey: KEY, mac: HASH },
    answer: v.object({ user: name, key: bytes(256) }),
  },
  /** Sets a new password by the code of a `reset`, which is used by it; a log-in may follow. */
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
          /** What it called itself when it was here last, and the day of that: its begin in UTC. */
          client: v.optional(text(DEVICE_LABEL_BYTES_MAX)),
          seen: v.optional(moment),
        }),
      ),
    }),
  },
  revoke: { fields: { device: id }, answer: accepted },
  /** Waits for a device that knows the code; `link-asked` tells of it. */
  "link-offer": { fields: { code: HASH }, answer: accepted },
  /** Agrees: `key` is for the new device's eyes only. */
  "link-grant": {
    fields: { code: HASH, deviceKey: KEY, deviceCert: bytes(1024), key: bytes(256) },
    answer: accepted,
  },
  /** With what this server signs pushes (RFC 8292), and whether this device takes them. */
  "push-key": { fields: {}, answer: v.object({ key: POINT, subscribed: v.boolean() }) },
  /** Where this device takes pushes from now on, and the keys that they are encrypted for. */
  "push-subscribe": {
    fields: { endpoint: text(PUSH_ENDPOINT_BYTES_MAX), key: POINT, auth: exactBytes(16) },
    answer: accepted,
  },
  /** This device takes none any more. */
  "push-unsubscribe": { fields: {}, answer: accepted },
  ignore: { posts: 1, fields: { user: name, on: v.boolean() }, answer: accepted },
  ignored: { fields: {}, answer: v.object({ users: v.array(name) }) },
  /** What the account has set of rooms, and which messages it has saved, oldest first. */
  prefs: {
    fields: {},
    answer: v.object({
      rooms: v.pipe(v.array(v.object(roomPrefs)), v.maxLength(PREFS_ROOMS_MAX)),
      saved: v.pipe(v.array(v.object({ room: id, seq: positive })), v.maxLength(SAVED_MAX)),
    }),
  },
  /** In place of what was set of the room before. */
  "prefs-set": { fields: roomPrefs, answer: accepted },
  save: { fields: { room: id, seq: positive, on: v.boolean() }, answer: accepted },
  /** Everything of the room up to its record `n` was read. */
  read: { fields: { room: id, n: count }, answer: accepted },
  /** Something is being written to the room, or no longer. It is kept nowhere. */
  typing: { fields: { room: id, on: v.boolean() }, answer: accepted },
  edit: {
    posts: ({ text }: { readonly text: string }) => postsIn(text.length),
    fields: { seq: positive, text: text(TEXT_BYTES_MAX) },
    answer: v.object({ seq: positive }),
  },
  erase: { posts: 1, fields: { seq: positive }, answer: v.object({ seq: positive }) },
  /** The message stands in the room's list of those to be found again, or no longer. */
  pin: {
    posts: 1,
    fields: { seq: positive, on: v.boolean() },
    answer: v.object({ seq: positive }),
  },
  /** That list: the messages, and of each that was changed the last edit; oldest first. */
  pins: {
    /** `before`: the first pinned message of the page before. */
    fields: { target, before: v.optional(positive) },
    answer: v.object({ records: v.array(record), rooms: v.array(roomEntry), more: v.boolean() }),
  },
  /** Authors see who has read what they say there, or no longer. In a conversation: if both do. */
  receipts: { posts: 1, fields: { target, on: v.boolean() }, answer: v.object({ seq: positive }) },
  /** Who has read a message of one's own, of how many who could. */
  readers: {
    fields: { seq: positive },
    answer: v.object({
      readers: count,
      of: count,
      users: v.pipe(v.array(name), v.maxLength(READERS_NAMED_MAX)),
    }),
  },
  /** A part of all that an account said: one's own, or as an operator that of `user`. */
  "erase-all": {
    fields: { user: v.optional(name), after: v.optional(count) },
    answer: v.object({ erased: count, next: v.optional(positive) }),
  },
  /** Removes one's own account. */
  unregister: { fields: {}, answer: v.object({}) },
  /** How long a room keeps what is said; left out: for good. */
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
    /** `until`: Unix ms; left out: for good. `on: false` lets them speak again. */
    fields: { room: name, user: name, on: v.boolean(), until: v.optional(moment) },
    answer: v.object({ seq: positive }),
  },
  /** Makes a moderator of the room or, without one, an operator; `on: false` takes it back. */
  grant: { fields: { room: v.optional(name), user: name, on: v.boolean() }, answer: accepted },
  /** Shows the operator token of the data folder: this session may do what operators may. */
  operate: { isGuess: true, fields: { token: secret }, answer: accepted },
  /** Makes a code with which a user who lost the password can set another one, once. */
  reset: {
    role: "operator",
    /** `expires`: left out, a day from now. `signOut`: its use signs out all devices. */
    fields: { user: name, expires: v.optional(moment), signOut: v.optional(v.boolean()) },
    answer: v.object({ user: name, token: text(64), expires: moment }),
  },
  /** Signs out all devices of a user, who logs in again with the password. */
  "sign-out": { role: "operator", fields: { user: name }, answer: accepted },
  /** Gives an account or a room another name. Exactly one of `user` and `room`. */
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
  /** Makes the room read-only; `on: false` opens it again. */
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
    /** `after`: the `next` of the page before. */
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
      /** There are more: what to ask for them with. */
      next: v.optional(count),
    }),
  },
  /** Closes or opens registration; left out: only asks. */
  registration: {
    fields: { closed: v.optional(v.boolean()) },
    answer: v.object({ closed: v.boolean() }),
  },
  /**
   * A token that admits `uses` newcomers, or is for a program, which may `post` to a room, `read`
   * it, or both.
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
      /** Where others reach this server by TLS, as far as it knows; the best first. */
      places: v.optional(places(INVITE_PLACES_MAX)),
    }),
  },
  /** One's own, those of rooms that one moderates, and to operators all; paged like bans. */
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
      /** A room that is made by this is sealed, for good. */
      sealed: v.optional(v.boolean()),
    },
    answer: v.object({ room: id, name, created: v.boolean(), joined: v.boolean() }),
  },
  /** Of a sealed room with the device's signed word, by which others may remove its devices. */
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
    /** `after`: the last room of the page before. */
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
          /** Words of others that no device of the account has read; of rooms that it is in. */
          unread: v.optional(count),
        }),
      ),
      more: v.boolean(),
    }),
  },
  who: {
    /** A room, or `@NAME` for both sides of a conversation; `room` left out: every account. */
    fields: { room: v.optional(target), after: v.optional(name) },
    answer: v.object({
      users: v.array(v.object({ user: name, online: v.boolean(), role: v.string() })),
      more: v.boolean(),
    }),
  },
  /** What every member may know of an account; `rooms`: named ones that both are in. */
  whois: {
    fields: { user: name },
    answer: v.object({
      user: name,
      /** Unix ms of the registration. */
      since: moment,
      online: v.boolean(),
      role: v.string(),
      rooms: v.pipe(v.array(name), v.maxLength(JOINED_ROOMS_MAX)),
    }),
  },
  post: {
    posts: ({ body: { text, sealed } }: { readonly body: PostBody }) =>
      postsIn(Math.max(text.length, sealed?.ciphertext.length ?? 0)),
    fields: { outbox: id, counter: positive, to: target, body: postBody },
    answer: v.object({ seq: positive, n: positive, time: moment, queued: v.optional(v.boolean()) }),
  },
  /** A word for `lane`, good for one use within 30 s. */
  ticket: { fields: {}, answer: v.object({ ticket: text(64) }) },
  /**
   * On a link of its own, after `welcome`: from now on it carries one transfer at a time. The last
   * part of a download's address does as a ticket, too, for that one file.
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
      /** A room, or `@name`; left out: all that the account may read. */
      target: v.optional(target),
      from: v.optional(name),
      since: v.optional(moment),
      until: v.optional(moment),
      grep: v.optional(text(GREP_BYTES_MAX)),
      ignoreCase: v.optional(v.boolean()),
      files: v.optional(v.boolean()),
      /** Of the kinds that people read (READ_KINDS); others are passed over. */
      kinds: v.optional(v.pipe(v.array(text(32)), v.minLength(1), v.maxLength(KINDS_ASKED_MAX))),
      /** Exclusive bounds; with `after` a page starts at the oldest, else it ends at the newest. */
      after: v.optional(count),
      before: v.optional(positive),
      limit: v.pipe(positive, v.maxValue(PAGE_RECORDS_MAX)),
    },
    answer: v.object({ records: v.array(record), rooms: v.array(roomEntry), more: v.boolean() }),
  },
  /**
   * The newest signed checkpoint, and the proof that the log only grew since it had `from` records
   * (0: asks for none). A log that is shorter answers with an empty path: the client judges.
   */
  checkpoint: { fields: { from: count }, answer: v.object({ note: text(NOTE_BYTES_MAX), path }) },
  /**
   * Proofs that these records, ascending, are among the first `size`. Those that the account may
   * not read, or that are not among them, are left out.
   */
  inclusion: {
    fields: {
      size: positive,
      seqs: v.pipe(v.array(positive), v.minLength(1), v.maxLength(PROOFS_TOGETHER_MAX)),
    },
    answer: v.object({
      proofs: v.pipe(
        v.array(v.object({ seq: positive, leaf: HASH, path })),
        v.maxLength(PROOFS_TOGETHER_MAX),
      ),
    }),
  },
} as const satisfies Readonly<Record<string, RequestRow>>;

export function requestRow(kind: RequestKind): RequestRow {
  return REQUESTS[kind];
}

/** Messages without an answer. */
export const NOTICES = {
  hello: {
    versions: v.pipe(v.array(positive), v.minLength(1), v.maxLength(16)),
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
    /** Keys of this server before this one, newest first, each with its word for the next. */
    predecessors: v.optional(
      v.pipe(v.array(v.object({ key: KEY, signature: SIGNATURE })), v.maxLength(PREDECESSORS_MAX)),
    ),
    /** Which page this server gives: a page of another build is to be loaded anew. */
    build: v.optional(text(64)),
    /** `false` while the server's cluster has no majority: another of its machines may have one. */
    majority: v.optional(v.boolean()),
  },
  ok: { ref: REF },
  fault: { ref: v.optional(REF), ...fault },
  /** If the secret is wrong, the answer takes so long; asked before it is looked at. */
  "guess-delay": { waitMs: count, of: v.picklist(GUESS_DELAYS) },
  /** Before the first record of a room, and whenever what is known of it changes. */
  room: {
    ...roomEntry.entries,
    /** `n` of the next record that will be sent. */
    n: positive,
    /** Records that this device has not seen and is not sent, since they are too many. */
    skipped: count,
    /** `n` up to which some device of the account has read. */
    read: v.optional(count),
    /** Words of others between that and `n`. */
    unread: v.optional(count),
    /** May the reader moderate here? */
    moderates: v.optional(v.boolean()),
    /** Records of the past follow, while other rooms go on; told again, without this, then. */
    behind: v.optional(v.boolean()),
  },
  /** Another device of the account has read up to record `n`. */
  read: { room: id, n: count, unread: v.optional(count) },
  /** Whether the cluster has a majority: when that changes, and after a log-in without one. */
  majority: { on: v.boolean() },
  /** Where this server and the others of its cluster are: at log-in, and when it changes. */
  servers: { places: places(CLUSTER_PLACES_MAX) },
  /** All whom the account ignores: at log-in, and when that changes. */
  ignored: { users: v.array(name) },
  /** The account has set something of a room, in place of what it had set of it before. */
  "prefs-set": roomPrefs,
  /** The account has saved a message, or does not want it any more. */
  save: { room: id, seq: positive, on: v.boolean() },
  /** A device that knows the code asks to be one of this account. */
  "link-asked": { code: HASH, deviceKey: KEY, mac: HASH },
  /** The account reads this room no longer, on any of its devices. */
  "room-gone": { room: id },
  /** One or several records of one room, in order. */
  records: { records: v.pipe(v.array(record), v.minLength(1), v.maxLength(RECORDS_TOGETHER_MAX)) },
  /** All that was missed has been sent, up to this seq. */
  "caught-up": { seq: count },
  /** Accounts that came and went. */
  presences: {
    room: id,
    online: v.pipe(v.array(name), v.maxLength(PRESENCES_TOGETHER_MAX)),
    offline: v.pipe(v.array(name), v.maxLength(PRESENCES_TOGETHER_MAX)),
  },
  /** Who writes to the room now: those who began last, the reader perhaps among them. */
  typing: { room: id, users: v.pipe(v.array(name), v.maxLength(TYPING_NAMED_MAX)) },
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
