/** Claims of decisions in version 0.2.0, as released. Never changed. */

import { foldName, type Name } from "../../../src/base/names.ts";



interface ReleasedDraft {
  readonly kind: string;
  readonly room: string;
  readonly by: string;
  readonly id: string;
  readonly body: unknown;
}

interface Claims {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

export function claimsOf({ kind, room, by, id, body }: ReleasedDraft): Claims {
  const fields = (typeof body === "object" && body !== null ? body : {}) as Fields;
  const author = [`room ${room}`, `member ${room} ${by}`, `account ${by}`];
  switch (kind) {
    case "text":
    case "action":
    case "reaction":
      return { reads: author, writes: NOTHING };
    case "sealed":
      // A post to a sealed room requires that the devices of departed users have been removed.
      return { reads: [...author, `gone ${room}`], writes: NOTHING };
    case "file": {
      const announced = `file ${id} ${room}`;
      return { reads: [...author, announced], writes: [announced] };
    }
    case "edit":
      return recordClaims([...author, ERASURES], [fields.seq]);
    case "erase": {
      const { reads, writes } = recordClaims(author, [fields.seq, ...listOf(fields.also)]);
      return { reads: [...reads, ERASURES], writes: [...writes, ERASURES] };
    }
    case "pin": {
      const { reads, writes } = recordClaims([...author, ERASURES], [fields.seq]);
      const list = `pins ${room}`; // The number of pins is limited.
      return { reads: [...reads, list], writes: [...writes, list] };
    }
    case "receipts":
      return changes(author, [`receipts ${room}`]);
    case "topic":
      return changes(author, [`topic ${room}`]);
    case "room":
      return changes(NOTHING, [`room ${room}`, ...nameFact(fields.name)]);
    case "join":
      // A join does not read the list of all members, so concurrent joins may exceed the maximum
      // number of members by the number of servers.
      return changes([`room ${room}`, `account ${by}`], [`member ${room} ${by}`]);
    case "leave":
      return changes([`room ${room}`, `account ${by}`], [`member ${room} ${by}`, `gone ${room}`]);
    case "kick":
      return changes(author, [`member ${room} ${String(fields.user)}`, `gone ${room}`]);
    case "mute":
    case "grant": {
      const target = `member ${room} ${String(fields.user)}`;
      return changes(author, [target]);
    }
    case "rename":
      // In a room, the record of a renamed account is only informative.
      if (fields.user !== undefined) return changes(author, [`called ${room} ${fields.user}`]);
      return changes(author, [`room ${room}`, ...nameFact(fields.was), ...nameFact(fields.name)]);
    case "close":
    case "remove":
    case "retention":
    case "group":
      return changes(author, [`room ${room}`]);
    case "account":
    case "account-name":
      return changes(["house"], [`account ${room}`, ...nameFact(fields.name)]);
    case "registration":
      return changes(NOTHING, ["house"]);
    case "invite":
    case "invite-used":
    case "invite-gone":
      return changes(NOTHING, [`invite ${room}`]);
    case "prefs":
    case "prefs-erase":
      // These records conflict only with the removal of the account, which blanks them.
      return changes([`account ${room}`], [`prefs ${room}`]);
    case "account-gone":
      return changes([`prefs ${room}`], [`account ${room}`]);
    case "ban":
    case "role":
    case "device":
    case "device-gone":
    case "password":
    case "reset":
    case "ignore":
      return changes(NOTHING, [`account ${room}`]);
    case "checkpoint":
    case "fork":
    case "room-password":
    case "announcement":
    case "identity":
      return changes(NOTHING, [`${kind} ${room}`]);
    default:
      throw new Error(kind);
  }
}

interface Fields {
  readonly name?: unknown;
  readonly was?: unknown;
  readonly user?: unknown;
  readonly seq?: unknown;
  readonly also?: unknown;
}

const NOTHING: readonly string[] = [];
const ERASURES = "erasures";

function changes(reads: readonly string[], writes: readonly string[]): Claims {
  return { reads: [...reads, ...writes], writes };
}

function recordClaims(reads: readonly string[], seqs: readonly unknown[]): Claims {
  return changes(
    reads,
    seqs.map((seq) => `record ${seq}`),
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function nameFact(name: unknown): readonly string[] {
  return typeof name === "string" ? [`name ${foldName(name as Name)}`] : NOTHING;
}
