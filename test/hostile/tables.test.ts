import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Bounds of the tables in the memory of a server: fields of classes in `src/server/` that begin as
 * a collection. Fields that a constructor assigns, and the state in `src/core/`, which records
 * charge to accounts, are not listed.
 */

const SOURCE = join(import.meta.dir, "..", "..", "src");
const FIELD = new RegExp(
  [
    /^ {2}(?:private |protected )?(?:readonly )?#?(\w+)(?:: ([^=\n]+))? = /,
    /(?:new (Map|Set|WeakMap|SmallMap|TaskQueue)\b(?:<([\s\S]*?)>)?\(([\s\S]*?)\);|(\[\]);)/,
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

/** A limit that the file uses, or why there is none. */
const BOUNDS: Readonly<Record<string, string>> = {
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
  "files/shared-fetches.ts running": "files of open channels",
  "files/shared-upload.ts ahead": "CLUSTER_CHUNKS_PER_FILE_MAX",
  "files/shared-upload.ts inFlight": "CLUSTER_CHUNKS_PER_FILE_MAX",
  "files/shared-upload.ts waiters": "one for each `finish`",
  "files/upload-receiver.ts pending": "the window of the channel",
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
  "siblings/node-states.ts nodes": "SIBLINGS_MAX",
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
  const bound = BOUNDS[`${path} ${field}`];
  if (bound === undefined) return derivedFault(table);
  if (derivedFault(table) === undefined) return `${path} ${field} needs no entry in BOUNDS`;
  const isLimit = /^[A-Z_]+$/.test(bound);
  return isLimit && !source.includes(bound) ? `${path} does not use ${bound}` : undefined;
}

const sources = [...new Bun.Glob("**/*.ts").scanSync(join(SOURCE, "server"))].map((path) => ({
  path,
  source: readFileSync(join(SOURCE, "server", path), "utf8"),
}));
const tables = sources.flatMap(({ path, source }) => tablesIn(path, source));

test("bounds each table in the memory of a server", () => {
  expect(tables.length).toBeGreaterThan(80);
  expect(tables.flatMap((table) => fault(table) ?? [])).toEqual([]);
});

test("lists no table that is gone", () => {
  const known = new Set(tables.map(({ path, field }) => `${path} ${field}`));
  expect(Object.keys(BOUNDS).filter((name) => !known.has(name))).toEqual([]);
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
