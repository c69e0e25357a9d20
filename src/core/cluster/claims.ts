import { unreachable } from "../../base/assert.ts";
import { foldName, type Name } from "../../base/names.ts";
import type { LogName } from "../../wire/kinds.ts";
import type { Draft } from "../../wire/record.ts";

export type Place = LogName;

/**
 * What a decision rests on, and what its record changes, as words that name one fact each. A
 * decision holds as long as nothing that it reads was changed since the state that it saw.
 */
export interface Claims {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/**
 * Of one draft, or of the record that it became. Every draft without an id of its own changes
 * something that it reads: told twice, it counts once.
 */
export function claimsOf({ kind, room, by, id, body }: Draft): Claims {
  const fields = (typeof body === "object" && body !== null ? body : {}) as Fields;
  const speaker = [`room ${room}`, `member ${room} ${by}`, `account ${by}`];
  switch (kind) {
    case "text":
    case "action":
    case "reaction":
      return { reads: speaker, writes: NOTHING };
    case "sealed":
      // Nobody says anything there before the devices of who left are removed.
      return { reads: [...speaker, `gone ${room}`], writes: NOTHING };
    case "file": {
      const told = `file ${id} ${room}`;
      return { reads: [...speaker, told], writes: [told] };
    }
    case "edit":
      return ofRecords([...speaker, ERASURES], [fields.seq]);
    case "erase": {
      const { reads, writes } = ofRecords(speaker, [fields.seq, ...listOf(fields.also)]);
      return { reads: [...reads, ERASURES], writes: [...writes, ERASURES] };
    }
    case "pin": {
      const { reads, writes } = ofRecords([...speaker, ERASURES], [fields.seq]);
      const list = `pins ${room}`; // It is bounded.
      return { reads: [...reads, list], writes: [...writes, list] };
    }
    case "receipts":
      return changing(speaker, [`receipts ${room}`]);
    case "topic":
      return changing(speaker, [`topic ${room}`]);
    case "room":
      return changing(NOTHING, [`room ${room}`, ...named(fields.name)]);
    case "join":
      // Not the whole roster: its bound may be passed by as many as there are servers.
      return changing([`room ${room}`, `account ${by}`], [`member ${room} ${by}`]);
    case "leave":
      return changing([`room ${room}`, `account ${by}`], [`member ${room} ${by}`, `gone ${room}`]);
    case "kick":
      return changing(speaker, [`member ${room} ${String(fields.user)}`, `gone ${room}`]);
    case "mute":
    case "grant": {
      const target = `member ${room} ${String(fields.user)}`;
      return changing(speaker, [target]);
    }
    case "rename":
      // Of an account it is news for the room, and no more.
      if (fields.user !== undefined) return changing(speaker, [`called ${room} ${fields.user}`]);
      return changing(speaker, [`room ${room}`, ...named(fields.was), ...named(fields.name)]);
    case "close":
    case "remove":
    case "retention":
    case "group":
      return changing(speaker, [`room ${room}`]);
    case "account":
    case "account-name":
      return changing(["house"], [`account ${room}`, ...named(fields.name)]);
    case "registration":
      return changing(NOTHING, ["house"]);
    case "invite":
    case "invite-used":
    case "invite-gone":
      return changing(NOTHING, [`invite ${room}`]);
    case "prefs":
    case "prefs-erase":
      // No word of the account rests on them; its removal does, which blanks them.
      return changing([`account ${room}`], [`prefs ${room}`]);
    case "account-gone":
      return changing([`prefs ${room}`], [`account ${room}`]);
    case "ban":
    case "role":
    case "device":
    case "device-gone":
    case "password":
    case "reset":
    case "ignore":
      return changing(NOTHING, [`account ${room}`]);
    case "checkpoint":
    case "fork":
    case "room-password":
    case "announcement":
    case "identity":
      return changing(NOTHING, [`${kind} ${room}`]);
    default:
      return unreachable(kind);
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
/**
 * Where the words of an edit are erased, nothing is left to say which record it was about. Whoever
 * has not seen that erasing decides again, on each node: on those that remember the edit, too.
 */
const ERASURES = "erasures";

function changing(reads: readonly string[], writes: readonly string[]): Claims {
  return { reads: [...reads, ...writes], writes };
}

function ofRecords(reads: readonly string[], seqs: readonly unknown[]): Claims {
  return changing(
    reads,
    seqs.map((seq) => `record ${seq}`),
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function named(name: unknown): readonly string[] {
  return typeof name === "string" ? [`name ${foldName(name as Name)}`] : NOTHING;
}
