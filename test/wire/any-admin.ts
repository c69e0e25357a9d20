import fc from "fast-check";
import { FILE_TARGETS_MAX } from "../../src/base/limits.ts";
import type { Answer, NoticeOf, RequestFields } from "../../src/wire/messages.ts";
import {
  accepted,
  count,
  type Fields,
  fields,
  file,
  fileName,
  moment,
  name,
  positive,
  record,
  text,
} from "./any-field.ts";

/** Arbitrary messages of downloads and of the server's window. */

type Told = Omit<NoticeOf<"event">, "kind">;

const place = text(80);
const word = text(32);
const client = fields<Answer<"clients">["clients"][number]>(
  {
    client: positive,
    user: name,
    program: name,
    address: place,
    transport: word,
    since: moment,
    lane: fc.boolean(),
    operator: fc.boolean(),
    roundTripMs: count,
    sentMessages: count,
    sentBytes: count,
    receivedMessages: count,
    receivedBytes: count,
    queuedBytes: count,
    acknowledged: count,
    retransmitted: count,
    lost: count,
    server: place,
  },
  [
    ...(["client", "program", "address", "transport", "since", "lane", "operator"] as const),
    ...(["sentMessages", "sentBytes", "receivedMessages", "receivedBytes"] as const),
    ...(["queuedBytes", "acknowledged"] as const),
  ],
);
const transfer = fields<Answer<"transfers">["transfers"][number]>(
  {
    file,
    name: fileName,
    direction: fc.constantFrom("up", "down"),
    user: name,
    address: place,
    since: moment,
    doneBytes: count,
    sizeBytes: count,
    web: fc.boolean(),
    server: place,
  },
  ["file", "name", "direction", "user", "address", "since", "doneBytes", "web"],
);
const log = fields<Answer<"stats">["history"]>({ records: count, bytes: count }, ["records"]);
const server = fields<NonNullable<Answer<"stats">["servers"]>[number]>(
  {
    server: place,
    version: name,
    since: moment,
    diskFreeBytes: count,
    memoryBytes: count,
    links: count,
    sessions: count,
    lanes: count,
    sentBytes: count,
    receivedBytes: count,
  },
  [
    ...(["server", "version", "since", "memoryBytes", "links", "sessions", "lanes"] as const),
    ...(["sentBytes", "receivedBytes"] as const),
  ],
);
const stats: Fields<Answer<"stats">> = {
  version: name,
  runtime: name,
  platform: name,
  since: moment,
  diskFreeBytes: count,
  keepFreeBytes: count,
  diskLow: fc.boolean(),
  memoryBytes: count,
  heapBytes: count,
  history: log,
  accounts: log,
  files: fc.record({ files: count, bytes: count, unfinished: count, unfinishedBytes: count }),
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
  servers: fc.array(server, { maxLength: 5 }),
};

const MAY_LACK: ReadonlySet<string> = new Set([
  "diskFreeBytes",
  "keepFreeBytes",
  "diskLow",
  "servers",
]);
const column = fc.array(count, { maxLength: 5 });

const listing = fields<RequestFields<"accounts">>(
  { find: text(64), sort: word, down: fc.boolean(), skip: count },
  [],
);

const eventFields = {
  event: word,
  time: moment,
  n: positive,
  decision: word,
  whom: text(128),
  until: moment,
  user: name,
  by: name,
  address: place,
  program: name,
  reason: text(200),
  file,
  name: fileName,
  sizeBytes: count,
  to: fc.array(name, { maxLength: FILE_TARGETS_MAX }),
  record,
  room: fields<NonNullable<Told["room"]>>({ room: name, name }, ["room"]),
  between: fc.array(name, { maxLength: 2 }),
  skipped: positive,
};
const event = fields<Told>(eventFields, ["event", "time"]);

export const ANY_ADMIN_REQUEST = {
  events: accepted,
  decisions: fields<RequestFields<"decisions">>(
    { since: moment, until: moment, before: fc.record({ accounts: positive, history: positive }) },
    [],
  ),
  announce: fc.record({ text: text(200) }),
  accounts: listing,
  "all-rooms": listing,
  "all-files": listing,
  cancel: fc.record({ file, user: name, direction: fc.constantFrom("up", "down") }),
  download: fc.record({ file }),
  watch: fc.record({ on: fc.boolean() }),
  clients: fields<RequestFields<"clients">>({ after: count }, []),
  transfers: accepted,
  stats: accepted,
  samples: fields<RequestFields<"samples">>({ after: count }, []),
};

type AccountEntry = Answer<"accounts">["accounts"][number];
const accountEntry = fields<AccountEntry>(
  {
    user: name,
    since: moment,
    seen: moment,
    online: fc.boolean(),
    operator: fc.boolean(),
    banned: fc.boolean(),
    password: fc.boolean(),
    devices: count,
    bytes: count,
  },
  ["user", "since", "online", "operator", "banned", "password", "devices", "bytes"],
);
type RoomEntry = Answer<"all-rooms">["rooms"][number];
const roomEntry = fields<RoomEntry>(
  {
    room: name,
    topic: text(200),
    members: count,
    records: count,
    files: count,
    bytes: count,
    locked: fc.boolean(),
    sealed: fc.boolean(),
    closed: fc.boolean(),
    keepMs: positive,
    vacant: fc.boolean(),
  },
  [
    ...(["room", "topic", "members", "records", "files", "bytes"] as const),
    ...(["locked", "sealed", "closed"] as const),
  ],
);
const fileEntry = fields<Answer<"all-files">["files"][number]>(
  {
    file,
    name: fileName,
    user: name,
    time: moment,
    bytes: count,
    rooms: fc.array(name, { maxLength: 3 }),
    seqs: fc.array(positive, { maxLength: 3 }),
  },
  ["file", "user", "time", "bytes", "rooms", "seqs"],
);

export const ANY_ADMIN_ANSWER = {
  announce: accepted,
  events: fc.record({ since: moment, events: fc.array(event, { maxLength: 3 }) }),
  decisions: fields<Answer<"decisions">>(
    {
      events: fc.array(event, { maxLength: 3 }),
      next: fc.record({ accounts: positive, history: positive }),
    },
    ["events"],
  ),
  accounts: fc.record({ accounts: fc.array(accountEntry, { maxLength: 5 }), total: count }),
  "all-rooms": fc.record({ rooms: fc.array(roomEntry, { maxLength: 5 }), total: count }),
  "all-files": fc.record({
    files: fc.array(fileEntry, { maxLength: 5 }),
    total: count,
    bytes: count,
  }),
  cancel: accepted,
  download: fc.record({ path: text(128) }),
  watch: accepted,
  clients: fc.record({ clients: fc.array(client, { maxLength: 5 }), more: fc.boolean() }),
  transfers: fc.record({ transfers: fc.array(transfer, { maxLength: 5 }), more: count }),
  stats: fields<Answer<"stats">>(
    stats,
    (Object.keys(stats) as (keyof typeof stats)[]).filter((key) => !MAY_LACK.has(key)),
  ),
  samples: fields<Answer<"samples">>(
    {
      since: moment,
      last: count,
      more: fc.boolean(),
      time: fc.array(moment, { maxLength: 5 }),
      posts: column,
      receivedBytes: column,
      sentBytes: column,
      links: column,
      online: column,
      memoryBytes: column,
      diskFreeBytes: column,
    },
    [
      ...(["since", "last", "more", "time", "posts", "receivedBytes", "sentBytes"] as const),
      ...(["links", "online", "memoryBytes"] as const),
    ],
  ),
};

export const ANY_ADMIN_NOTICE = {
  announced: fc.record({ text: text(200), by: name, time: moment }),
  "disk-low": fc.record({ on: fc.boolean(), freeBytes: count, keepFreeBytes: count }),
  event,
};
