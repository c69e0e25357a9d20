/** Messages of the operators' console, and the request for a download by a browser over HTTP. */

import * as v from "valibot";
import {
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
  LISTED_PAGE_MAX,
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
  target,
  text,
  unixMs,
} from "./field.ts";

const addressText = text(ADDRESS_CHARS_MAX);
const fileName = v.pipe(text(FILE_NAME_BYTES_MAX), v.minLength(1));
const keyword = text(32);

const clientEntry = v.object({
  /** Number of the connection, never reused while the server runs. */
  client: positive,
  user: v.optional(name),
  program: text(128),
  address: addressText,
  transport: keyword,
  /** Time of the connection, in Unix ms. */
  since: unixMs,
  /** True for a data channel, which carries files for another connection. */
  lane: v.boolean(),
  /** True if the connection has an operator's rights. */
  operator: v.boolean(),
  /** Round-trip time of the last ping in milliseconds. */
  roundTripMs: v.optional(count),
  sentMessages: count,
  sentBytes: count,
  receivedMessages: count,
  receivedBytes: count,
  /** Number of bytes that the server has sent and the client has not yet received. */
  queuedBytes: count,
  /** Number of answered requests and acknowledged posts and chunks. */
  acknowledged: count,
  /** Number of retransmitted packets; omitted if unknown, for example over TCP. */
  retransmitted: v.optional(count),
  lost: v.optional(count),
  /** Address of the server that has this connection; omitted for the answering server. */
  server: v.optional(addressText),
});

const transferEntry = v.object({
  file: fileId,
  /** Omitted for a file in a direct conversation. */
  name: v.optional(fileName),
  direction: v.picklist(["up", "down"]),
  user: name,
  address: addressText,
  since: unixMs,
  doneBytes: count,
  sizeBytes: v.optional(count),
  /** True for a browser's download over HTTP. */
  web: v.boolean(),
  /** Address of the server that runs the transfer; omitted for the answering server. */
  server: v.optional(addressText),
});

/** State of one server in a cluster. */
const serverEntry = v.object({
  /** HOST:PORT as used by clients. */
  server: addressText,
  version: text(128),
  /** Time of the server's start, in Unix ms. */
  since: unixMs,
  diskFreeBytes: v.optional(count),
  memoryBytes: count,
  links: count,
  sessions: count,
  lanes: count,
  sentBytes: count,
  receivedBytes: count,
});

const serverActivity = v.object({
  server: serverEntry,
  clients: list(clientEntry, CLIENTS_PAGE_MAX),
  transfers: list(transferEntry, TRANSFERS_LISTED_MAX),
});

/** Console data that servers of a cluster exchange while an operator watches. */
export type ServerActivity = v.InferOutput<typeof serverActivity>;

/** @returns `undefined` if the value is invalid */
export function parseServerActivity(value: unknown): ServerActivity | undefined {
  const read = v.safeParse(serverActivity, value);
  return read.success ? read.output : undefined;
}

/** Request fields that select and order one page of a list. */
const listing = {
  /** Text that names must contain, ignoring case. */
  find: v.optional(text(64)),
  sort: v.optional(keyword),
  /** True for descending order: the largest or newest entry first. */
  down: v.optional(v.boolean()),
  /** Number of entries on the previous pages, which the answer skips. */
  skip: v.optional(count),
};

/** Column of numbers, one per sample of the answer. */
const column = list(count, SAMPLES_PAGE_MAX);

const log = v.object({ records: count, bytes: v.optional(count) });

/** Fields of an event that the server reports to operators. */
const eventFields = {
  event: keyword,
  time: unixMs,
  user: v.optional(name),
  /** Number of the event since the server's start; absent from older servers. */
  n: v.optional(positive),
  /** Set for `decided`: the decision, the user or object it applies to, and its end. */
  decision: v.optional(keyword),
  whom: v.optional(text(128)),
  until: v.optional(unixMs),
  /** User who made or reversed the decision. */
  by: v.optional(name),
  address: v.optional(addressText),
  program: v.optional(text(128)),
  reason: v.optional(text(FAULT_TEXT_BYTES_MAX)),
  file: v.optional(fileId),
  name: v.optional(fileName),
  sizeBytes: v.optional(count),
  to: v.optional(list(target, FILE_TARGETS_MAX)),
  record: v.optional(v.object(recordFields)),
  /** Room of the record: the room's name or, for a direct conversation, its two users. */
  room: v.optional(v.object({ room: id, name: v.optional(name) })),
  between: v.optional(list(name, 2)),
  /** Number of events omitted before this one because the reader was too slow. */
  skipped: v.optional(positive),
};

export const ADMIN_REQUESTS = {
  /**
   * Returns an address at which this session can fetch the file over HTTP, starting within 60 s.
   */
  download: {
    fields: { file: fileId },
    answer: v.object({
      /** Path on the server: `/files/TOKEN`. */
      path: text(128),
    }),
  },
  /** Starts the notices `event`; `on: false` stops the notices. */
  watch: { role: "operator", fields: { on: v.boolean() }, answer: v.object({}) },
  /** Lists connections, oldest first. The server also measures their round-trip times. */
  clients: {
    role: "operator",
    /** `after`: the last `client` of the previous page. */
    fields: { after: v.optional(count) },
    answer: v.object({
      clients: list(clientEntry, CLIENTS_PAGE_MAX),
      more: v.boolean(),
    }),
  },
  /** Lists file transfers in progress, oldest first. */
  transfers: {
    role: "operator",
    fields: {},
    answer: v.object({
      transfers: list(transferEntry, TRANSFERS_LISTED_MAX),
      /** Number of further transfers, which are not listed. */
      more: count,
    }),
  },
  /**
   * Returns samples of the last hour, one per second, oldest first. Equal indexes refer to the same
   * second.
   */
  samples: {
    role: "operator",
    /** `after`: `last` of the previous answer; if omitted, the server returns all samples. */
    fields: { after: v.optional(count) },
    answer: v.object({
      /**
       * Time of the server's start, in Unix ms. If it has changed, an earlier `last` is invalid.
       */
      since: unixMs,
      last: count,
      more: v.boolean(),
      time: list(unixMs, SAMPLES_PAGE_MAX),
      /** Events counted during this second. */
      posts: column,
      receivedBytes: column,
      sentBytes: column,
      /** Values measured at `time`. */
      links: column,
      online: column,
      memoryBytes: column,
      diskFreeBytes: v.optional(column),
    }),
  },
  /** Returns the latest events, oldest first. Fields are the same as in the notice `event`. */
  events: {
    role: "operator",
    fields: {},
    answer: v.object({
      /**
       * Time of the server's start, in Unix ms. If it has changed, earlier event numbers are
       * invalid.
       */
      since: unixMs,
      events: list(v.object(eventFields), EVENTS_STORED_MAX),
    }),
  },
  /**
   * Returns decisions from the logs between `since` and `until`, both inclusive: the newest page,
   * oldest decision first. `before` requests the previous page.
   */
  decisions: {
    role: "operator",
    fields: {
      since: v.optional(unixMs),
      until: v.optional(unixMs),
      /** `next` of the previous answer: a position in each log. */
      before: v.optional(v.object({ accounts: positive, history: positive })),
    },
    answer: v.object({
      events: list(v.object(eventFields), DECISIONS_PAGE_MAX),
      /** Set if older decisions may exist, even if this answer contains no decisions. */
      next: v.optional(v.object({ accounts: positive, history: positive })),
    }),
  },
  /** Lists all accounts, online or not. `sort`: `name`, `since`, `seen`, `devices` or `bytes`. */
  accounts: {
    role: "operator",
    fields: listing,
    answer: v.object({
      accounts: list(
        v.object({
          user: name,
          /** Time of the registration, in Unix ms. */
          since: unixMs,
          /**
           * Last time that one of the account's devices was logged in. If that was before the
           * server's last start, only the day is known.
           */
          seen: v.optional(unixMs),
          online: v.boolean(),
          operator: v.boolean(),
          banned: v.boolean(),
          /** True if the account can log in with a password. */
          password: v.boolean(),
          devices: count,
          /** Total size of the account's files. */
          bytes: count,
        }),
        LISTED_PAGE_MAX,
      ),
      /** Number of matching accounts, including those on other pages. */
      total: count,
    }),
  },
  /** Lists all named rooms. `sort`: `name`, `members`, `records` or `bytes`. */
  "all-rooms": {
    role: "operator",
    fields: listing,
    answer: v.object({
      rooms: list(
        v.object({
          room: name,
          topic: text(TOPIC_BYTES_MAX),
          members: count,
          records: count,
          files: count,
          /** Total size of the room's files. */
          bytes: count,
          locked: v.boolean(),
          sealed: v.boolean(),
          closed: v.boolean(),
          /** True if the room has no members, messages or topic. Omitted by older servers. */
          vacant: v.optional(v.boolean()),
          keepMs: v.optional(positive),
        }),
        LISTED_PAGE_MAX,
      ),
      total: count,
    }),
  },
  /** Lists all files. `sort`: `name`, `user`, `time` or `bytes`. */
  "all-files": {
    role: "operator",
    fields: listing,
    answer: v.object({
      files: list(
        v.object({
          file: fileId,
          /** Omitted if the file is only in a direct conversation and in no named room. */
          name: v.optional(fileName),
          user: name,
          time: unixMs,
          bytes: count,
          /**
           * Named rooms that contain the file, and the seqs of the file's records there, which an
           * operator may erase.
           */
          rooms: list(name, FILE_ROOMS_LISTED_MAX),
          seqs: list(positive, FILE_ROOMS_LISTED_MAX),
        }),
        LISTED_PAGE_MAX,
      ),
      total: count,
      /** Total size of the matching files. */
      bytes: count,
    }),
  },
  /** Cancels the transfers of a file to or from one user. */
  cancel: {
    role: "operator",
    fields: { file: fileId, user: name, direction: v.picklist(["up", "down"]) },
    answer: v.object({}),
  },
  /**
   * Shows an announcement to all users until another announcement replaces it. An empty text
   * removes the announcement.
   */
  announce: {
    role: "operator",
    fields: { text: text(ANNOUNCEMENT_BYTES_MAX) },
    answer: v.object({}),
  },
  stats: {
    role: "operator",
    fields: {},
    answer: v.object({
      version: text(128),
      runtime: text(64),
      platform: text(64),
      /** Time of the server's start, in Unix ms. */
      since: unixMs,
      /**
       * Free space of the disk that stores the files; omitted if unknown or if file transfer is
       * disabled.
       */
      diskFreeBytes: v.optional(count),
      /** Minimum free space. With less, the server refuses files. */
      keepFreeBytes: v.optional(count),
      /** True if the free space is close to `keepFreeBytes`. */
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
      /**
       * Servers of a cluster: the answering server first, then those that recently sent a message
       * to it.
       */
      servers: v.optional(list(serverEntry, SIBLINGS_MAX + 1)),
    }),
  },
} as const satisfies Readonly<Record<string, RequestRow>>;

export const ADMIN_NOTICES = {
  /**
   * Contains an operator's announcement to all users. An empty text removes the previous
   * announcement.
   */
  announced: { text: text(ANNOUNCEMENT_BYTES_MAX), by: name, time: unixMs },
  /**
   * Notifies operators that the server's disk is nearly full, or with `on: false` that it no longer
   * is.
   */
  "disk-low": { on: v.boolean(), freeBytes: count, keepFreeBytes: count },
  /**
   * Reports an event to operators who `watch`. The kinds of events are `record`, `connected`,
   * `logged-in`, `logged-out`, `disconnected`, `offered`, `got`, `withdrawn`, `cancelled`,
   * `decided`, `disk`, `warning` and `full`. Later versions may add kinds. Records of direct
   * conversations have no body.
   */
  event: eventFields,
} as const;
