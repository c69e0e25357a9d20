/** Messages for operators, and the request for a download by a browser over HTTP. */

import * as v from "valibot";
import {
  DISPLAY_NAME_BYTES_MAX,
  EXTERNAL_ID_BYTES_MAX,
  FAULT_TEXT_BYTES_MAX,
  FILE_NAME_BYTES_MAX,
  FILE_TARGETS_MAX,
  TOPIC_BYTES_MAX,
} from "../base/limits.ts";
import { SIBLINGS_MAX } from "../base/limits-cluster.ts";
import {
  ADDRESS_CHARS_MAX,
  ANNOUNCEMENT_BYTES_MAX,
  CLIENTS_PAGE_MAX,
  DECISIONS_PAGE_MAX,
  EVENTS_STORED_MAX,
  FILE_ROOMS_LISTED_MAX,
  FORMER_NAMES_LISTED_MAX,
  LISTED_PAGE_MAX,
  MEMBERSHIPS_LISTED_MAX,
  SAMPLES_PAGE_MAX,
  TRANSFERS_LISTED_MAX,
} from "../base/limits-page.ts";
import {
  count,
  fileId,
  id,
  list,
  name,
  positive,
  type RequestRow,
  recordFields,
  roomFace,
  roomRules,
  serverRules,
  target,
  text,
  unixMs,
} from "./field.ts";

const addressText = text(ADDRESS_CHARS_MAX);
const fileName = v.pipe(text(FILE_NAME_BYTES_MAX), v.minLength(1));
const keyword = text(32);

const clientEntry = v.object({
  /** Number that is not reused while the server runs. */
  client: positive,
  user: v.optional(name),
  program: text(128),
  address: addressText,
  transport: keyword,
  since: unixMs,
  /** True for a data channel, which carries files for another connection. */
  lane: v.boolean(),
  operator: v.boolean(),
  roundTripMs: v.optional(count),
  sentMessages: count,
  sentBytes: count,
  receivedMessages: count,
  receivedBytes: count,
  queuedBytes: count,
  acknowledged: count,
  retransmitted: v.optional(count),
  lost: v.optional(count),
  server: v.optional(addressText),
});

const transferEntry = v.object({
  file: fileId,
  name: v.optional(fileName),
  direction: v.picklist(["up", "down"]),
  user: name,
  address: addressText,
  since: unixMs,
  doneBytes: count,
  sizeBytes: v.optional(count),
  web: v.boolean(),
  server: v.optional(addressText),
});

const serverEntry = v.object({
  server: addressText,
  version: text(128),
  since: unixMs,
  diskFreeBytes: v.optional(count),
  memoryBytes: count,
  links: count,
  sessions: count,
  lanes: count,
  sentBytes: count,
  receivedBytes: count,
});

export const serverActivity = v.object({
  server: serverEntry,
  clients: list(clientEntry, CLIENTS_PAGE_MAX),
  transfers: list(transferEntry, TRANSFERS_LISTED_MAX),
});

export type ServerActivity = v.InferOutput<typeof serverActivity>;

const listing = {
  find: v.optional(text(64)),
  sort: v.optional(keyword),
  down: v.optional(v.boolean()),
  skip: v.optional(count),
};

const column = list(count, SAMPLES_PAGE_MAX);

const log = v.object({ records: count, bytes: v.optional(count) });

const eventFields = {
  event: keyword,
  time: unixMs,
  user: v.optional(name),
  n: v.optional(positive),
  decision: v.optional(keyword),
  whom: v.optional(text(128)),
  until: v.optional(unixMs),
  by: v.optional(name),
  address: v.optional(addressText),
  program: v.optional(text(128)),
  reason: v.optional(text(FAULT_TEXT_BYTES_MAX)),
  file: v.optional(fileId),
  name: v.optional(fileName),
  sizeBytes: v.optional(count),
  to: v.optional(list(target, FILE_TARGETS_MAX)),
  record: v.optional(v.object(recordFields)),
  room: v.optional(v.object({ room: id, name: v.optional(name) })),
  between: v.optional(list(name, 2)),
  /** Events that were omitted because the reader was too slow. */
  skipped: v.optional(positive),
};

/** A program without an account may read with the operator's token. */
const reading = { role: "operator", needsAccount: false } as const;

export const ADMIN_REQUESTS = {
  download: { fields: { file: fileId }, answer: v.object({ path: text(128) }) },
  /** Archive of everything that was handed in in an assignment room. For moderators. */
  collect: { fields: { room: name }, answer: v.object({ path: text(128) }) },
  watch: { role: "operator", fields: { on: v.boolean() }, answer: v.object({}) },
  clients: {
    ...reading,
    fields: { after: v.optional(count) },
    answer: v.object({ clients: list(clientEntry, CLIENTS_PAGE_MAX), more: v.boolean() }),
  },
  transfers: {
    ...reading,
    fields: {},
    answer: v.object({ transfers: list(transferEntry, TRANSFERS_LISTED_MAX), more: count }),
  },
  /** Returns one sample per second of the last hour, oldest first. */
  samples: {
    role: "operator",
    fields: { after: v.optional(count) },
    answer: v.object({
      /** Start of the server. A `last` from before this time is invalid. */
      since: unixMs,
      last: count,
      more: v.boolean(),
      time: list(unixMs, SAMPLES_PAGE_MAX),
      posts: column,
      receivedBytes: column,
      sentBytes: column,
      links: column,
      online: column,
      memoryBytes: column,
      diskFreeBytes: v.optional(column),
    }),
  },
  events: {
    ...reading,
    fields: {},
    answer: v.object({
      /** Start of the server. Event numbers from before this time are invalid. */
      since: unixMs,
      events: list(v.object(eventFields), EVENTS_STORED_MAX),
    }),
  },
  /**
   * Returns the newest page between `since` and `until`, both inclusive. `before` requests the
   * previous page.
   */
  decisions: {
    ...reading,
    fields: {
      since: v.optional(unixMs),
      until: v.optional(unixMs),
      before: v.optional(v.object({ accounts: positive, history: positive })),
    },
    answer: v.object({
      events: list(v.object(eventFields), DECISIONS_PAGE_MAX),
      /** Present if older decisions may exist, even if this answer contains none. */
      next: v.optional(v.object({ accounts: positive, history: positive })),
    }),
  },
  /** `sort`: `name`, `since`, `seen`, `devices` or `bytes`. */
  accounts: {
    ...reading,
    /** `memberships`: also lists the rooms and former names of accounts, and removed accounts. */
    fields: { ...listing, memberships: v.optional(v.boolean()) },
    answer: v.object({
      accounts: list(
        v.object({
          user: name,
          since: unixMs,
          /** Last time with a logged-in device; only the day if before the server's start. */
          seen: v.optional(unixMs),
          online: v.boolean(),
          operator: v.boolean(),
          banned: v.boolean(),
          password: v.boolean(),
          devices: count,
          bytes: count,
          /** Bytes of unfinished uploads, which `bytes` does not include. */
          unfinishedBytes: v.optional(count),
          displayName: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
          externalId: v.optional(text(EXTERNAL_ID_BYTES_MAX)),
          removed: v.optional(v.boolean()),
          /** True if an operator created the account, and its user did not register. */
          enrolled: v.optional(v.boolean()),
        }),
        LISTED_PAGE_MAX,
      ),
      /** `left`: the user is not in the room, but would moderate it again. */
      memberships: v.optional(
        list(
          v.object({
            user: name,
            room: name,
            moderator: v.optional(v.boolean()),
            left: v.optional(v.boolean()),
          }),
          MEMBERSHIPS_LISTED_MAX,
        ),
      ),
      /** In lower case. */
      former: v.optional(list(v.object({ user: name, name }), FORMER_NAMES_LISTED_MAX)),
      total: count,
    }),
  },
  /** `sort`: `name`, `members`, `records` or `bytes`. */
  "all-rooms": {
    ...reading,
    /** `former`: also lists former names, in lower case. */
    fields: { ...listing, former: v.optional(v.boolean()) },
    answer: v.object({
      rooms: list(
        v.object({
          room: name,
          title: v.optional(text(DISPLAY_NAME_BYTES_MAX)),
          face: v.optional(roomFace),
          topic: text(TOPIC_BYTES_MAX),
          members: count,
          records: count,
          files: count,
          bytes: count,
          locked: v.boolean(),
          sealed: v.boolean(),
          closed: v.boolean(),
          /** Room without members, messages or topic. */
          vacant: v.optional(v.boolean()),
          /** User who made the room without an operator's rights. */
          maker: v.optional(name),
          keepMs: v.optional(positive),
          rules: v.optional(roomRules),
        }),
        LISTED_PAGE_MAX,
      ),
      /** In lower case. */
      former: v.optional(list(v.object({ room: name, name }), FORMER_NAMES_LISTED_MAX)),
      total: count,
    }),
  },
  /**
   * Counts the groups by the account that began them; names and content stay hidden. `sort`: `name`
   * or `groups`.
   */
  "all-groups": {
    ...reading,
    fields: listing,
    answer: v.object({
      users: list(
        v.object({
          user: name,
          groups: count,
          /** Sum of the groups' members. */
          members: count,
          /** The account was removed. */
          removed: v.optional(v.boolean()),
        }),
        LISTED_PAGE_MAX,
      ),
      total: count,
    }),
  },
  /** Removes some of the groups that the account has begun. `more`: repeat the request. */
  "remove-groups": {
    role: "operator",
    fields: { user: name },
    answer: v.object({ removed: count, more: v.boolean() }),
  },
  /** `sort`: `name`, `user`, `time` or `bytes`. */
  "all-files": {
    ...reading,
    /** `unfinished`: also lists unfinished uploads. */
    fields: { ...listing, unfinished: v.optional(v.boolean()) },
    answer: v.object({
      files: list(
        v.object({
          file: fileId,
          name: v.optional(fileName),
          user: name,
          time: unixMs,
          bytes: count,
          /** Named rooms with the file. An operator may erase its records `seqs` in them. */
          rooms: list(name, FILE_ROOMS_LISTED_MAX),
          seqs: list(positive, FILE_ROOMS_LISTED_MAX),
          /** The file is not posted yet: `bytes` are on the server, `time` is its start. */
          unfinished: v.optional(
            v.object({ sizeBytes: v.optional(count), expires: unixMs, sending: v.boolean() }),
          ),
        }),
        LISTED_PAGE_MAX,
      ),
      total: count,
      bytes: count,
    }),
  },
  /** Cancels a transfer. `up` also deletes an unfinished upload that nobody is sending. */
  cancel: {
    role: "operator",
    fields: { file: fileId, user: name, direction: v.picklist(["up", "down"]) },
    answer: v.object({}),
  },
  /** An announcement stays until the next one; an empty text removes it. */
  announce: {
    role: "operator",
    fields: { text: text(ANNOUNCEMENT_BYTES_MAX) },
    answer: v.object({}),
  },
  /** `newest` is the newest time that the server believes. `accept` confirms its clock. */
  clock: {
    ...reading,
    fields: { accept: v.optional(v.boolean()) },
    answer: v.object({ plausible: v.boolean(), now: unixMs, newest: unixMs }),
  },
  stats: {
    ...reading,
    fields: {},
    answer: v.object({
      version: text(128),
      runtime: text(64),
      platform: text(64),
      since: unixMs,
      diskFreeBytes: v.optional(count),
      keepFreeBytes: v.optional(count),
      diskLow: v.optional(v.boolean()),
      memoryBytes: count,
      heapBytes: count,
      history: log,
      accounts: log,
      files: v.object({ files: count, bytes: count, unfinished: count, unfinishedBytes: count }),
      links: count,
      sessions: count,
      online: count,
      lanes: count,
      users: count,
      rooms: count,
      posts: count,
      sentBytes: count,
      receivedBytes: count,
      queuedBytes: count,
      servers: v.optional(list(serverEntry, SIBLINGS_MAX + 1)),
    }),
  },
} as const satisfies Readonly<Record<string, RequestRow>>;

export const ADMIN_NOTICES = {
  /** Rules that differ from the defaults; sent at each log-in if there are any. */
  "server-rules": serverRules.entries,
  announced: { text: text(ANNOUNCEMENT_BYTES_MAX), by: name, time: unixMs },
  /** Whether the account has an operator's rights; sent at a log-in if it has, and at changes. */
  operator: { on: v.boolean() },
  /** `on: false`: the disk is no longer nearly full. */
  "disk-low": { on: v.boolean(), freeBytes: count, keepFreeBytes: count },
  /**
   * Later versions may add kinds. Records of direct conversations have no body. Kinds: `record`,
   * `connected`, `logged-in`, `logged-out`, `disconnected`, `offered`, `got`, `withdrawn`,
   * `cancelled`, `decided`, `disk`, `warning` and `full`.
   */
  event: eventFields,
} as const;
