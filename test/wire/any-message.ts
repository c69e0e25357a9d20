import fc from "fast-check";
import {
  CHUNK_BYTES,
  FILE_TARGETS_MAX,
  FOLDER_ENTRIES_MAX,
  MANIFEST_BYTES_MAX,
  NOTE_BYTES_MAX,
  PINS_MAX,
  PROOF_HASHES_MAX,
  PROOFS_TOGETHER_MAX,
  RETENTION_MS_MAX,
  RETENTION_MS_MIN,
  TRANSFER_WINDOW_BYTES_MAX,
  TYPING_NAMED_MAX,
  WELCOME_BYTES_MAX,
} from "../../src/base/limits.ts";
import { CLUSTER_PLACES_MAX } from "../../src/base/limits-cluster.ts";
import type {
  Answer,
  NoticeKind,
  NoticeOf,
  RequestFields,
  RequestKind,
} from "../../src/wire/messages.ts";
import { ANY_ADMIN_ANSWER, ANY_ADMIN_NOTICE, ANY_ADMIN_REQUEST } from "./any-admin.ts";
import {
  accepted,
  bytes,
  count,
  exact,
  fields,
  file,
  fileName,
  moment,
  name,
  positive,
  record,
  secret,
  size,
  text,
  topic,
} from "./any-field.ts";
import { ANY_PUSH_ANSWER, ANY_PUSH_REQUEST } from "./any-push.ts";
import { ANY_SEALED_ANSWER, ANY_SEALED_REQUEST } from "./any-sealed.ts";

/** Arbitrary messages: one of each kind, as the compiler sees to. */

const room = fields<Answer<"history">["rooms"][number]>(
  {
    room: name,
    name,
    with: name,
    topic,
    closed: fc.boolean(),
    locked: fc.boolean(),
    keepMs: positive,
    pins: fc.array(positive, { maxLength: PINS_MAX }),
    receipts: fc.boolean(),
    receiptsWanted: fc.boolean(),
    sealed: fc.boolean(),
  },
  ["room"],
);
const roomPrefs = fields<RequestFields<"prefs-set">>(
  { room: name, muted: moment, favourite: fc.boolean(), hidden: count, unread: positive },
  ["room"],
);
const path = fc.array(exact(32), { maxLength: PROOF_HASHES_MAX });
const fault = { code: name, message: name, remedy: name, retryAfterMs: count };
const account = fields<Answer<"login">>({ account: name, user: name, seq: count }, [
  "account",
  "user",
  "seq",
]);
const window = fc.integer({ min: CHUNK_BYTES, max: TRANSFER_WINDOW_BYTES_MAX });
const folder = fc.record({
  entries: fc.integer({ min: 0, max: FOLDER_ENTRIES_MAX }),
  manifestBytes: fc.integer({ min: 1, max: MANIFEST_BYTES_MAX }),
});

export const ANY_REQUEST: { [Kind in RequestKind]: fc.Arbitrary<RequestFields<Kind>> } = {
  admit: fc.record({ secret }),
  register: fields<RequestFields<"register">>(
    {
      user: name,
      password: secret,
      deviceKey: exact(32),
      accountKey: exact(32),
      deviceCert: bytes(1024),
      presence: fc.boolean(),
    },
    ["user", "deviceKey", "accountKey", "deviceCert"],
  ),
  login: fields<RequestFields<"login">>(
    {
      user: name,
      deviceKey: exact(32),
      signature: exact(64),
      password: secret,
      after: count,
      pinnedSize: count,
      presence: fc.boolean(),
    },
    ["user", "deviceKey"],
  ),
  logout: fields<RequestFields<"logout">>({ forget: fc.boolean() }, []),
  passwd: fc.record({ password: secret }),
  link: fc.record({ code: exact(32), deviceKey: exact(32), mac: exact(32) }),
  devices: accepted,
  revoke: fc.record({ device: name }),
  "link-offer": fc.record({ code: exact(32) }),
  "link-grant": fc.record({
    code: exact(32),
    deviceKey: exact(32),
    deviceCert: bytes(1024),
    key: bytes(256),
  }),
  typing: fc.record({ room: name, on: fc.boolean() }),
  pin: fc.record({ seq: positive, on: fc.boolean() }),
  pins: fields<RequestFields<"pins">>({ target: name, before: positive }, ["target"]),
  receipts: fc.record({ target: name, on: fc.boolean() }),
  readers: fc.record({ seq: positive }),
  edit: fc.record({ seq: positive, text: text(200) }),
  erase: fc.record({ seq: positive }),
  "erase-all": fields<RequestFields<"erase-all">>({ user: name, after: count }, []),
  unregister: fc.constant({}),
  retention: fields<RequestFields<"retention">>(
    { room: name, keepMs: fc.integer({ min: RETENTION_MS_MIN, max: RETENTION_MS_MAX }) },
    ["room"],
  ),
  kick: fc.record({ room: name, user: name }),
  mute: fields<RequestFields<"mute">>({ room: name, user: name, on: fc.boolean(), until: moment }, [
    "room",
    "user",
    "on",
  ]),
  grant: fields<RequestFields<"grant">>({ room: name, user: name, on: fc.boolean() }, [
    "user",
    "on",
  ]),
  operate: fc.record({ token: secret }),
  recover: fc.record({ token: name, password: secret }),
  rename: fields<RequestFields<"rename">>({ user: name, room: name, to: name }, ["to"]),
  remove: fields<RequestFields<"remove">>({ user: name, room: name }, []),
  close: fc.record({ room: name, on: fc.boolean() }),
  reset: fields<RequestFields<"reset">>({ user: name, expires: moment, signOut: fc.boolean() }, [
    "user",
  ]),
  ban: fields<RequestFields<"ban">>(
    { user: name, address: name, on: fc.boolean(), until: moment, reason: topic },
    ["on"],
  ),
  bans: fields<RequestFields<"bans">>({ after: count }, []),
  registration: fields<RequestFields<"registration">>({ closed: fc.boolean() }, []),
  invite: fields<RequestFields<"invite">>(
    { uses: positive, expires: moment, room: name, post: name, read: name },
    [],
  ),
  invites: fields<RequestFields<"invites">>({ after: count }, []),
  "sign-out": fc.record({ user: name }),
  "invite-revoke": fc.record({ invite: name }),
  join: fields<RequestFields<"join">>(
    { room: name, password: secret, create: fc.boolean(), sealed: fc.boolean() },
    ["room"],
  ),
  leave: fields<RequestFields<"leave">>({ room: name, epoch: count, signature: exact(64) }, [
    "room",
  ]),
  topic: fc.record({ room: name, topic }),
  rooms: fields<RequestFields<"rooms">>({ after: name }, []),
  who: fields<RequestFields<"who">>({ room: name, after: name }, []),
  ignore: fc.record({ user: name, on: fc.boolean() }),
  ignored: accepted,
  prefs: accepted,
  "prefs-set": roomPrefs,
  save: fc.record({ room: name, seq: positive, on: fc.boolean() }),
  read: fc.record({ room: name, n: count }),
  post: fc.record({
    outbox: name,
    counter: positive,
    to: name,
    body: fields<RequestFields<"post">["body"]>(
      {
        text: text(200),
        action: fc.boolean(),
        react: text(64),
        re: positive,
        mentions: fc.array(name),
        imported: fc.record({ from: text(200), time: moment }),
        sealed: fc.record({ epoch: count, ciphertext: fc.uint8Array({ minLength: 1 }) }),
      },
      ["text"],
    ),
  }),
  history: fields<RequestFields<"history">>(
    {
      target: name,
      from: name,
      since: moment,
      until: moment,
      grep: name,
      ignoreCase: fc.boolean(),
      files: fc.boolean(),
      kinds: fc.array(text(32), { minLength: 1, maxLength: 32 }),
      after: count,
      before: positive,
      limit: fc.integer({ min: 1, max: 1_000 }),
    },
    ["limit"],
  ),
  checkpoint: fc.record({ from: count }),
  inclusion: fc.record({
    size: positive,
    seqs: fc.array(positive, { minLength: 1, maxLength: PROOFS_TOGETHER_MAX }),
  }),
  ticket: accepted,
  lane: fc.record({ ticket: name }),
  offer: fields<RequestFields<"offer">>(
    {
      file,
      to: fc.array(name, { minLength: 1, maxLength: FILE_TARGETS_MAX }),
      name: fileName,
      size,
      folder,
    },
    ["file", "to", "name"],
  ),
  finish: fc.record({ file, size, chunks: count, digest: exact(32) }),
  withdraw: fc.record({ file }),
  fetch: fc.record({ file, from: count, window }),
  got: fc.record({ file }),
  ...ANY_ADMIN_REQUEST,
  ...ANY_SEALED_REQUEST,
  ...ANY_PUSH_REQUEST,
};

export const ANY_ANSWER: { [Kind in RequestKind]: fc.Arbitrary<Answer<Kind>> } = {
  admit: accepted,
  typing: accepted,
  pin: fc.record({ seq: positive }),
  pins: fc.record({ records: fc.array(record), rooms: fc.array(room), more: fc.boolean() }),
  receipts: fc.record({ seq: positive }),
  readers: fc.record({ readers: count, of: count, users: fc.array(name, { maxLength: 5 }) }),
  register: account,
  login: account,
  logout: accepted,
  passwd: accepted,
  link: fc.record({ user: name, key: bytes(256) }),
  devices: fc.record({
    devices: fc.array(
      fc.record(
        {
          device: name,
          since: moment,
          certified: fc.boolean(),
          current: fc.boolean(),
          online: fc.boolean(),
          client: name,
          seen: moment,
        },
        { requiredKeys: ["device", "since", "certified", "current", "online"] },
      ),
      { maxLength: 5 },
    ),
  }),
  revoke: accepted,
  "link-offer": accepted,
  "link-grant": accepted,
  edit: fc.record({ seq: positive }),
  erase: fc.record({ seq: positive }),
  "erase-all": fields<Answer<"erase-all">>({ erased: count, next: positive }, ["erased"]),
  unregister: accepted,
  retention: fc.record({ seq: positive }),
  kick: fc.record({ seq: positive }),
  mute: fc.record({ seq: positive }),
  grant: accepted,
  operate: accepted,
  recover: fc.record({ user: name }),
  rename: accepted,
  remove: accepted,
  close: fc.record({ seq: positive }),
  reset: fc.record({ user: name, token: name, expires: moment }),
  ban: accepted,
  bans: fields<Answer<"bans">>(
    {
      bans: fc.array(
        fields<Answer<"bans">["bans"][number]>(
          { user: name, address: name, until: moment, reason: name },
          [],
        ),
        { maxLength: 5 },
      ),
      next: count,
    },
    ["bans"],
  ),
  registration: fc.record({ closed: fc.boolean() }),
  invite: fc.record({ invite: name, token: name }),
  invites: fields<Answer<"invites">>(
    {
      invites: fc.array(
        fields<Answer<"invites">["invites"][number]>(
          {
            invite: name,
            by: name,
            usesLeft: count,
            expires: moment,
            room: name,
            post: name,
            read: name,
          },
          ["invite"],
        ),
        { maxLength: 5 },
      ),
      next: count,
    },
    ["invites"],
  ),
  "sign-out": accepted,
  "invite-revoke": accepted,
  join: fc.record({ room: name, name, created: fc.boolean(), joined: fc.boolean() }),
  leave: accepted,
  topic: fc.record({ seq: positive }),
  rooms: fc.record({
    rooms: fc.array(
      fields<Answer<"rooms">["rooms"][number]>(
        {
          room: name,
          topic,
          members: count,
          joined: fc.boolean(),
          sealed: fc.boolean(),
          locked: fc.boolean(),
          unread: count,
        },
        ["room", "topic", "members", "joined", "sealed", "locked"],
      ),
      { maxLength: 5 },
    ),
    more: fc.boolean(),
  }),
  who: fc.record({
    users: fc.array(fc.record({ user: name, online: fc.boolean(), role: name })),
    more: fc.boolean(),
  }),
  ignore: accepted,
  ignored: fc.record({ users: fc.array(name) }),
  prefs: fc.record({
    rooms: fc.array(roomPrefs, { maxLength: 5 }),
    saved: fc.array(fc.record({ room: name, seq: positive }), { maxLength: 5 }),
  }),
  "prefs-set": accepted,
  save: accepted,
  read: accepted,
  post: fields<Answer<"post">>({ seq: positive, n: positive, time: moment, queued: fc.boolean() }, [
    "seq",
    "n",
    "time",
  ]),
  history: fc.record({
    records: fc.array(record, { maxLength: 5 }),
    rooms: fc.array(room, { maxLength: 5 }),
    more: fc.boolean(),
  }),
  checkpoint: fc.record({ note: text(NOTE_BYTES_MAX), path }),
  inclusion: fc.record({
    proofs: fc.array(fc.record({ seq: positive, leaf: exact(32), path }), { maxLength: 5 }),
  }),
  ticket: fc.record({ ticket: name }),
  lane: fields<Answer<"lane">>({ file }, []),
  offer: fc.record({ have: count, window }),
  finish: fc.record({
    posted: fc.array(
      fields<Answer<"finish">["posted"][number]>(
        { to: name, seq: positive, n: positive, time: moment, queued: fc.boolean() },
        ["to", "seq", "n", "time"],
      ),
      { maxLength: 5 },
    ),
    refused: fc.array(fc.record({ to: name, code: name, message: name }), { maxLength: 5 }),
  }),
  withdraw: accepted,
  fetch: fields<Answer<"fetch">>({ name: fileName, from: name, size, digest: exact(32), folder }, [
    "name",
    "from",
  ]),
  got: accepted,
  ...ANY_ADMIN_ANSWER,
  ...ANY_SEALED_ANSWER,
  ...ANY_PUSH_ANSWER,
};

type NoticeFields<Kind extends NoticeKind> = Omit<NoticeOf<Kind>, "kind">;

export const ANY_NOTICE: { [Kind in NoticeKind]: fc.Arbitrary<NoticeFields<Kind>> } = {
  hello: fc.record({
    versions: fc.array(positive, { minLength: 1, maxLength: 16 }),
    client: name,
    nonce: exact(32),
  }),
  welcome: fields<NoticeFields<"welcome">>(
    {
      version: positive,
      server: fc.record({ name, key: exact(32) }),
      nonce: exact(32),
      certificate: exact(32),
      proof: exact(64),
      needs: fc.constantFrom("password", "open"),
      text: text(WELCOME_BYTES_MAX),
      limits: fc.record({ messageBytes: positive, textBytes: positive }),
      predecessors: fc.array(fc.record({ key: exact(32), signature: exact(64) }), {
        maxLength: 8,
      }),
      build: name,
      majority: fc.boolean(),
    },
    ["version", "server", "nonce", "certificate", "proof", "needs", "limits"],
  ),
  ok: fc.record({ ref: fc.integer({ min: 1, max: 0xffffffff }) }),
  fault: fields<NoticeFields<"fault">>({ ref: fc.integer({ min: 1, max: 0xffffffff }), ...fault }, [
    "code",
    "message",
  ]),
  majority: fc.record({ on: fc.boolean() }),
  room: fields<NoticeFields<"room">>(
    {
      room: name,
      name,
      with: name,
      topic,
      closed: fc.boolean(),
      sealed: fc.boolean(),
      locked: fc.boolean(),
      keepMs: positive,
      pins: fc.array(positive, { maxLength: PINS_MAX }),
      receipts: fc.boolean(),
      receiptsWanted: fc.boolean(),
      n: positive,
      skipped: count,
      read: count,
      unread: count,
      moderates: fc.boolean(),
      behind: fc.boolean(),
    },
    ["room", "n", "skipped"],
  ),
  read: fields<NoticeFields<"read">>({ room: name, n: count, unread: count }, ["room", "n"]),
  ignored: fc.record({ users: fc.array(name) }),
  "prefs-set": roomPrefs,
  save: fc.record({ room: name, seq: positive, on: fc.boolean() }),
  servers: fc.record({
    places: fc.array(fc.record({ host: text(255), port: positive }), {
      maxLength: CLUSTER_PLACES_MAX,
    }),
  }),
  "link-asked": fc.record({ code: exact(32), deviceKey: exact(32), mac: exact(32) }),
  "room-gone": fc.record({ room: name }),
  record,
  presences: fc.record({
    room: name,
    online: fc.array(name, { maxLength: 5 }),
    offline: fc.array(name, { maxLength: 5 }),
  }),
  typing: fc.record({ room: name, users: fc.array(name, { maxLength: TYPING_NAMED_MAX }) }),
  records: fc.record({ records: fc.array(record, { minLength: 1, maxLength: 5 }) }),
  "key-packages-low": fc.record({ left: count }),
  invited: fields<NoticeFields<"invited">>({ room: name, by: name }, ["room"]),
  "guess-delay": fc.record({
    waitMs: count,
    of: fc.constantFrom("address", "account", "everyone"),
  }),
  "caught-up": fc.record({ seq: count }),
  presence: fc.record({ room: name, user: name, online: fc.boolean() }),
  chunk: fc.record({ file, index: count, sha256: exact(32), bytes: bytes(300) }),
  ack: fc.record({ file, index: count }),
  durable: fc.record({ file, upTo: count }),
  held: fc.record({ file, where: fc.constantFrom("sender", "disk") }),
  end: fc.record({ file, size, chunks: count, digest: exact(32) }),
  offered: fields<NoticeFields<"offered">>(
    { room: name, file, from: name, name: fileName, size, folder },
    ["room", "file", "from", "name"],
  ),
  ...ANY_ADMIN_NOTICE,
  ping: accepted,
  pong: accepted,
  bye: fields<NoticeFields<"bye">>(fault, ["code", "message"]),
};

export const REF = fc.integer({ min: 1, max: 0xffffffff });
