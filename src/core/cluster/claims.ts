/**
 * Claims of decisions: the facts that a decision depends on (`reads`) and the facts that its record
 * changes (`writes`). A decision stays valid until a fact that it depends on changes.
 */

import { unreachable } from "../../base/assert.ts";
import { skeletonsOf } from "../../base/display-names.ts";
import { boxOwner } from "../../base/ids.ts";
import { listOf } from "../../base/json-fields.ts";
import { foldName, type Name } from "../../base/names.ts";
import { hasTrait, type LogName } from "../../wire/kinds.ts";
import type { Draft } from "../../wire/record.ts";

export type Place = LogName;

export interface Claims {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/**
 * A draft without a unique id always changes a fact that it reads, so that a repetition of the
 * draft is rejected. Drafts of kinds and fields that a released version knows must conflict exactly
 * as in that version; otherwise its servers build a different log during an upgrade.
 */
export function claimsOf({ kind, room, by, body }: Draft): Claims {
  const fields = (typeof body === "object" && body !== null ? body : {}) as Fields;
  const assignment = boxOwner(room)?.room;
  const author = [
    ...[`room ${room}`, `member ${room} ${by}`, `account ${by}`, SERVER_RULES],
    ...(assignment === undefined ? [] : [`room ${assignment}`, `member ${assignment} ${by}`]),
  ];
  switch (kind) {
    case "text":
      if (fields.poll !== undefined) return changes(author, [`polls ${room}`]);
      return { reads: author, writes: NOTHING };
    case "sealed":
      // A post to a sealed room requires that the devices of departed users have been removed.
      return { reads: [...author, `gone ${room}`, ...contentsOf(fields.files)], writes: NOTHING };
    case "file":
      // An order of another server may delete the content.
      return { reads: [...author, ...contentsOf(fields.files)], writes: NOTHING };
    case "edit":
      return recordClaims([...author, ERASURES], [fields.seq]);
    case "erase": {
      const { reads, writes } = recordClaims(author, [
        fields.seq ?? fields.of,
        ...listOf(fields.also),
      ]);
      const contents = listOf(fields.files).map(contentOf);
      return { reads: [...reads, ERASURES], writes: [...writes, ERASURES, ...contents] };
    }
    case "pin": {
      const { reads, writes } = recordClaims([...author, ERASURES], [fields.seq]);
      const list = `pins ${room}`;
      return { reads: [...reads, list], writes: [...writes, list] };
    }
    case "poll":
      return changes([...author, ERASURES], [`polls ${room}`, `poll ${String(fields.seq)}`]);
    case "vote": {
      // An anonymous vote does not name its user, so it waits for all departures.
      const reads = by === "server" ? [`room ${room}`, `gone ${room}`] : author;
      const vote = `vote ${String(fields.re)} ${String(fields.voter ?? by)}`;
      return changes([...reads, `poll ${String(fields.re)}`], [vote]);
    }
    case "receipts":
      return changes(author, [`receipts ${room}`]);
    case "knock": {
      const user = String(fields.user);
      return changes([...author, `member ${room} ${user}`], [`knock ${room} ${user}`]);
    }
    case "hand":
      return changes(author, [`hand ${room} ${String(fields.user)}`]);
    case "wall":
      return changes(author, [`wall ${room}`]);
    case "topic":
      return changes(author, [`topic ${room}`]);
    case "room":
      return changes(
        [
          ...(assignment === undefined ? [SERVER_RULES] : [`room ${assignment}`]),
          ...listOf(fields.members).map((user) => `account ${String(user)}`),
        ],
        [`room ${room}`, ...nameFact(fields.name)],
      );
    case "profile":
      return changes(author, [`profile ${room}`, ...skeletonFacts("title", fields.title)]);
    case "join":
      // A join does not read the list of all members, so concurrent joins may exceed the maximum
      // number of members by the number of servers.
      return changes([`room ${room}`, `account ${by}`], [`member ${room} ${by}`]);
    case "leave":
      return changes([`room ${room}`, `account ${by}`], [`member ${room} ${by}`, `gone ${room}`]);
    case "kick":
      return changes(author, [`member ${room} ${String(fields.user)}`, `gone ${room}`]);
    case "mute":
    case "admission":
    case "grant": {
      const target = `member ${room} ${String(fields.user)}`;
      return changes(author, [target]);
    }
    case "rename":
      // In a room, a user's rename record is only informative.
      if (fields.user !== undefined) return changes(author, [`called ${room} ${fields.user}`]);
      return changes(author, [`room ${room}`, ...nameFact(fields.was), ...nameFact(fields.name)]);
    case "close":
    case "remove":
    case "retention":
    case "rules":
    case "group":
      return changes(author, [`room ${room}`]);
    case "account":
    case "account-name":
      return withWrites(
        changes(
          ["house", ...skeletonFacts("display", fields.name)],
          [`account ${room}`, ...nameFact(fields.name)],
        ),
        skeletonFacts("account", fields.name),
      );
    case "display-name":
      return changes(skeletonFacts("account", fields.text), [
        `account ${room}`,
        ...skeletonFacts("display", fields.text),
      ]);
    case "external-id":
      // All reads and writes of ids share one fact, since only operators change them.
      return changes(NOTHING, [`account ${room}`, "external ids"]);
    case "server-rules":
      return changes(NOTHING, [SERVER_RULES]);
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
    case "avatar":
    case "bot":
    case "avatar-gone":
    case "irc-password":
    case "irc-password-gone":
    case "ignore":
      return changes(NOTHING, [`account ${room}`]);
    case "checkpoint":
    case "fork":
    case "clock":
    case "server-clock":
    case "room-password":
    case "announcement":
    case "identity":
      return changes(NOTHING, [`${kind} ${room}`]);
    default:
      if (hasTrait(kind, "stateless")) return { reads: author, writes: NOTHING };
      return unreachable(kind);
  }
}

interface Fields {
  readonly text?: unknown;
  readonly name?: unknown;
  readonly was?: unknown;
  readonly title?: unknown;
  readonly user?: unknown;
  readonly seq?: unknown;
  readonly of?: unknown;
  readonly re?: unknown;
  readonly also?: unknown;
  readonly files?: unknown;
  readonly voter?: unknown;
  readonly members?: unknown;
  readonly poll?: unknown;
}

const NOTHING: readonly string[] = [];
/**
 * Stands for all erasures. An erased edit no longer names the message that it edited, so all
 * servers repeat decisions made before the erasure, even servers that remember the edit.
 */
const ERASURES = "erasures";

/** Read by every post, because the id of a room does not say whether it is a group. */
const SERVER_RULES = "server rules";

function changes(reads: readonly string[], writes: readonly string[]): Claims {
  return { reads: [...reads, ...writes], writes };
}

function recordClaims(reads: readonly string[], seqs: readonly unknown[]): Claims {
  return changes(
    reads,
    seqs.map((seq) => `record ${seq}`),
  );
}

function contentsOf(files: unknown): readonly string[] {
  return listOf(files).map((entry) => contentOf(Object(entry)["file"]));
}

function contentOf(file: unknown): string {
  return `content ${String(file)}`;
}

function nameFact(name: unknown): readonly string[] {
  return typeof name === "string" ? [`name ${foldName(name as Name)}`] : NOTHING;
}

function withWrites({ reads, writes }: Claims, more: readonly string[]): Claims {
  return { reads, writes: [...writes, ...more] };
}

/**
 * Display names conflict with account names and with each other. Account names that look alike do
 * not conflict.
 */
function skeletonFacts(of: "account" | "display" | "title", name: unknown): readonly string[] {
  return typeof name === "string" ? skeletonsOf(name).map((key) => `${of} looks ${key}`) : NOTHING;
}
