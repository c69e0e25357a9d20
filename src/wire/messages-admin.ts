import * as v from "valibot";
import {
  FILE_NAME_BYTES_MAX,
  FILE_TARGETS_MAX,
  SENTENCE_BYTES_MAX,
  TOPIC_BYTES_MAX,
} from "../base/limits.ts";
import { SIBLINGS_MAX } from "../base/limits-cluster.ts";
import {
  ANNOUNCEMENT_BYTES_MAX,
  CLIENTS_PAGE_MAX,
  DECISIONS_PAGE_MAX,
  EVENTS_KEPT_MAX,
  FILE_ROOMS_LISTED_MAX,
  LISTED_PAGE_MAX,
  PLACE_CHARS_MAX,
  SAMPLES_PAGE_MAX,
  TRANSFERS_LISTED_MAX,
} from "../base/limits-page.ts";
import {
  count,
  fileId,
  id,
  moment,
  name,
  positive,
  type RequestRow,
  recordFields,
  target,
  text,
} from "./field.ts";

/**
 * Messages of the server's window, for operators only, and of downloads by a browser, which are
 * HTTP and need an address of their own.
 */

const place = text(PLACE_CHARS_MAX);
const fileName = v.pipe(text(FILE_NAME_BYTES_MAX), v.minLength(1));
const word = text(32);

/** One connection, logged in or not. */
const clientEntry = v.object({
  /** Number of the connection; never used twice in one run of the server. */
  client: positive,
  user: v.optional(name),
  /** Name and version of its program. */
  program: text(128),
  /** HOST:PORT */
  address: place,
  transport: word,
  /** Unix ms of its beginning. */
  since: moment,
  /** It carries files of another connection. */
  lane: v.boolean(),
  /** May do what operators may. */
  operator: v.boolean(),
  /** Of the last ping. */
  roundTripMs: v.optional(count),
  sentMessages: count,
  sentBytes: count,
  receivedMessages: count,
  receivedBytes: count,
  /** Accepted, and not taken by the other end yet. */
  queuedBytes: count,
  /** Requests, posts and chunks of it that were answered or confirmed. */
  acknowledged: count,
  /** Packets, where the transport tells (over TCP the system keeps them to itself). */
  retransmitted: v.optional(count),
  lost: v.optional(count),
  /** The server of a cluster that it is connected to; left out: the one that answers. */
  server: v.optional(place),
});

/** One file under way on one lane. */
const transferEntry = v.object({
  file: fileId,
  /** Left out if it is between two people. */
  name: v.optional(fileName),
  direction: v.picklist(["up", "down"]),
  user: name,
  address: place,
  since: moment,
  doneBytes: count,
  sizeBytes: v.optional(count),
  /** A browser takes it over HTTP. */
  web: v.boolean(),
  /** As of a client. */
  server: v.optional(place),
});

/** One server of a cluster. */
const serverEntry = v.object({
  /** HOST:PORT, as users reach it. */
  server: place,
  version: text(128),
  /** Unix ms. */
  since: moment,
  diskFreeBytes: v.optional(count),
  memoryBytes: count,
  links: count,
  sessions: count,
  lanes: count,
  sentBytes: count,
  receivedBytes: count,
});

const serverWindow = v.object({
  server: serverEntry,
  clients: v.pipe(v.array(clientEntry), v.maxLength(CLIENTS_PAGE_MAX)),
  transfers: v.pipe(v.array(transferEntry), v.maxLength(TRANSFERS_LISTED_MAX)),
});

/** What servers of a cluster tell each other while an operator looks. */
export type ServerWindow = v.InferOutput<typeof serverWindow>;

/** @returns undefined where it is none */
export function readServerWindow(value: unknown): ServerWindow | undefined {
  const read = v.safeParse(serverWindow, value);
  return read.success ? read.output : undefined;
}

/** What part of a list is wanted, in which order. */
const listing = {
  /** Only what has this in its name, in any case. */
  find: v.optional(text(64)),
  sort: v.optional(word),
  /** The largest, or newest, first. */
  down: v.optional(v.boolean()),
  /** So many of the order's first are passed over: those of the pages before. */
  skip: v.optional(count),
};

/** One number for each sample of an answer. */
const column = v.pipe(v.array(count), v.maxLength(SAMPLES_PAGE_MAX));

const log = v.object({ records: count, bytes: v.optional(count) });

/** Something that happened. */
const eventFields = {
  event: word,
  /** Unix ms. */
  time: moment,
  user: v.optional(name),
  /** Its number in this run of the server; older servers do not count. */
  n: v.optional(positive),
  /** Of `decided`: what was, of whom or what, and until when. */
  decision: v.optional(word),
  whom: v.optional(text(128)),
  until: v.optional(moment),
  /** Who ended it, or decided it. */
  by: v.optional(name),
  address: v.optional(place),
  program: v.optional(text(128)),
  /** Why, in words. */
  reason: v.optional(text(SENTENCE_BYTES_MAX)),
  file: v.optional(fileId),
  name: v.optional(fileName),
  sizeBytes: v.optional(count),
  to: v.optional(v.pipe(v.array(target), v.maxLength(FILE_TARGETS_MAX))),
  record: v.optional(v.object(recordFields)),
  /** Of the record: a room's name or, between two people, both. */
  room: v.optional(v.object({ room: id, name: v.optional(name) })),
  between: v.optional(v.pipe(v.array(name), v.maxLength(2))),
  /** Events before this one that were left out, since the reader was too slow for them. */
  skipped: v.optional(positive),
};

export const ADMIN_REQUESTS = {
  /** Where this file can be taken over HTTP, by this session: first asked for within 60 s. */
  download: {
    fields: { file: fileId },
    answer: v.object({
      /** Below the server's own address: `/files/TOKEN`. */
      path: text(128),
    }),
  },
  /** Starts the `event` notices; `on: false` stops them. */
  watch: { role: "operator", fields: { on: v.boolean() }, answer: v.object({}) },
  /** Connections, oldest first. The request measures their round trips. */
  clients: {
    role: "operator",
    /** `after`: the last client of the page before. */
    fields: { after: v.optional(count) },
    answer: v.object({
      clients: v.pipe(v.array(clientEntry), v.maxLength(CLIENTS_PAGE_MAX)),
      more: v.boolean(),
    }),
  },
  /** File transfers in progress, oldest first. */
  transfers: {
    role: "operator",
    fields: {},
    answer: v.object({
      transfers: v.pipe(v.array(transferEntry), v.maxLength(TRANSFERS_LISTED_MAX)),
      /** Further ones, that are not listed. */
      more: count,
    }),
  },
  /**
   * Samples of the last hour, one a second, oldest first. The same index in each list is the same
   * second.
   */
  samples: {
    role: "operator",
    /** `after`: `last` of the answer before; left out: all. */
    fields: { after: v.optional(count) },
    answer: v.object({
      /** Unix ms of the server's start: `last` of another start means nothing. */
      since: moment,
      /** Number of the last sample of this answer. */
      last: count,
      more: v.boolean(),
      /** Unix ms. */
      time: v.pipe(v.array(moment), v.maxLength(SAMPLES_PAGE_MAX)),
      /** In this second. */
      posts: column,
      receivedBytes: column,
      sentBytes: column,
      /** At this moment. */
      links: column,
      online: column,
      memoryBytes: column,
      /** Left out: nobody knows. */
      diskFreeBytes: v.optional(column),
    }),
  },
  /** The latest events, oldest first, as in `event`. */
  events: {
    role: "operator",
    fields: {},
    answer: v.object({
      /** Unix ms of the server's start: numbers of another start mean nothing. */
      since: moment,
      events: v.pipe(v.array(v.object(eventFields)), v.maxLength(EVENTS_KEPT_MAX)),
    }),
  },
  /**
   * Decisions in the logs within inclusive bounds: a page of the newest, oldest first. `before`
   * asks for the page before.
   */
  decisions: {
    role: "operator",
    fields: {
      since: v.optional(moment),
      until: v.optional(moment),
      /** `next` of the answer before: where to go on in each of the logs. */
      before: v.optional(v.object({ accounts: positive, history: positive })),
    },
    answer: v.object({
      events: v.pipe(v.array(v.object(eventFields)), v.maxLength(DECISIONS_PAGE_MAX)),
      /** There may be older ones; also behind an answer that has none. */
      next: v.optional(v.object({ accounts: positive, history: positive })),
    }),
  },
  /** All accounts, online or not. `sort`: `name`, `since`, `seen`, `devices` or `bytes`. */
  accounts: {
    role: "operator",
    fields: listing,
    answer: v.object({
      accounts: v.pipe(
        v.array(
          v.object({
            user: name,
            /** Of the registration, Unix ms. */
            since: moment,
            /** When a device of it was here last; of an earlier run of the server the day. */
            seen: v.optional(moment),
            online: v.boolean(),
            operator: v.boolean(),
            banned: v.boolean(),
            /** It can sign in by a password. */
            password: v.boolean(),
            devices: count,
            /** That its files take. */
            bytes: count,
          }),
        ),
        v.maxLength(LISTED_PAGE_MAX),
      ),
      /** With those that are not in this answer. */
      total: count,
    }),
  },
  /** All rooms with a name. `sort`: `name`, `members`, `records` or `bytes`. */
  "all-rooms": {
    role: "operator",
    fields: listing,
    answer: v.object({
      rooms: v.pipe(
        v.array(
          v.object({
            room: name,
            topic: text(TOPIC_BYTES_MAX),
            members: count,
            records: count,
            files: count,
            /** That they take. */
            bytes: count,
            locked: v.boolean(),
            sealed: v.boolean(),
            closed: v.boolean(),
            /** Without members, messages and topic. Older servers do not say. */
            vacant: v.optional(v.boolean()),
            keepMs: v.optional(positive),
          }),
        ),
        v.maxLength(LISTED_PAGE_MAX),
      ),
      total: count,
    }),
  },
  /** All files. `sort`: `name`, `user`, `time` or `bytes`. */
  "all-files": {
    role: "operator",
    fields: listing,
    answer: v.object({
      files: v.pipe(
        v.array(
          v.object({
            file: fileId,
            /** Left out of one that is in no room with a name: it is between two people. */
            name: v.optional(fileName),
            user: name,
            time: moment,
            bytes: count,
            /** Rooms with a name, and its records there: an operator may erase those. */
            rooms: v.pipe(v.array(name), v.maxLength(FILE_ROOMS_LISTED_MAX)),
            seqs: v.pipe(v.array(positive), v.maxLength(FILE_ROOMS_LISTED_MAX)),
          }),
        ),
        v.maxLength(LISTED_PAGE_MAX),
      ),
      total: count,
      /** That all of them take. */
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
      /** What runs it: name and version. */
      runtime: text(64),
      platform: text(64),
      /** Unix ms. */
      since: moment,
      /** Of the disk with the files; absent: none are taken, or it does not say. */
      diskFreeBytes: v.optional(count),
      /** With less files are refused. */
      keepFreeBytes: v.optional(count),
      /** Soon there is not more than that. */
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
      /** Of a cluster: this one first, then those that were heard within seconds. */
      servers: v.optional(v.pipe(v.array(serverEntry), v.maxLength(SIBLINGS_MAX + 1))),
    }),
  },
} as const satisfies Readonly<Record<string, RequestRow>>;

export const ADMIN_NOTICES = {
  /** What operators tell all users; an empty text: nothing any more. */
  announced: { text: text(ANNOUNCEMENT_BYTES_MAX), by: name, time: moment },
  /** To operators: the server's disk is nearly full, or (`on: false`) is not any more. */
  "disk-low": { on: v.boolean(), freeBytes: count, keepFreeBytes: count },
  /**
   * Something happened, told to operators who `watch`. `event` says what: `record`, `connected`,
   * `logged-in`, `logged-out`, `disconnected`, `offered`, `got`, `withdrawn`, `cancelled`,
   * `decided`, `disk`, `warning`, `full`; more may come. What two people say to each other comes
   * without its body.
   */
  event: eventFields,
} as const;
