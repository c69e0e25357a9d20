import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Bounds of the tables in the memory of a server: fields of classes that begin as a collection, in
 * `src/server/` and in what a server uses of `src/core/` and `src/io/`. Fields that a constructor
 * assigns are not listed.
 */

const SOURCE = join(import.meta.dir, "..", "..", "src");
const FIELD = new RegExp(
  [
    /^ {2}(?:private |protected )?(?:readonly )?#?(\w+)(?:: ([^=\n]+))? = /,
    /(?:new ((?:Weak|Small|Newest)?Map|Set|TaskQueue)\b(?:<([\s\S]*?)>)?\(([\s\S]*?)\);|(\[\]);)/,
  ]
    .map(({ source }) => source)
    .join(""),
  "gm",
);

interface Table {
  readonly path: string;
  readonly field: string;
  readonly collection: string;
  /** Type of the keys or items. */
  readonly key: string;
  readonly options: string;
  readonly source: string;
}

/** Keys that are bounded elsewhere. Tables with `isDeleted` must forget a key that is gone. */
const KEYS: Readonly<Record<string, { readonly isDeleted: boolean }>> = {
  ClientConnection: { isDeleted: true }, // LINKS_MAX
  IrcLink: { isDeleted: true }, // LINKS_MAX
  UserId: { isDeleted: false }, // Limits of accounts per address, inviter and hour.
  FoldedName: { isDeleted: true },
  RoomId: { isDeleted: false }, // Limits of rooms and groups per account.
  Room: { isDeleted: true },
};

const RECORDS = "records of the logs, which accounts are charged for";
const LINKS = "open connections, LINKS_MAX";

/** Bounds of all other tables of a file, as in BOUNDS. */
const FILES: Readonly<Record<string, string>> = {
  "core/cluster/authors.ts": RECORDS,
  "core/log/erasures.ts": RECORDS,
  "core/log/merkle.ts": RECORDS,
  "core/log/seq-set.ts": RECORDS,
  "core/rooms/accounts.ts": RECORDS,
  "core/rooms/files.ts": RECORDS,
  "core/rooms/joined-rooms.ts": RECORDS,
  "core/rooms/message-count.ts": RECORDS,
  "core/rooms/room-counts.ts": RECORDS,
  "core/rooms/look-alikes.ts": RECORDS,
  "core/rooms/rooms.ts": RECORDS,
  "io/archive/block-index.ts": RECORDS,
  "io/link/topics.ts": "rooms that open connections follow, LINKS_MAX",
  "io/log/recovery.ts": "one read of the log at the start",
  "io/log/resume.ts": "one read of the log at the start",
  "io/log/segment.ts": RECORDS,
  "io/log/verify.ts": "one read of the log by `chat verify`",
  "io/log/walk.ts": "one read of the log at the start",
  "io/quic/listener.ts": "UDP_CONNECTIONS_MAX",
  "io/task-queue.ts": "the queues of all callers, which are in this list",
  "io/tcp/listener.ts": LINKS,
  "io/ws/half-open.ts": LINKS,
  "io/ws/listener.ts": LINKS,
};

/** A limit that the file uses, or why there is none. */
const BOUNDS: Readonly<Record<string, string>> = {
  "core/calls/numbered-ids.ts ids": "accounts and rooms with calls, CALLS_MAX",
  "core/cluster/admission.ts changes": "CLUSTER_WINDOW_RECORDS",
  "core/cluster/admission.ts posts": "CLUSTER_WINDOW_RECORDS",
  "core/cluster/node-versions.ts nodes": "SIBLINGS_MAX",
  "core/finder/messages.ts names": "AUTHORS_MAX",
  "core/finder/messages.ts rooms": "ROOMS_PER_ACCOUNT_MAX",
  "core/finder/messages.ts words": "words of one query",
  "core/irc/deliveries.ts written": "rooms of one account, ROOMS_PER_ACCOUNT_MAX",
  "core/irc/session.ts dueMarkers": "channels of the connection",
  "core/irc/session.ts effects": "effects of one call",
  "core/irc/session.ts held": "HELD_MESSAGES_MAX",
  "core/irc/session.ts monitored": "MONITOR_MAX of `people.ts`",
  "core/irc/session.ts runs": "OVERLAPPING_POSTS_MAX",
  "core/irc/session.ts shownAways": "accounts that changed since the last tick",
  "core/irc/session.ts unshown": "channels of the connection",
  "core/irc/shared-message.ts rendered": "sets of capabilities, for one message",
  "core/evict.ts entries": "limit of each NewestMap",
  "core/irc/shown-times.ts recent": "BURST_MAX",
  "core/irc/shown-times.ts shown": "RECORDS_MAX",
  "core/log/order.ts falls": "TIME_FALLS_MAX",
  "core/log/order.ts last": RECORDS,
  "core/rate.ts keys": "GUESS_KEYS_MAX",
  "core/rate.ts paidAt": "GUESS_KEYS_MAX",
  "core/rate.ts pending": "guesses in progress, PASSWORD_CHECKS_QUEUED_MAX",
  "core/rate.ts used": "accounts that used something in this hour or day",
  "core/rooms/dedup.ts pending": "OUTBOX_IN_FLIGHT_MAX",
  "core/rooms/dedup.ts refused": "OUTBOX_IN_FLIGHT_MAX",
  "core/rooms/dedup.ts turns": "OUTBOX_IN_FLIGHT_MAX",
  "core/rooms/engine.ts appends": "commands that run, as in `room-lock.ts`",
  "core/rooms/engine.ts confirmations": "posts in flight, OUTBOX_IN_FLIGHT_MAX of each outbox",
  "core/rooms/policy.ts bans": "BANS_MAX, enforced by the code that creates bans",
  "core/rooms/policy.ts byHash": "INVITES_MAX",
  "core/rooms/policy.ts invites": "INVITES_MAX",
  "core/rooms/policy.ts retired": "INVITES_SPENT_MAX",
  "core/rooms/prefs.ts follows": "FOLLOWS_MAX",
  "core/rooms/prefs.ts records": "PREFS_RECORDS_MAX",
  "core/rooms/prefs.ts saved": "SAVED_MAX",
  "core/rooms/presence.ts sessions": LINKS,
  "core/rooms/room-lock.ts open": "rooms with commands in this turn",
  "core/rooms/room-lock.ts rooms": "rooms with commands, ROOM_COMMANDS_QUEUED_MAX of each user",
  "core/session/session.ts early": "EARLY_REQUESTS_MAX",
  "core/session/session.ts open": "REQUESTS_IN_FLIGHT_MAX",
  "core/transfer/congestion-window.ts rates": "ROUNDS_INFLATED",
  "core/transfer/receiver.ts unacked": "the window of the channel",
  "core/transfer/sender.ts flights": "the window of the channel",
  "io/archive/archive.ts open": "segments of the log",
  "io/archive/archive.ts orders": "CACHED_ORDERS_MAX",
  "io/archive/archive.ts records": "`limit` and `bytesMax` of one query",
  "io/archive/archive.ts suspects": "records of one query",
  "io/archive/line-query.ts pairs": "CLUSTERS_MAX",
  "io/archive/log-index.ts refreshes": "queries, PAGE_READS_QUEUED_MAX of the services",
  "io/blob/blob-store.ts open": "files of open channels",
  "io/blob/blob-store.ts operations": "requests of open channels",
  "io/blob/blob-store.ts syncs": "requests of open channels",
  "io/blob/chunk-file.ts checksumWrites": "batches of one file",
  "io/blob/chunk-file.ts queue": "the window of the channel",
  "io/blob/chunk-file.ts unsynced": "UNSYNCED_CHUNKS_MAX",
  "io/cluster/publisher.ts published": "CLUSTER_QUEUE_BYTES_MAX",
  "io/cluster/publisher.ts queue": "CLUSTER_QUEUE_BYTES_MAX",
  "io/cluster/replica.ts ownAccountSeqs": "records of one group",
  "io/cluster/replica.ts received": "CLUSTER_RECEIVE_QUEUE_BYTES_MAX",
  "io/cluster/replica.ts waiters": "requests in progress, REQUESTS_IN_PROGRESS_MAX",
  "io/cluster/shared-files.ts transfers": "requests of open channels",
  "io/cluster/stream-reader.ts pushed": "CLUSTER_RECEIVE_QUEUE_BYTES_MAX",
  "io/disk/descriptors.ts spare": "DESCRIPTORS_SPARE",
  "io/disk/search-worker.ts pending": "searches in progress, PAGE_READS_QUEUED_MAX",
  "io/disk/search-worker.ts threads": "THREADS_MAX",
  "io/http/links.ts links": LINKS,
  "io/http/queued-link.ts frames": "SEND_QUEUE_BYTES_MAX of the server's links",
  "io/link/base-link.ts buffered": "messages of one tick",
  "io/link/line-socket.ts unflushed": LINKS,
  "io/link/line-socket.ts unsent": "SEND_QUEUE_BYTES_MAX",
  "io/log/batch.ts lastN": "rooms of one batch",
  "io/log/line-reader.ts strings": "rooms and accounts of one read of the log",
  "io/log/log-file.ts damagedSinceOpen": RECORDS,
  "io/log/log-file.ts erasureQueue": "erasures in progress, REQUESTS_IN_PROGRESS_MAX",
  "io/log/log-file.ts followers": "services",
  "io/log/log-file.ts queue": "APPEND_QUEUE_BYTES_MAX",
  "io/log/log-file.ts unfinished": "erasures in progress, REQUESTS_IN_PROGRESS_MAX",
  "io/log/proofs.ts groups": "CACHED_GROUPS_MAX",
  "io/nats/jetstream.ts denials": "DENIALS_MAX",
  "io/quic/connection.ts channels": "streams of one connection",
  "io/ws/server-link.ts unflushed": "SEND_QUEUE_BYTES_MAX",
  "admin/dashboard.ts announcements": "one request at a time for each operator",
  "admin/event-feed.ts stored": "EVENTS_STORED_MAX",
  "admin/metrics.ts closed": "one entry for each transport",
  "admin/metrics.ts columns": "SAMPLES_STORED_MAX",
  "auth/invites.ts creations": "requests in progress, REQUESTS_IN_PROGRESS_MAX of the kernel",
  "auth/login.ts delayed": "GUESSES_DELAYED_PER_ADDRESS_MAX",
  "auth/login.ts knownAddresses": "KNOWN_ADDRESSES_MAX",
  "auth/short-codes.ts offers": "CODE_SHORT_NUMBER_MAX",
  "files/data-channels.ts sessionOf": "DATA_CHANNELS_PER_ACCOUNT_MAX",
  "files/file-service.ts pendingTasks": "tasks of open channels, and sweeps",
  "files/file-service.ts readers": "files of open channels",
  "files/handed-over.ts known": "KNOWN_MAX",
  "files/shared-fetches.ts running": "files of open channels",
  "files/shared-upload.ts ahead": "CLUSTER_CHUNKS_PER_FILE_MAX",
  "files/shared-upload.ts inFlight": "CLUSTER_CHUNKS_PER_FILE_MAX",
  "files/shared-upload.ts waiters": "one for each `finish`",
  "files/upload-receiver.ts pending": "the window of the channel",
  "files/small-files.ts sending": "requests in progress, REQUESTS_IN_FLIGHT_MAX of the session",
  "files/uploads.ts holds": "files of posts in progress, FILES_PER_POST_MAX of each",
  "files/uploads.ts uploads": "UPLOADS_PER_ACCOUNT_MAX",
  "http/collected-blob.ts chunks": "the window of the channel",
  "http/collected-texts.ts page": "PAGE_RECORDS_MAX",
  "http/download-links.ts building": "COLLECTIONS_BUILT_MAX",
  "http/download-links.ts links": "DOWNLOADS_PER_SESSION_MAX",
  "http/download-runs.ts runs": "DOWNLOADS_MEMORY_MAX",
  "http/programs.ts active": "PROGRAM_DOWNLOADS_MAX",
  "http/read-api.ts readers": "READERS_MAX",
  "http/zip-stream.ts cache": "ZIP_LISTS_BYTES_MAX",
  "http/zip-stream.ts creations": "downloads of HTTP, DOWNLOADS_MEMORY_MAX",
  "http/zip-stream.ts yields": "downloads of HTTP, DOWNLOADS_MEMORY_MAX",
  "irc/gateway.ts listeners": "flags of `serve`",
  "kernel/feed.ts readers": "services",
  "kernel/feed.ts services": "services",
  "kernel/kernel.ts callbacks": "REQUESTS_IN_PROGRESS_MAX",
  "kernel/transactions.ts transactions": "requests in progress, REQUESTS_IN_PROGRESS_MAX",
  "push/sender.ts failures": "devices, PUSH_SUBSCRIPTIONS_MAX",
  "push/sender.ts queue": "PUSH_QUEUE_MAX",
  "push/subscriptions.ts all": "PUSH_SUBSCRIPTIONS_MAX",
  "queue/state-file.ts queue": "writes of one file, which replace each other",
  "rooms/broadcast.ts frameRecords": "GATHER_BYTES_MAX",
  "rooms/broadcast.ts gathered": "GATHER_BYTES_MAX",
  "rooms/broadcast.ts listeners": "flags of `serve`",
  "rooms/broadcast.ts newcomers": "links since the last flush, GATHER_MS_MAX",
  "rooms/moderation.ts registrationChanges": "requests of operators",
  "rooms/poll-reveals.ts running": "open polls, POLLS_OPEN_MAX in each room",
  "rooms/poll-reveals.ts waiting": "open polls, POLLS_OPEN_MAX in each room",
  "rooms/posts.ts checks": "posts of a link, REQUESTS_IN_FLIGHT_MAX of the session",
  "rooms/prefs.ts changes": "requests of an account, REQUESTS_IN_FLIGHT_MAX of the session",
  "sealed/key-packages.ts claimTimes": "KEY_PACKAGE_PAIRS_MAX",
  "sealed/key-packages.ts waiters": "requests that wait, which delete themselves",
  "server.ts listeners": "flags of `serve`",
  "session/client-connection.ts uncountedRefs": "REQUESTS_IN_FLIGHT_MAX of the session",
  "session/connection-limits.ts counts": "addresses of open links, LINKS_MAX",
  "session/connection-limits.ts inTurn": "connections of one turn",
  "session/fair-scheduler.ts queue": "SENDERS_MAX",
  "session/fair-scheduler.ts senders": "SENDERS_MAX",
  "session/flood-guard.ts refusedUntil": "FLOODERS_MAX",
  "session/link-refusals.ts reportedAt": "reasons for a refusal",
  "kernel/node-states.ts nodes": "SIBLINGS_MAX",
  "siblings/remote-activity.ts numbers": "nodes of NodeStates, SIBLINGS_MAX",
  "siblings/remote-sessions.ts pending": "SIBLING_CANCELS_MAX",
};

function tablesIn(path: string, source: string): Table[] {
  return [...source.matchAll(FIELD)].map(([, field = "", type = "", collection, key, options]) => ({
    path,
    field,
    collection: collection ?? "array",
    key: /^\w+/.exec(key ?? type)?.[0] ?? "",
    options: options ?? "",
    source,
  }));
}

/** Returns what is wrong with a table that is not in BOUNDS, if anything. */
function derivedFault({ path, field, collection, key, options, source }: Table) {
  if (collection === "WeakMap") return undefined;
  if (collection === "TaskQueue" && /\bwaiting:/.test(options)) return undefined;
  const rule = collection === "array" ? undefined : KEYS[key];
  if (rule === undefined) return `${path} ${field} has no bound in BOUNDS`;
  const uses = source.replace(new RegExp(`readonly #?${field} = `), "");
  const isShrunk = new RegExp(`${field}\\??\\.(delete|clear)\\(|${field} = `).test(uses);
  return rule.isDeleted && !isShrunk ? `${path} ${field} never forgets a ${key}` : undefined;
}

function fault(table: Table): string | undefined {
  const { path, field, source } = table;
  const bound = BOUNDS[`${path} ${field}`] ?? (derivedFault(table) && FILES[path]);
  if (bound === undefined) return derivedFault(table);
  if (derivedFault(table) === undefined) return `${path} ${field} needs no entry in BOUNDS`;
  const isLimit = /^[A-Z_]+$/.test(bound);
  return isLimit && !source.includes(bound) ? `${path} does not use ${bound}` : undefined;
}

/** Clients alone use these. */
const CLIENT = new RegExp(
  [
    /^core\/(client|lan|model|markup|people|slack|transfer\/folder-(list|plan))\b/,
    /^io\/(file|lan|state|terminal|ws\/client-link|quic\/dial|link\/memory-network)\b/,
  ]
    .map(({ source }) => source)
    .join("|"),
);
const sources = ["server", "core", "io"].flatMap((folder) =>
  [...new Bun.Glob("**/*.ts").scanSync(join(SOURCE, folder))]
    .map((path) => (folder === "server" ? path : `${folder}/${path}`))
    .filter((path) => !CLIENT.test(path))
    .map((path) => ({
      path,
      source: readFileSync(join(SOURCE, folder === "server" ? "server" : "", path), "utf8"),
    })),
);
const tables = sources.flatMap(({ path, source }) => tablesIn(path, source));

test("bounds each table in the memory of a server", () => {
  expect(tables.length).toBeGreaterThan(250);
  expect(tables.flatMap((table) => fault(table) ?? [])).toEqual([]);
});

test("lists no table that is gone", () => {
  const known = new Set(tables.map(({ path, field }) => `${path} ${field}`));
  expect(Object.keys(BOUNDS).filter((name) => !known.has(name))).toEqual([]);
  const files = new Set(tables.map(({ path }) => path));
  expect(Object.keys(FILES).filter((path) => !files.has(path))).toEqual([]);
});

test.each([
  ["  readonly #seen = new Map<string, number>();", "x.ts seen has no bound in BOUNDS"],
  ["  #log: string[] = [];", "x.ts log has no bound in BOUNDS"],
  [
    "  readonly #of = new Map<ClientConnection, number>();",
    "x.ts of never forgets a ClientConnection",
  ],
  ["  readonly #of = new Set<ClientConnection>();\n    this.#of.delete(client);", undefined],
  ["  readonly #work = new TaskQueue();", "x.ts work has no bound in BOUNDS"],
  ["  readonly #work = new TaskQueue({\n    waiting: 3,\n  });", undefined],
])("finds in %j: %p", (source, expected) => {
  const [table] = tablesIn("x.ts", source);
  expect(table && fault(table)).toBe(expected as string);
});
