/** Messages of the server's console for operators, and of downloads by a browser over HTTP. */

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
  /** Number of the connection; never reused in one run of the server. */
  client: positive,
  user: v.optional(name),
  /** Name and version of the client program. */
  program: text(128),
  /** HOST:PORT */
  address: addressText,
  transport: keyword,
  /** Unix ms of the connection. */
  since: unixMs,
  /** Data channel, which carries files of another connection. */
  lane: v.boolean(),
  /** Has an operator's rights. */
  operator: v.boolean(),
  /** Milliseconds of the last ping. */
  roundTripMs: v.optional(count),
  sentMessages: count,
  sentBytes: count,
  receivedMessages: count,
  receivedBytes: count,
  /** Bytes sent by the server and not yet received by the client. */
  queuedBytes: count,
  /** Number of answered requests and acknowledged posts and chunks. */
  acknowledged: count,
  /** Retransmitted packets; omitted if unknown, as over TCP. */
  retransmitted: v.optional(count),
  lost: v.optional(count),
  /** The server of the cluster with this connection; omitted for the answering server. */
  server: v.optional(addressText),
});

/** A file in transfer on a data channel. */
const transferEntry = v.object({
  file: fileId,
  /** Omitted in a direct conversation. */
  name: v.optional(fileName),
  direction: v.picklist(["up", "down"]),
  user: name,
  address: addressText,
  since: unixMs,
  doneBytes: count,
  sizeBytes: v.optional(count),
  /** Download by a browser over HTTP. */
  web: v.boolean(),
  /** As in `clientEntry`. */
  server: v.optional(addressText),
});

/** A server of a cluster. */
const serverEntry = v.object({
  /** HOST:PORT for users. */
  server: addressText,
  version: text(128),
  /** Unix ms. */
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

/** The requested part of a list, and its order. */
const listing = {
  /** Filters by name, ignoring case. */
  find: v.optional(text(64)),
  sort: v.optional(keyword),
  /** Descending: the largest or newest first. */
  down: v.optional(v.boolean()),
  /** Number of entries on the previous pages. */
  skip: v.optional(count),
};

/** A number per sample of an answer. */
const column = list(count, SAMPLES_PAGE_MAX);

const log = v.object({ records: count, bytes: v.optional(count) });

/** An event of the server. */
const eventFields = {
  event: keyword,
  /** Unix ms. */
  time: unixMs,
  user: v.optional(name),
  /** Number in this run of the server; absent from older servers. */
  n: v.optional(positive),
  /** For `decided`: the decision, its object and its end. */
  decision: v.optional(keyword),
  whom: v.optional(text(128)),
  until: v.optional(unixMs),
  /** User who made or ended the decision. */
  by: v.optional(name),
  address: v.optional(addressText),
  program: v.optional(text(128)),
  /** Reason, as text. */
  reason: v.optional(text(FAULT_TEXT_BYTES_MAX)),
  file: v.optional(fileId),
  name: v.optional(fileName),
  sizeBytes: v.optional(count),
  to: v.optional(list(target, FILE_TARGETS_MAX)),
  record: v.optional(v.object(recordFields)),
  /** Room of the record: its name, or both users of a direct conversation. */
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
  /** Starts the `event` notices; `on: false` stops them. */
  watch: { role: "operator", fields: { on: v.boolean() }, answer: v.object({}) },
  /** Connections, oldest first. The server also measures their round trips. */
  clients: {
    role: "operator",
    /** `after`: the last client of the previous page. */
    fields: { after: v.optional(count) },
    answer: v.object({
      clients: list(clientEntry, CLIENTS_PAGE_MAX),
      more: v.boolean(),
    }),
  },
  /** File transfers in progress, oldest first. */
  transfers: {
    role: "operator",
    fields: {},
    answer: v.object({
      transfers: list(transferEntry, TRANSFERS_LISTED_MAX),
      /** Number of further transfers, not listed. */
      more: count,
    }),
  },
  /**
   * Samples of the last hour, one per second, oldest first. Equal indexes refer to the same second.
   */
  samples: {
    role: "operator",
    /** `after`: `last` of the previous answer; all samples if omitted. */
    fields: { after: v.optional(count) },
    answer: v.object({
      /** Unix ms of the server's start. `last` of another start is invalid. */
      since: unixMs,
      /** Number of the last sample of this answer. */
      last: count,
      more: v.boolean(),
      /** Unix ms. */
      time: list(unixMs, SAMPLES_PAGE_MAX),
      /** Counted during this second. */
      posts: column,
      receivedBytes: column,
      sentBytes: column,
      /** Measured at `time`. */
      links: column,
      online: column,
      memoryBytes: column,
      /** Omitted if unknown. */
      diskFreeBytes: v.optional(column),
    }),
  },
  /** The latest events, oldest first, as in `event`. */
  events: {
    role: "operator",
    fields: {},
    answer: v.object({
      /** Unix ms of the server's start. Numbers of another start are invalid. */
      since: unixMs,
      events: list(v.object(eventFields), EVENTS_STORED_MAX),
    }),
  },
  /**
   * Decisions in the logs within inclusive bounds. Returns a page of the newest, oldest first.
   * `before` requests the previous page.
   */
  decisions: {
    role: "operator",
    fields: {
      since: v.optional(unixMs),
      until: v.optional(unixMs),
      /** `next` of the previous answer: the position in each log. */
      before: v.optional(v.object({ accounts: positive, history: positive })),
    },
    answer: v.object({
      events: list(v.object(eventFields), DECISIONS_PAGE_MAX),
      /** Set if older decisions may exist, even if this answer is empty. */
      next: v.optional(v.object({ accounts: positive, history: positive })),
    }),
  },
  /** All accounts, online or not. `sort`: `name`, `since`, `seen`, `devices` or `bytes`. */
  accounts: {
    role: "operator",
    fields: listing,
    answer: v.object({
      accounts: list(
        v.object({
          user: name,
          /** Unix ms of the registration. */
          since: unixMs,
          /**
           * Last time that one of its devices was logged in; only the day if in an earlier run of
           * the server.
           */
          seen: v.optional(unixMs),
          online: v.boolean(),
          operator: v.boolean(),
          banned: v.boolean(),
          /** Can log in with a password. */
          password: v.boolean(),
          devices: count,
          /** Size of its files. */
          bytes: count,
        }),
        LISTED_PAGE_MAX,
      ),
      /** Including those not in this answer. */
      total: count,
    }),
  },
  /** All named rooms. `sort`: `name`, `members`, `records` or `bytes`. */
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
          /** Size of its files. */
          bytes: count,
          locked: v.boolean(),
          sealed: v.boolean(),
          closed: v.boolean(),
          /** Has no members, messages or topic. Omitted by older servers. */
          vacant: v.optional(v.boolean()),
          keepMs: v.optional(positive),
        }),
        LISTED_PAGE_MAX,
      ),
      total: count,
    }),
  },
  /** All files. `sort`: `name`, `user`, `time` or `bytes`. */
  "all-files": {
    role: "operator",
    fields: listing,
    answer: v.object({
      files: list(
        v.object({
          file: fileId,
          /** Omitted if the file is in a direct conversation and in no named room. */
          name: v.optional(fileName),
          user: name,
          time: unixMs,
          bytes: count,
          /** Named rooms, and the file's records in them, which an operator may erase. */
          rooms: list(name, FILE_ROOMS_LISTED_MAX),
          seqs: list(positive, FILE_ROOMS_LISTED_MAX),
        }),
        LISTED_PAGE_MAX,
      ),
      total: count,
      /** Size of all of them. */
      bytes: count,
    }),
  },
  /** Ends the transfers of a file to or from one user. */
  cancel: {
    role: "operator",
    fields: { file: fileId, user: name, direction: v.picklist(["up", "down"]) },
    answer: v.object({}),
  },
  /** Shows a text to all users until it is replaced; an empty text removes it. */
  announce: {
    role: "operator",
    fields: { text: text(ANNOUNCEMENT_BYTES_MAX) },
    answer: v.object({}),
  },
  /** Counters and gauges of the server. */
  stats: {
    role: "operator",
    fields: {},
    answer: v.object({
      version: text(128),
      /** Name and version of the runtime. */
      runtime: text(64),
      platform: text(64),
      /** Unix ms. */
      since: unixMs,
      /**
       * Free space of the disk with the files; omitted if unknown or if file transfer is disabled.
       */
      diskFreeBytes: v.optional(count),
      /** The server refuses files below this. */
      keepFreeBytes: v.optional(count),
      /** Free space is close to `keepFreeBytes`. */
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
      /** Servers of a cluster: this server first, then those that sent a message within seconds. */
      servers: v.optional(list(serverEntry, SIBLINGS_MAX + 1)),
    }),
  },
} as const satisfies Readonly<Record<string, RequestRow>>;

export const ADMIN_NOTICES = {
  /** The operators' announcement to all users; an empty text removes it. */
  announced: { text: text(ANNOUNCEMENT_BYTES_MAX), by: name, time: unixMs },
  /** Notifies operators that the server's disk is nearly full or, with `on: false`, no longer. */
  "disk-low": { on: v.boolean(), freeBytes: count, keepFreeBytes: count },
  /**
   * An event, sent to operators who `watch`. `event` is its kind: `record`, `connected`,
   * `logged-in`, `logged-out`, `disconnected`, `offered`, `got`, `withdrawn`, `cancelled`,
   * `decided`, `disk`, `warning`, `full`. Later versions may add kinds. Records of direct
   * conversations have no body.
   */
  event: eventFields,
} as const;
