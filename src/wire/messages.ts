/**
 * All messages of the protocol, the source for types, checks, documentation and fuzzers. A message
 * is one msgpack map, with `kind` first. A request has a `ref` and receives exactly one `ok` or
 * `fault` with that `ref`. State machines check the characters of names, so that an invalid name is
 * the user's fault.
 */

import * as v from "valibot";
import {
  CALLS_LISTED_MAX,
  CODE_MESSAGE_BYTES_MAX,
  CODE_NUMBER_MAX,
  DEVICE_LABEL_BYTES_MAX,
  DISPLAY_NAME_BYTES_MAX,
  DISPLAY_NAMES_ASKED_MAX,
  EDITS_PER_RECORD_MAX,
  EXTERNAL_ID_BYTES_MAX,
  FAULT_TEXT_BYTES_MAX,
  FILE_NAME_BYTES_MAX,
  FILES_PER_POST_MAX,
  FOLLOWS_MAX,
  FORMER_NAMES_SENT_MAX,
  GREP_BYTES_MAX,
  GROUP_MEMBERS_MAX,
  GROUP_NAMES_MAX,
  HANDED_NAMES_MAX,
  HANDS_MAX,
  IMPORTED_NAME_BYTES_MAX,
  INVITE_ADDRESSES_MAX,
  IRC_PASSWORDS_PER_ACCOUNT_MAX,
  JOINED_ROOMS_MAX,
  KEYWORD_BYTES_MAX,
  KEYWORDS_MAX,
  KNOCKS_MAX,
  MENTIONS_MAX,
  NOTE_BYTES_MAX,
  PAGE_RECORDS_MAX,
  PINS_MAX,
  POLL_OPTIONS_MAX,
  PREDECESSORS_MAX,
  PREFS_ROOMS_MAX,
  PRESENCE_ACCOUNTS_MAX,
  PROOF_HASHES_MAX,
  PROOFS_PER_REQUEST_MAX,
  PROXY_CERTIFICATES_MAX,
  REACTION_BYTES_MAX,
  READ_CALLS_PER_ACCOUNT_MAX,
  READERS_NAMED_MAX,
  RECORDS_PER_MESSAGE_MAX,
  RETENTION_MS_MAX,
  RETENTION_MS_MIN,
  SAVED_MAX,
  SEARCHED_KINDS_MAX,
  SEARCHED_WORDS_MAX,
  SERVER_NAME_BYTES_MAX,
  STATUS_BYTES_MAX,
  TEMPLATE_BYTES_MAX,
  TEMPLATE_VALUE_BYTES_MAX,
  TEMPLATE_VALUES_MAX,
  TEXT_BYTES_MAX,
  TOPIC_BYTES_MAX,
  TYPING_NAMED_MAX,
  UNREAD_AUTHORS_MAX,
  UNREAD_LISTED_MAX,
  UNREAD_MODERATORS_MAX,
  WELCOME_BYTES_MAX,
} from "../base/limits.ts";
import { CLUSTER_ADDRESSES_MAX } from "../base/limits-cluster.ts";
import {
  AVATAR_BYTES_MAX,
  AVATARS_ASKED_MAX,
  PUSH_ENDPOINT_BYTES_MAX,
} from "../base/limits-page.ts";
import {
  addressList,
  bytes,
  count,
  exactBytes,
  faceFields,
  fileId,
  HASH,
  id,
  KEY,
  list,
  NONCE,
  name,
  positive,
  postCountOf,
  postCountOfText,
  type RequestRow,
  recordFields,
  roomFace,
  roomRules,
  SIGNATURE,
  secret,
  serverRules,
  target,
  text,
  unixMs,
  wallChange,
  wallState,
} from "./field.ts";
import type { KINDS, KindWith } from "./kinds.ts";
import { ADMIN_NOTICES, ADMIN_REQUESTS } from "./messages-admin.ts";
import { attachedFile, FILE_NOTICES, FILE_REQUESTS } from "./messages-files.ts";
import { SEALED_NOTICES, SEALED_REQUESTS, sealedBody } from "./messages-sealed.ts";

export const WIRE_VERSION = 3;

export const REF = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(0xffffffff));

/** Stamps on work, which readers show as a picture and a word. The first two end the work. */
export const STAMPS = ["seen", "well-done", "fix", "again"] as const;
export type Stamp = (typeof STAMPS)[number];

/** The server stores `re` (the seq of the record that the post answers) and `mentions` as sent. */
export const postBody = v.object({
  /** Empty only with `react`, `sealed` or `files`. */
  text: text(TEXT_BYTES_MAX),
  action: v.optional(v.boolean()),
  /** Only for plain texts. Readers are not alerted and programs must not answer. */
  notice: v.optional(v.boolean()),
  react: v.optional(text(REACTION_BYTES_MAX)),
  re: v.optional(positive),
  /** Shown only in the thread of `re`. */
  thread: v.optional(v.boolean()),
  mentions: v.optional(list(name, MENTIONS_MAX)),
  /** Mentions all members, or those who are online. */
  everyone: v.optional(v.picklist(["all", "here"])),
  imported: v.optional(v.object({ from: text(IMPORTED_NAME_BYTES_MAX), time: unixMs })),
  /** Excludes all other fields but `files`. */
  sealed: v.optional(sealedBody),
  /** Complete uploads of the author, which the record lists in this order. */
  files: v.optional(list(attachedFile, FILES_PER_POST_MAX, 1)),
  /** The text is a moderator's stamp on the work of a box. */
  stamp: v.optional(v.picklist(STAMPS)),
  /** The text is a poll, and its last lines are the options. */
  poll: v.optional(
    v.object({
      options: v.pipe(count, v.minValue(2), v.maxValue(POLL_OPTIONS_MAX)),
      many: v.optional(v.boolean()),
      anonymous: v.optional(v.boolean()),
      until: v.optional(unixMs),
      /** Hides the results until one's own vote, or until the poll ends. */
      hide: v.optional(v.picklist(["vote", "end"])),
    }),
  ),
  /** Somebody has typed the target, so that a former name of a room is refused. */
  typed: v.optional(v.boolean()),
});

const record = v.object(recordFields);

const path = list(HASH, PROOF_HASHES_MAX);
const accountRecords = {
  n: count,
  records: list(v.object({ ...recordFields, path }), PROOFS_PER_REQUEST_MAX),
};
const codeNumber = v.pipe(positive, v.maxValue(CODE_NUMBER_MAX));
const codeMessage = bytes(CODE_MESSAGE_BYTES_MAX);

/**
 * `name` of a named room, or ROOM@USER of a box; `with`, the other user, in a direct conversation.
 */
const roomEntry = v.object({
  room: id,
  name: v.optional(target),
  with: v.optional(name),
  /** Former values of `name` or `with` that still resolve, the newest last. */
  was: v.optional(list(target, FORMER_NAMES_SENT_MAX)),
  /** Display name of a named room, or of the assignment room of a box. */
  title: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
  face: v.optional(roomFace),
  topic: v.optional(text(TOPIC_BYTES_MAX)),
  /** The other members of a private room, which has no name of its own but a topic as its title. */
  people: v.optional(list(name, GROUP_NAMES_MAX)),
  /** User who began the group, if somebody else. */
  begunBy: v.optional(name),
  closed: v.optional(v.boolean()),
  sealed: v.optional(v.boolean()),
  locked: v.optional(v.boolean()),
  /** Retention in milliseconds; permanent if omitted. */
  keepMs: v.optional(positive),
  pins: v.optional(list(positive, PINS_MAX)),
  /** Members whose hands are raised, the first one first. */
  hands: v.optional(list(name, HANDS_MAX)),
  /** Member whom a moderator has called on, until one of them ends the call, or a message of it. */
  called: v.optional(name),
  /** Moderator who called on `called`. */
  caller: v.optional(name),
  /** Time of the call in Unix ms. */
  calledUnixMs: v.optional(positive),
  rules: v.optional(roomRules),
  receipts: v.optional(v.boolean()),
  /** Receipts in a direct conversation take effect when both users want them. */
  receiptsWanted: v.optional(v.boolean()),
});

const unreadMessage = v.object({ seq: positive, n: positive });
/** The newest ones, the oldest first. */
const unreadMessages = list(unreadMessage, UNREAD_LISTED_MAX);

/** Reasons for which an unread message calls an account, the strongest first. */
export const CALL_REASONS = ["mention", "reply", "thread", "everyone", "keyword"] as const;
export type CallReason = (typeof CALL_REASONS)[number];

export const NOTIFY_LEVELS = ["all", "mentions"] as const;

const status = {
  status: v.optional(text(STATUS_BYTES_MAX)),
  /** End in Unix ms. */
  statusUntil: v.optional(unixMs),
};

const roomPrefs = {
  room: id,
  /** End of the mute in Unix ms; 0 if permanent. */
  muted: v.optional(unixMs),
  favourite: v.optional(v.boolean()),
  /** Seq of a record. The room stays hidden until a message after this record. */
  hidden: v.optional(count),
  /** Seq of the first unread record, regardless of the read position. */
  unread: v.optional(positive),
  notify: v.optional(v.picklist(NOTIFY_LEVELS)),
  /** Only for `everywhere`. */
  ...status,
  /** Only for `everywhere`: words that notify the account like a mention. */
  keywords: v.optional(list(text(KEYWORD_BYTES_MAX), KEYWORDS_MAX)),
  /** Only for `everywhere`: whether lists begin with the rooms with unread messages. */
  unreadFirst: v.optional(v.boolean()),
};

/** `seq` is the root of a thread, and `read` the seq of the newest reply that the user has read. */
const follow = { room: id, seq: positive, on: v.boolean(), read: count };

/** `unread`: replies of others after `read`; `last`: seq of the newest reply. */
const countedFollow = { ...follow, unread: v.optional(count), last: v.optional(count) };

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

/** Wrong guesses from an address, for an account, or by all clients for a shared secret. */
const GUESS_DELAYS = ["address", "account", "everyone"] as const;
const account = v.object({
  account: id,
  user: name,
  seq: count,
  /** Whether the account has a password. Servers before 0.4 do not say. */
  hasPassword: v.optional(v.boolean()),
});
const accepted = v.object({});
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
      /** Typed in place of a name, from which the client has derived `user`. */
      displayName: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
      /** Seq of the last record that this device has received; omitted at its first log-in. */
      after: v.optional(count),
      presence: v.optional(v.boolean()),
    },
    answer: account,
  },
  /**
   * Sends a message of the exchange of a short code to the client that offers the number. The
   * answer is that client's reply, which the server does not understand.
   */
  "code-ask": {
    phase: "entering",
    isExclusive: true,
    isGuess: true,
    fields: { number: codeNumber, message: codeMessage },
    answer: v.object({ message: codeMessage }),
  },
  /** Returns the user whose password the code from `reset` sets. */
  "recover-user": {
    phase: "entering",
    isGuess: true,
    fields: { token: text(64) },
    answer: v.object({ user: name, displayName: v.optional(text(DISPLAY_NAME_BYTES_MAX)) }),
  },
  /** Sets a new password with the code from `reset`. A log-in may follow on the same link. */
  recover: {
    phase: "entering",
    isGuess: true,
    fields: { token: text(64), password: secret },
    answer: v.object({ user: name }),
  },
  /**
   * `forget` removes this device from the account; `evenLast` also if nobody can log in to the
   * account afterwards.
   */
  logout: {
    nextPhase: "entering",
    fields: { forget: v.optional(v.boolean()), evenLast: v.optional(v.boolean()) },
    answer: accepted,
  },
  /** `current` is required if the account has a password. */
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
          /** Client's name at its last connection. `seen` is the start of that day in UTC. */
          client: v.optional(text(DEVICE_LABEL_BYTES_MAX)),
          seen: v.optional(unixMs),
        }),
      ),
    }),
  },
  revoke: { fields: { device: id }, answer: accepted },
  /**
   * Without `user`, the requests for IRC passwords refer to the sender's own account. `id` is not
   * called `seq`, because clients take the seq of an answer for a position in the history.
   */
  "irc-password": {
    postCount: 1,
    fields: { user: v.optional(name), label: v.optional(text(DEVICE_LABEL_BYTES_MAX)) },
    answer: v.object({ user: name, id: positive, password: text(64) }),
  },
  "irc-passwords": {
    fields: { user: v.optional(name) },
    answer: v.object({
      user: name,
      passwords: list(
        v.object({
          id: positive,
          label: v.optional(text(DEVICE_LABEL_BYTES_MAX)),
          since: unixMs,
          online: v.boolean(),
        }),
        IRC_PASSWORDS_PER_ACCOUNT_MAX,
      ),
      /** Listener for IRC clients on other machines. */
      tls: v.optional(v.object({ port: positive, certificate: HASH })),
    }),
  },
  "irc-password-revoke": {
    postCount: 1,
    fields: { user: v.optional(name), id: positive },
    answer: accepted,
  },
  /** Without `picture`, removes the avatar. Operators may remove the avatar of another `user`. */
  "avatar-set": {
    postCount: 1,
    fields: { user: v.optional(name), picture: v.optional(bytes(AVATAR_BYTES_MAX)) },
    answer: accepted,
  },
  /** Declares whether a program uses the account. */
  bot: { postCount: 1, fields: { on: v.boolean() }, answer: accepted },
  /** Omits users who have no avatar. */
  avatars: {
    fields: { users: list(name, AVATARS_ASKED_MAX) },
    answer: v.object({
      avatars: list(v.object({ user: name, version: positive }), AVATARS_ASKED_MAX),
    }),
  },
  avatar: {
    fields: { user: name },
    answer: v.object({
      version: v.optional(positive),
      picture: v.optional(bytes(AVATAR_BYTES_MAX)),
    }),
  },
  /**
   * Sets the display name, or removes it if `text` is empty, and returns it as stored. Operators
   * may name another `user`.
   */
  "display-name": {
    postCount: 1,
    fields: { user: v.optional(name), text: text(DISPLAY_NAME_BYTES_MAX) },
    answer: v.object({ text: text(DISPLAY_NAME_BYTES_MAX) }),
  },
  /** Omits users who have no display name. */
  "display-names": {
    fields: { users: list(name, DISPLAY_NAMES_ASKED_MAX) },
    answer: v.object({
      names: list(
        v.object({ user: name, text: text(DISPLAY_NAME_BYTES_MAX) }),
        DISPLAY_NAMES_ASKED_MAX,
      ),
    }),
  },
  /** Adds a device that has the account key's certificate. */
  "device-add": { fields: { deviceKey: KEY, deviceCert: bytes(1024) }, answer: accepted },
  /** Reserves the number of a short code while the link is open. Any free number if omitted. */
  "code-offer": {
    fields: { number: v.optional(codeNumber) },
    answer: v.object({ number: codeNumber }),
  },
  "code-withdraw": { fields: {}, answer: accepted },
  /** Answers `code-asked`. Without a message, the code was wrong, and the offer ends. */
  "code-reply": {
    fields: { exchange: positive, message: v.optional(codeMessage) },
    answer: accepted,
  },
  "push-key": { fields: {}, answer: v.object({ key: POINT, subscribed: v.boolean() }) },
  "push-subscribe": {
    fields: { endpoint: text(PUSH_ENDPOINT_BYTES_MAX), key: POINT, auth: exactBytes(16) },
    answer: accepted,
  },
  "push-unsubscribe": { fields: {}, answer: accepted },
  ignore: { postCount: 1, fields: { user: name, on: v.boolean() }, answer: accepted },
  ignored: { fields: {}, answer: v.object({ users: v.array(name) }) },
  prefs: {
    fields: {},
    answer: v.object({
      rooms: list(v.object(roomPrefs), PREFS_ROOMS_MAX),
      saved: list(v.object({ room: id, seq: positive }), SAVED_MAX),
      follows: v.optional(list(v.object(countedFollow), FOLLOWS_MAX)),
    }),
  },
  "prefs-set": { fields: roomPrefs, answer: accepted },
  save: { fields: { room: id, seq: positive, on: v.boolean() }, answer: accepted },
  follow: { fields: follow, answer: accepted },
  /** `calls`: `n` of messages beyond `n` that call the account and were read, too. */
  read: {
    fields: { room: id, n: count, calls: v.optional(list(positive, CALLS_LISTED_MAX)) },
    answer: accepted,
  },
  typing: { fields: { room: id, on: v.boolean() }, answer: accepted },
  edit: {
    postCount: ({ text }: { readonly text: string }) => postCountOfText(text),
    fields: { seq: positive, text: text(TEXT_BYTES_MAX) },
    answer: v.object({ seq: positive }),
  },
  /**
   * `also`: edits of the message in a sealed room, which the server cannot find itself. `files`:
   * erases only these files of the message, or the message if it then has neither files nor text.
   */
  erase: {
    postCount: 1,
    fields: {
      seq: positive,
      also: v.optional(list(positive, EDITS_PER_RECORD_MAX)),
      files: v.optional(list(fileId, FILES_PER_POST_MAX, 1)),
    },
    answer: v.object({ seq: positive }),
  },
  pin: {
    postCount: 1,
    fields: { seq: positive, on: v.boolean() },
    answer: v.object({ seq: positive }),
  },
  pins: {
    fields: { target, before: v.optional(positive) },
    answer: v.object({ records: v.array(record), rooms: v.array(roomEntry), more: v.boolean() }),
  },
  /**
   * Raises or lowers a hand. `user` is someone else, whose hand only moderators may lower. `call`:
   * the moderator lowers it to call on the user.
   */
  hand: {
    postCount: 1,
    fields: { room: name, on: v.boolean(), user: v.optional(name), call: v.optional(v.boolean()) },
    answer: v.object({ seq: positive }),
  },
  /**
   * Shows the room on walls, or changes the given fields of what they show. `on: false` takes it
   * down. For moderators.
   */
  wall: {
    postCount: 1,
    fields: { room: name, ...wallChange },
    answer: v.object({ seq: positive }),
  },
  /** Ends a poll. A post begins it. */
  poll: { postCount: 1, fields: { seq: positive }, answer: v.object({ seq: positive }) },
  vote: {
    postCount: 1,
    fields: { seq: positive, choices: list(positive, POLL_OPTIONS_MAX) },
    answer: v.object({ seq: positive }),
  },
  /** Asks to join a room, or withdraws that. `user`: a moderator declines their request. */
  knock: {
    postCount: 1,
    fields: { room: name, on: v.boolean(), user: v.optional(name) },
    answer: v.object({ seq: positive }),
  },
  /**
   * Changes the given rules, and returns all. `slow: 0` turns slow mode off. `password` becomes the
   * room's password.
   */
  rules: {
    postCount: 1,
    fields: { room: name, ...roomRules.entries, password: v.optional(secret) },
    answer: v.object({ rules: roomRules, seq: v.optional(positive) }),
  },
  receipts: {
    postCount: 1,
    fields: { target, on: v.boolean() },
    answer: v.object({ seq: positive }),
  },
  /**
   * Lists the members of an assignment room who are no moderators, those invited to it, and the
   * owners of its boxes. For moderators.
   */
  handed: {
    /** `user`: only this person. */
    fields: { room: name, after: v.optional(name), user: v.optional(name) },
    answer: v.object({
      users: list(
        v.object({
          user: name,
          /** Messages that the user has posted, with files, and files that are not erased. */
          messages: count,
          files: count,
          /** Names of the last files; omitted if there are none. */
          names: v.optional(list(text(FILE_NAME_BYTES_MAX), HANDED_NAMES_MAX)),
          /** Unix ms of the first and the last message; omitted if the user has posted none. */
          first: v.optional(unixMs),
          at: v.optional(unixMs),
          /** A moderator has answered the newest work; `done` if its stamp ends the work. */
          reply: v.optional(v.picklist(["answered", "done"])),
          /** The last stamp on the newest work. */
          stamp: v.optional(v.picklist(STAMPS)),
          /** The user has left the room. */
          left: v.optional(v.boolean()),
          /** The user was invited, and has not joined yet. */
          invited: v.optional(v.boolean()),
        }),
        PAGE_RECORDS_MAX,
      ),
      /** Unix ms when the work is due. */
      due: v.optional(unixMs),
      more: v.boolean(),
    }),
  },
  readers: {
    fields: { seq: positive },
    answer: v.object({
      readers: count,
      /** Number of members other than the author. */
      of: count,
      users: list(name, READERS_NAMED_MAX),
    }),
  },
  "erase-all": {
    fields: { user: v.optional(name), after: v.optional(count) },
    answer: v.object({ erased: count, next: v.optional(positive) }),
  },
  unregister: { fields: {}, answer: v.object({}) },
  /** Without a time, the room keeps messages permanently. */
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
  kick: {
    postCount: 1,
    fields: {
      room: name,
      user: name,
      reason: v.optional(text(TOPIC_BYTES_MAX)),
      evenLast: v.optional(v.boolean()),
    },
    answer: v.object({ seq: positive }),
  },
  /** Lets an account join once without the room's password. Adds the account to a private room. */
  "invite-user": {
    postCount: 1,
    fields: { room: name, user: name },
    answer: v.object({ seq: positive }),
  },
  mute: {
    postCount: 1,
    /** `until`: Unix ms; permanent if omitted. `on: false` unmutes the user. */
    fields: { room: name, user: name, on: v.boolean(), until: v.optional(unixMs) },
    answer: v.object({ seq: positive }),
  },
  /**
   * Without `room`, makes the user an operator instead of a moderator. `on: false` revokes the
   * role.
   */
  grant: { fields: { room: v.optional(name), user: name, on: v.boolean() }, answer: accepted },
  /** Grants the session an operator's rights by the token in the data folder. */
  operate: { isGuess: true, fields: { token: secret }, answer: accepted },
  /**
   * Creates a single-use code with which a user who has lost the password can set a new one.
   * `code`: a new code of the client, which has stored it.
   */
  reset: {
    role: "operator",
    /** `expires`: a day from now if omitted. `signOut`: using the code signs out all devices. */
    fields: {
      user: name,
      expires: v.optional(unixMs),
      signOut: v.optional(v.boolean()),
      code: v.optional(text(64)),
    },
    answer: v.object({ user: name, token: text(64), expires: unixMs }),
  },
  /**
   * Creates an account without a password, its display name and its reset code. Other fields: as
   * for `reset`.
   */
  enrol: {
    role: "operator",
    fields: {
      user: name,
      expires: v.optional(unixMs),
      code: v.optional(text(64)),
      displayName: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
      externalId: v.optional(text(EXTERNAL_ID_BYTES_MAX)),
    },
    answer: v.object({ user: name, token: text(64), expires: unixMs }),
  },
  /** Sets the id that another system, such as the school's, gives the user; empty removes it. */
  "external-id": {
    role: "operator",
    fields: { user: name, value: text(EXTERNAL_ID_BYTES_MAX) },
    answer: accepted,
  },
  /** Finds or creates the private room of these people and the sender. */
  conversation: {
    postCount: 1,
    fields: { users: list(name, GROUP_MEMBERS_MAX) },
    answer: v.object({ room: id, name, created: v.boolean() }),
  },
  /** Makes someone a member of a room. */
  add: {
    role: "operator",
    fields: { room: name, user: name },
    answer: v.object({ room: id, name, created: v.boolean(), joined: v.boolean() }),
  },
  "sign-out": { role: "operator", fields: { user: name }, answer: accepted },
  /**
   * Requires exactly one of `user` and `room`. `quiet` erases the notices in the user's rooms, so
   * that the former name is not visible there.
   */
  rename: {
    role: "operator",
    fields: {
      user: v.optional(name),
      room: v.optional(name),
      to: name,
      /**
       * New display name of the room; an empty one removes it. If omitted, a display name that
       * only spells the old name differently follows the new name.
       */
      title: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
      quiet: v.optional(v.boolean()),
    },
    /** `title`: of the renamed room. */
    answer: v.object({ title: v.optional(text(DISPLAY_NAME_BYTES_MAX)) }),
  },
  /**
   * Requires exactly one of `user` and `room`. `evenLast`, also of `kick` and `ban`: also if a room
   * with a rule about posts remains without a moderator.
   */
  remove: {
    role: "operator",
    fields: { user: v.optional(name), room: v.optional(name), evenLast: v.optional(v.boolean()) },
    answer: accepted,
  },
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
      evenLast: v.optional(v.boolean()),
    },
    answer: accepted,
  },
  bans: {
    role: "operator",
    needsAccount: false,
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
      next: v.optional(count),
    }),
  },
  registration: {
    needsAccount: false,
    fields: { closed: v.optional(v.boolean()) },
    answer: v.object({ closed: v.boolean() }),
  },
  /** Changes the given rules, and returns all. */
  "server-rules": {
    needsAccount: false,
    fields: serverRules.entries,
    answer: v.object({ rules: serverRules }),
  },
  /**
   * Creates an invite for `uses` new accounts, or a token with which a program may read a room or
   * post to it.
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
      places: v.optional(addressList(INVITE_ADDRESSES_MAX)),
    }),
  },
  /** Addresses for links to this server. */
  addresses: { fields: {}, answer: v.object({ places: addressList(INVITE_ADDRESSES_MAX) }) },
  /**
   * Returns the invites of the account and of the rooms that it moderates. Operators receive all
   * invites.
   */
  invites: {
    needsAccount: false,
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
      /** With `create`: the request creates a room even if an existing one had the name before. */
      reusesName: v.optional(v.boolean()),
      sealed: v.optional(v.boolean()),
      /** The room is an assignment room, or becomes one. The request is refused if it cannot. */
      assignment: v.optional(v.boolean()),
      /** Topic of the room that the request creates. Refused if the room exists. */
      topic: v.optional(text(TOPIC_BYTES_MAX)),
      /** Display name of the room that the request creates. Refused if the room exists. */
      title: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
    },
    answer: v.object({
      room: id,
      name,
      created: v.boolean(),
      joined: v.boolean(),
      /** The request named a password, but the room existed, and is not locked by one. */
      unlocked: v.optional(v.boolean()),
    }),
  },
  /** In a sealed room, requires the device's signed consent to remove the account's devices. */
  leave: {
    postCount: 1,
    fields: {
      room: name,
      epoch: v.optional(count),
      signature: v.optional(SIGNATURE),
      reason: v.optional(text(TOPIC_BYTES_MAX)),
    },
    answer: accepted,
  },
  topic: {
    postCount: 1,
    fields: { room: name, topic: text(TOPIC_BYTES_MAX) },
    answer: v.object({ seq: positive }),
  },
  /** Changes how a room is displayed. Omitted fields stay. */
  profile: {
    postCount: 1,
    fields: {
      room: name,
      /** Display name; an empty one removes it. */
      title: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
      ...faceFields,
    },
    /** `seq`: of the record; omitted if nothing changed. */
    answer: v.object({
      title: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
      face: v.optional(roomFace),
      seq: v.optional(positive),
    }),
  },
  rooms: {
    fields: { after: v.optional(name) },
    answer: v.object({
      rooms: v.array(
        v.object({
          room: name,
          title: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
          face: v.optional(roomFace),
          topic: v.string(),
          members: count,
          joined: v.boolean(),
          sealed: v.boolean(),
          locked: v.boolean(),
          /** True if a moderator must approve new members. */
          approval: v.optional(v.boolean()),
          unread: v.optional(count),
        }),
      ),
      more: v.boolean(),
    }),
  },
  /**
   * Lists the rooms and followed threads that have something unread. `after`: id of the room after
   * which the list continues.
   */
  inbox: {
    fields: { after: v.optional(id) },
    answer: v.object({
      rooms: v.array(
        v.object({
          ...roomEntry.entries,
          /** A call on a raised hand counts as a call, but is no message. */
          unread: count,
          calls: count,
          /** Seqs of the first unread message, and of the last one. */
          first: v.optional(positive),
          last: v.optional(positive),
          muted: v.optional(v.boolean()),
        }),
      ),
      /** The newest calls, the oldest first. `root` is that of the thread that a message is in. */
      calls: list(
        v.object({
          room: id,
          seq: positive,
          reason: v.picklist(CALL_REASONS),
          root: v.optional(positive),
        }),
        CALLS_LISTED_MAX,
      ),
      threads: v.array(v.object({ room: id, seq: positive, unread: positive, last: positive })),
      /** Rooms to which the account is invited, and by whom. */
      invitations: v.array(v.object({ room: name, by: v.optional(name) })),
      /** Time of the first unread message in Unix ms. */
      since: v.optional(unixMs),
      /** Calls, and the last messages of rooms and threads, each followed by its last edit. */
      records: v.array(record),
      more: v.boolean(),
    }),
  },
  /**
   * Sums up the unread messages of a room, without those of ignored people, and without replies
   * that only a thread shows. In an encrypted room, the server knows neither calls nor contents.
   * `after`: counts the messages after this `n` instead of the read position.
   */
  unread: {
    fields: { room: id, after: v.optional(count) },
    answer: v.object({
      /** UNREAD_COUNTED_MAX stands for that many or more. */
      unread: count,
      /** The messages are those after this `n`. */
      read: count,
      /** Time of the first message in Unix ms. */
      since: v.optional(unixMs),
      first: v.optional(unreadMessage),
      last: v.optional(unreadMessage),
      /** Number of people, of whom `people` lists those with the most messages. */
      authors: count,
      people: list(v.object({ user: name, unread: positive }), UNREAD_AUTHORS_MAX),
      calls: unreadMessages,
      moderators: list(v.object({ user: name, messages: unreadMessages }), UNREAD_MODERATORS_MAX),
      photos: unreadMessages,
      /** Messages with other files. */
      files: unreadMessages,
      polls: unreadMessages,
    }),
  },
  who: {
    fields: { room: v.optional(target), after: v.optional(name) },
    answer: v.object({
      users: v.array(
        v.object({
          user: name,
          online: v.boolean(),
          role: v.string(),
          /** Only for members of `room`: end of the mute in Unix ms; 0 if permanent. */
          mutedUntil: v.optional(unixMs),
          bot: v.optional(v.boolean()),
          ...status,
          displayName: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
          /** Added to the encrypted `room`, which the user has not joined yet. */
          invited: v.optional(v.boolean()),
        }),
      ),
      more: v.boolean(),
    }),
  },
  whois: {
    fields: { user: name },
    answer: v.object({
      user: name,
      since: unixMs,
      online: v.boolean(),
      role: v.string(),
      rooms: list(name, JOINED_ROOMS_MAX),
      bot: v.optional(v.boolean()),
      status: v.optional(text(STATUS_BYTES_MAX)),
      displayName: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
    }),
  },
  post: {
    isLimitedByEngine: true,
    postCount: ({ body }: { readonly body: PostBody }) => {
      const { sealed } = body;
      if (sealed === undefined) return postCountOfText(body.text, body);
      const rest = { ...body, sealed: undefined };
      return Math.max(postCountOfText(body.text, rest), postCountOf(sealed.ciphertext.length));
    },
    fields: { outbox: id, counter: positive, to: target, body: postBody },
    answer: v.object({ seq: positive, n: positive, time: unixMs, queued: v.optional(v.boolean()) }),
  },
  /** `only`: who the members of `target` would need among them, if a rule forbids its messages. */
  "write-limit": {
    fields: { target },
    answer: v.object({ only: v.optional(v.picklist(["moderators", "operators"])) }),
  },
  ticket: { fields: {}, answer: v.object({ ticket: text(64) }) },
  /**
   * Turns a new link, after `welcome`, into a data channel. The last path component of a download
   * address is also a ticket, valid only for its file.
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
      target: v.optional(target),
      from: v.optional(name),
      since: v.optional(unixMs),
      until: v.optional(unixMs),
      grep: v.optional(text(GREP_BYTES_MAX)),
      ignoreCase: v.optional(v.boolean()),
      /** Only records that have all of these words, without case, accents, width, punctuation. */
      words: v.optional(list(text(GREP_BYTES_MAX), SEARCHED_WORDS_MAX, 1)),
      files: v.optional(v.boolean()),
      kinds: v.optional(list(text(32), SEARCHED_KINDS_MAX, 1)),
      /** Only records whose `re` is this seq. */
      re: v.optional(positive),
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
   * the client must decide whether the server has lost data. `accounts` does the same for the
   * accounts log. `own` asks for the records of the user's account in it after this one. `person`
   * asks for the public records of another account: those after record `n`, if `account` is the
   * id of the account that has the name.
   */
  checkpoint: {
    fields: {
      from: count,
      accounts: v.optional(count),
      own: v.optional(count),
      person: v.optional(v.object({ user: name, account: v.optional(id), n: count })),
    },
    answer: v.object({
      note: text(NOTE_BYTES_MAX),
      path,
      accounts: v.optional(path),
      own: v.optional(v.object(accountRecords)),
      person: v.optional(v.object({ account: id, ...accountRecords })),
    }),
  },
  /**
   * Returns proofs that records are among the first `size` records. Omits records that are not, or
   * that the account may not read.
   */
  inclusion: {
    fields: { size: positive, seqs: list(positive, PROOFS_PER_REQUEST_MAX, 1) },
    answer: v.object({
      proofs: list(v.object({ seq: positive, leaf: HASH, path }), PROOFS_PER_REQUEST_MAX),
    }),
  },
} as const satisfies Readonly<Record<string, RequestRow>>;

export function requestRow(kind: RequestKind): RequestRow {
  return REQUESTS[kind];
}

export const NOTICES = {
  /**
   * `knows`: newest version whose records the client knows; 0.4.0 if omitted. `seen`:
   * asks for the proof that the logs continue what the client has seen, so that it can post with
   * its log-in. `size`, `accounts`: sizes of the two logs in the last note that it has seen. `tag`:
   * hash of `nonce` and of the history's root, which only members know. `sizeMin`: number of
   * records that the history must have. `seqs`: records that are to be proved.
   */
  hello: {
    versions: list(positive, 16, 1),
    client: text(128),
    nonce: NONCE,
    knows: v.optional(text(16)),
    seen: v.optional(
      v.object({
        size: positive,
        tag: HASH,
        sizeMin: count,
        accounts: count,
        seqs: list(positive, PROOFS_PER_REQUEST_MAX),
      }),
    ),
  },
  welcome: {
    version: positive,
    server: v.object({ name: text(SERVER_NAME_BYTES_MAX), key: KEY }),
    nonce: NONCE,
    certificate: HASH,
    proof: SIGNATURE,
    /** Proofs for other certificates with which a proxy may serve the link. */
    others: v.optional(
      list(v.object({ certificate: HASH, proof: SIGNATURE }), PROXY_CERTIFICATES_MAX),
    ),
    needs: v.picklist(["password", "open"]),
    /** True if a new account needs an invite. */
    closed: v.optional(v.boolean()),
    text: v.optional(text(WELCOME_BYTES_MAX)),
    limits: v.object({
      messageBytes: positive,
      textBytes: positive,
      /** Absent if the server takes no files. */
      fileBytes: v.optional(positive),
    }),
    predecessors: v.optional(list(v.object({ key: KEY, signature: SIGNATURE }), PREDECESSORS_MAX)),
    /** A page from a different build should reload. */
    build: v.optional(text(64)),
    /** Version and commit of the server's program. */
    program: v.optional(text(128)),
    /** `false` while this server cannot reach a majority of its cluster. */
    majority: v.optional(v.boolean()),
    /** Reason for which NATS refuses this server's messages, if it does. */
    refusal: v.optional(text(FAULT_TEXT_BYTES_MAX)),
    /** True if requests may follow `login` before its answer. */
    early: v.optional(v.boolean()),
    /** Newest version whose records, requests and fields the server knows, such as 0.4.0. */
    knows: v.optional(text(16)),
    /** Newest version whose records all servers of the cluster know, if it differs from `knows`. */
    clusterKnows: v.optional(text(16)),
    /**
     * Answer to `seen`, if this server knows its tag: the newest note, proofs that both logs have
     * only grown since, and that of each record: in the former history if it is part of that,
     * otherwise in the newest.
     */
    seen: v.optional(
      v.object({
        note: text(NOTE_BYTES_MAX),
        path,
        accounts: v.optional(path),
        proofs: list(v.object({ seq: positive, path }), PROOFS_PER_REQUEST_MAX),
      }),
    ),
  },
  ok: { ref: REF },
  fault: { ref: v.optional(REF), ...fault },
  /** Sent before the server checks the secret. The delay applies if the secret is wrong. */
  "guess-delay": { waitMs: count, of: v.picklist(GUESS_DELAYS) },
  /** Sent before the first record of the room and whenever the room's state changes. */
  room: {
    ...roomEntry.entries,
    /** `n` of the first record that the server will send. */
    n: positive,
    skipped: count,
    /** Highest `n` that one of the account's devices has read. */
    read: v.optional(count),
    unread: v.optional(count),
    /** Seq of the first unread message, if it is before `n`. */
    first: v.optional(positive),
    /** Newest unread messages that call the account. */
    calls: v.optional(list(v.object({ seq: positive, n: positive }), CALLS_LISTED_MAX)),
    /** `n` of messages beyond `read` that call the account and were read, in any order. */
    readCalls: v.optional(list(positive, READ_CALLS_PER_ACCOUNT_MAX)),
    moderates: v.optional(v.boolean()),
    /** End of the account's mute in this room in Unix ms; 0 if permanent. */
    mutedUntil: v.optional(unixMs),
    /** End of the account's wait in slow mode. */
    slowUntil: v.optional(unixMs),
    /** Users who ask to join, for moderators. */
    knocks: v.optional(list(name, KNOCKS_MAX)),
    /** Content of the room's walls, for moderators. */
    wall: v.optional(wallState),
    /** True if older records follow. The server then resends the notice without this field. */
    behind: v.optional(v.boolean()),
  },
  /** `first`: seq of the first unread message. */
  read: {
    room: id,
    n: count,
    unread: v.optional(count),
    first: v.optional(positive),
    readCalls: v.optional(list(positive, READ_CALLS_PER_ACCOUNT_MAX)),
  },
  /**
   * Sent when the state changes, and after a log-in while there is no majority. `refusal`: reason
   * for which NATS refuses the server's messages, if it does.
   */
  majority: { on: v.boolean(), refusal: v.optional(text(FAULT_TEXT_BYTES_MAX)) },
  /** Sent when `clusterKnows` changes, because servers were upgraded. */
  "cluster-knows": { version: text(16) },
  servers: { places: addressList(CLUSTER_ADDRESSES_MAX) },
  ignored: { users: v.array(name) },
  "prefs-set": roomPrefs,
  save: { room: id, seq: positive, on: v.boolean() },
  follow: countedFollow,
  /** Sent to everybody. Without `version`, the user has no avatar any more. */
  "avatar-set": { user: name, version: v.optional(positive) },
  /** Sent to everybody. An empty text means that the user has no display name any more. */
  "display-name": { user: name, text: text(DISPLAY_NAME_BYTES_MAX) },
  /** A message from a client that used the number. All its messages have the same `exchange`. */
  "code-asked": { exchange: positive, message: codeMessage },
  "room-gone": { room: id },
  records: { records: list(record, RECORDS_PER_MESSAGE_MAX, 1) },
  "caught-up": { seq: count },
  presences: {
    room: id,
    online: list(name, PRESENCE_ACCOUNTS_MAX),
    offline: list(name, PRESENCE_ACCOUNTS_MAX),
    /** New statuses; without the field `status`, the account has none any more. */
    statuses: v.optional(list(v.object({ user: name, ...status }), PRESENCE_ACCOUNTS_MAX)),
  },
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

type PostFlag = Exclude<
  keyof PostBody,
  "react" | "sealed" | "files" | keyof (typeof KINDS)["text"]["body"]
>;

/** Kinds that a flag makes of a post. Any other field is one of the text's record. */
const KIND_OF_FLAG: Readonly<Record<PostFlag, "text" | KindWith<"stateless">>> = {
  action: "action",
  typed: "text",
};
const FLAGS = Object.keys(KIND_OF_FLAG) as PostFlag[];

/** Kind of the record of a text, and the post without the flags that choose the kind. */
export function recordOfPost(body: PostBody): {
  readonly kind: "text" | KindWith<"stateless">;
  readonly fields: Omit<PostBody, PostFlag>;
} {
  // A copy would double the cost of a plain text.
  if (!FLAGS.some((flag) => body[flag] !== undefined)) return { kind: "text", fields: body };
  const fields = { ...body };
  for (const flag of FLAGS) delete fields[flag];
  const flag = FLAGS.find((flag) => body[flag] === true);
  return { kind: flag === undefined ? "text" : KIND_OF_FLAG[flag], fields };
}
export type WireRecord = v.InferOutput<typeof record>;
export type ServerRules = v.InferOutput<typeof serverRules>;
export type RoomFace = v.InferOutput<typeof roomFace>;
export type RoomRules = v.InferOutput<typeof roomRules>;
export type WallState = v.InferOutput<typeof wallState>;
export type RoomEntry = v.InferOutput<typeof roomEntry>;
