import { ID_BYTES } from "../../src/base/ids.ts";
import { Rooms } from "../../src/core/rooms/rooms.ts";
import type { Disk } from "../../src/io/disk/disk.ts";
import type { Link } from "../../src/io/link/link.ts";
import type { Log } from "../../src/io/log/log.ts";
import type { ClientState } from "../../src/io/state/client-state.ts";
import type { LogRecord } from "../../src/wire/record.ts";
import { changedDisk } from "./changed-disk.ts";
import type { Mutant, Platform } from "./platform.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { withFields } from "./with-fields.ts";

const POST = /(?:PRIVMSG|NOTICE) (#\S+)/;

export const PLANTED: Readonly<Record<string, Mutant>> = {
  "acknowledged before the sync": { disk: withoutWaiting },
  "a record recorded twice": { history: recordedTwice },
  "a record applied twice": { history: appliedTwice },
  "a record sent twice": { publishes: ({ random }) => (random.chance(0.05) ? 2 : 1) },
  "a record dropped in fan-out": { publishes: ({ random }) => (random.chance(0.02) ? 0 : 1) },
  "a removed member continues to read": { link: withoutUnfollow },
  "a removed member continues to write": { rooms: () => new OpenRooms() },
  "a cursor ahead of what was shown": { state: withHastyCursor },
  "an outbox used twice": { entropy: (entropy) => (size) => sameOutbox(size) ?? entropy(size) },
  "a topic followed too late": { link: withLateFollow },
  "a post lost over IRC": { irc: (line, { random }) => (isDrawn(line, random) ? [] : [line]) },
  "a post repeated over IRC": {
    irc: (line, { random }) => (isDrawn(line, random) ? [line, line] : [line]),
  },
  "a post of another room over IRC": { irc: withOtherRooms() },
};

function isDrawn(line: string, random: SeededRandom): boolean {
  return POST.test(line) && random.chance(0.05);
}

/** Sends posts also to clients that are not in their room. */
function withOtherRooms(): NonNullable<Mutant["irc"]> {
  let leaked: { readonly line: string; readonly channel: string } | undefined;
  return (line, { random }, channels) => {
    const [, channel] = POST.exec(line) ?? [];
    if (channel !== undefined) leaked = { line, channel };
    const isLeak = leaked !== undefined && !channels.has(leaked.channel) && random.chance(0.05);
    return isLeak ? [line, leaked?.line ?? ""] : [line];
  };
}

export function withoutWaiting(disk: Disk): Disk {
  return changedDisk(disk, { sync: () => Promise.resolve() });
}

function recordedTwice(log: Log): Log {
  let count = 0;
  return withFields(log, {
    appendThen: (drafts, options, settle) => {
      const isTwice = drafts[0]?.id !== "" && ++count % 10 === 0;
      const again = () => log.appendThen(drafts, options, settle);
      log.appendThen(drafts, options, isTwice ? again : settle);
    },
  });
}

function appliedTwice(log: Log): Log {
  let count = 0;
  return withFields(log, {
    follow: (from, onRecord) => {
      const each = (record: LogRecord) => {
        onRecord(record);
        if (++count % 20 === 0) onRecord(record);
      };
      return log.follow(from, each);
    },
  });
}

function withoutUnfollow(link: Link): Link {
  return withFields(link, { unfollow: () => undefined });
}

function withLateFollow(link: Link, { clock }: Platform): Link {
  return withFields(link, { follow: (topic) => void clock.after(5, () => link.follow(topic)) });
}

class OpenRooms extends Rooms {
  override apply(record: LogRecord): void {
    super.apply(record);
    const { kind, room, by } = record.head;
    if (kind === "leave" && by !== "server") this.get(room as never)?.members.add(by);
  }
}

function withHastyCursor(state: ClientState): ClientState {
  const advance = (fingerprint: string, user: string, seq: number) =>
    state.advanceCursor(fingerprint, user, seq + 2);
  return withFields(state, { advanceCursor: advance });
}

function sameOutbox(sizeBytes: number): Uint8Array | undefined {
  return sizeBytes === ID_BYTES ? new Uint8Array(ID_BYTES).fill(7) : undefined;
}
