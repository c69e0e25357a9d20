import type * as v from "valibot";
import { toBase64Url, utf8Encode } from "../../src/base/bytes.ts";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { secret } from "../../src/wire/field.ts";
import { NOTICES, REQUESTS, type RequestKind } from "../../src/wire/messages.ts";
import { SEALED_REQUESTS } from "../../src/wire/messages-sealed.ts";
import { commitBytes, GROUP } from "../server/sealed/sealed-lab.ts";
import { digestOf } from "../wire/digest.ts";
import type { SeededRandom } from "../worlds/seeded-random.ts";
import { ABSENT, accepted, bare, candidates } from "./boundary.ts";
import type { Facts } from "./facts.ts";

export interface Case {
  readonly kind: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Asker {
  readonly random: SeededRandom;
  readonly facts: Facts;
  readonly ownRoom: string;
  readonly file: string;
  readonly token: string;
  readonly sealedRoom: string;
  readonly epoch: number;
}

type Entries = v.ObjectEntries;

export const EMPTY_DIGEST = digestOf([], sha256);
const KINDS = Object.keys(REQUESTS) as RequestKind[];
const REQUEST_ENTRIES = new Map<string, Entries>(
  Object.entries(REQUESTS).map(([kind, { fields }]) => [kind, fields as Entries]),
);
const NOTICE_ENTRIES = new Map<string, Entries>(
  Object.entries(NOTICES).map(([kind, fields]) => [kind, fields as Entries]),
);

function kindsWeighted(kinds: readonly string[]): string[] {
  return kinds.flatMap((kind) => {
    const fields = Object.keys(REQUEST_ENTRIES.get(kind) ?? NOTICE_ENTRIES.get(kind) ?? {});
    return Array.from({ length: 1 + fields.length }, () => kind);
  });
}

const ALL_WEIGHTED = kindsWeighted(KINDS);
export const SEALED_KINDS = kindsWeighted([...Object.keys(SEALED_REQUESTS), "post", "leave"]);
export const CHANNEL_KINDS = kindsWeighted(["offer", "finish", "withdraw", "fetch", "got"]);

/** Reports whether an answer may be delayed, by a password check or another device. */
export function mayWait(kind: string): boolean {
  if (kind === "link") return true;
  const entries = Object.values(REQUEST_ENTRIES.get(kind) ?? {});
  return entries.some((schema) => bare(schema as v.GenericSchema) === secret);
}

export function anyRequest(asker: Asker, kinds: readonly string[] = ALL_WEIGHTED): Case {
  const kind = asker.random.pick(kinds);
  return { kind, fields: anyFields(kind, REQUEST_ENTRIES.get(kind) ?? {}, asker) };
}

export function commitOf({ sealedRoom, epoch, random }: Asker, commitId: string): Case {
  const fields = { target: sealedRoom, group: GROUP, epoch, commitId, added: [], removed: [] };
  const secrets = { commit: commitBytes(epoch, commitId), info: random.bytes(100) };
  return { kind: "group-commit", fields: { ...fields, ...secrets } };
}

export function sealedPost(asker: Asker, to: string): Case {
  const { random, epoch } = asker;
  const body = { text: "", sealed: { epoch, ciphertext: random.bytes(1 + random.int(300)) } };
  return { kind: "post", fields: { outbox: outbox(asker), counter: 1, to, body } };
}

export function anyNotice(asker: Asker): Case {
  const kind = asker.random.pick([...NOTICE_ENTRIES.keys()]);
  return { kind, fields: anyFields(kind, NOTICE_ENTRIES.get(kind) ?? {}, asker) };
}

export function anyTransferNotice(asker: Asker): Case {
  const kind = asker.random.chance(0.7) ? "chunk" : "ack";
  const fields = anyFields(kind, NOTICE_ENTRIES.get(kind) ?? {}, asker);
  const { bytes } = fields;
  const isRight = bytes instanceof Uint8Array && asker.random.chance(0.7);
  return { kind, fields: isRight ? { ...fields, sha256: sha256(bytes) } : fields };
}

/** Requests in which a single number has a value at its limits. */
export function* everyNumber(asker: Asker): Iterable<Case> {
  for (const [kind, entries] of REQUEST_ENTRIES) {
    for (const [name, schema] of Object.entries(entries)) {
      for (const value of candidates(schema as v.GenericSchema)) {
        const fields = { ...plainFields(kind, entries, asker), [name]: value };
        if (typeof value === "number") yield { kind, fields: asItsCommit(kind, fields) };
      }
    }
  }
}

function anyFields(kind: string, entries: Entries, asker: Asker): Record<string, unknown> {
  const { random } = asker;
  const fields = plainFields(kind, entries, asker);
  const names = Object.keys(entries);
  if (names.length === 0) return fields;
  const edges = random.pick([0, 1, 1, 1, 2, 2, 2, 2, 3, names.length]);
  for (let i = 0; i < edges; i++) {
    const name = random.pick(names);
    const value = random.pick(candidates(entries[name] as v.GenericSchema));
    if (value === ABSENT) delete fields[name];
    else fields[name] = value;
  }
  return random.chance(0.8) ? asItsCommit(kind, fields) : fields;
}

/** Public part of a commit, which must match its request; otherwise the server stops checking. */
function asItsCommit(kind: string, fields: Record<string, unknown>): Record<string, unknown> {
  const { epoch, commitId } = fields;
  if (kind !== "group-commit" || typeof epoch !== "number") return fields;
  if (typeof commitId !== "string" || utf8Encode(commitId).length > 63) return fields;
  return { ...fields, commit: commitBytes(epoch, commitId) };
}

function plainFields(kind: string, entries: Entries, asker: Asker): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(entries)) {
    const isOptional = (schema as { type: string }).type === "optional";
    if (isOptional && asker.random.chance(0.6)) continue;
    const value = plain(kind, name, schema as v.GenericSchema, asker);
    if (value !== ABSENT) fields[name] = value;
  }
  return fields;
}

function plain(kind: string, name: string, schema: v.GenericSchema, asker: Asker): unknown {
  const known = KNOWN[`${kind}.${name}`] ?? KNOWN[name];
  const value = known?.(asker) ?? asker.facts.draw(name, asker.random);
  if (value !== undefined) return value;
  return asker.random.pick(accepted(schema));
}

const fact = (pool: string) => (asker: Asker) => asker.facts.draw(pool, asker.random);
const roomName = ({ ownRoom, random, facts }: Asker) =>
  random.chance(0.6)
    ? ownRoom
    : (facts.draw(random.chance(0.3) ? "sealedRoom" : "roomName", random) ?? "lobby");
const target = (asker: Asker) =>
  asker.random.chance(0.7)
    ? roomName(asker)
    : `@${asker.facts.draw("user", asker.random) ?? "ana"}`;
const sealedRoom = (asker: Asker) =>
  asker.random.chance(0.8)
    ? asker.sealedRoom
    : (asker.facts.draw("sealedRoom", asker.random) ?? target(asker));
const outbox = ({ random }: Asker) =>
  random.bytes(8).toBase64({ alphabet: "base64url", omitPadding: true });

/** Values by field, or by kind and field if a field has another meaning in that kind. */
const KNOWN: Readonly<Record<string, (asker: Asker) => unknown>> = {
  user: fact("user"),
  "register.user": ({ random }) => `r${random.int(1e9)}`,
  "fetch.from": () => 0,
  from: fact("user"),
  room: roomName,
  "read.room": fact("roomId"),
  post: roomName,
  target,
  to: target,
  "post.to": (asker) => (asker.random.chance(0.4) ? sealedRoom(asker) : target(asker)),
  "offer.to": (asker) => [asker.random.chance(0.3) ? sealedRoom(asker) : target(asker)],
  outbox,
  counter: () => 1,
  body: ({ random, epoch }) =>
    random.chance(0.3)
      ? { text: "", sealed: { epoch, ciphertext: random.bytes(1 + random.int(300)) } }
      : { text: `said ${random.int(1_000)}` },
  token: ({ token }) => token,
  secret: fact("token"),
  password: () => "pass",
  file: (asker) => asker.facts.draw("file", asker.random) ?? asker.file,
  "edit.seq": fact("postSeq"),
  "erase.seq": fact("postSeq"),
  "put.to": (asker) => [asker.random.chance(0.3) ? sealedRoom(asker) : target(asker)],
  "put.file": ({ random }) => `f${toBase64Url(random.bytes(8))}`,
  "put.sha256": () => EMPTY_DIGEST,
  "put.bytes": () => new Uint8Array(),
  "offer.file": ({ file }) => file,
  "finish.file": ({ file }) => file,
  "chunk.file": ({ file }) => file,
  "ack.file": ({ file }) => file,
  "offer.name": ({ random }) => (random.chance(0.3) ? "sealed" : `file ${random.int(100)}.txt`),
  "offer.size": ({ random }) => random.pick([0, 0, 1, CHUNK_BYTES]),
  "finish.size": () => 0,
  "finish.chunks": () => 0,
  digest: () => EMPTY_DIGEST,
  bytes: ({ random }) => utf8Encode("x".repeat(random.pick([1, 100, CHUNK_BYTES]))),
  on: ({ random }) => random.chance(0.7),
  create: () => true,
  "join.sealed": ({ random }) => random.chance(0.5),
  "group.target": sealedRoom,
  "group-create.target": sealedRoom,
  "group-commit.target": sealedRoom,
  group: () => GROUP,
  commitId: ({ random }) => `commit-${random.int(2 ** 31)}`,
  "group-commit.epoch": ({ epoch }) => epoch,
  added: (asker) => {
    const known = asker.facts.draw("certified", asker.random);
    return known === undefined || asker.random.chance(0.5) ? [] : [known];
  },
  removed: ({ random }) => (random.chance(0.7) ? [] : [random.bytes(32)]),
  packages: ({ random }) => Array.from({ length: random.int(4) }, () => random.bytes(300)),
  "seal-lease.count": ({ random }) => random.int(3),
};
