import type { UserId } from "../base/ids.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Log } from "../io/log.ts";
import type { Callers } from "./callers.ts";
import { Desk, type DeskOwner } from "./desk.ts";
import { Devices } from "./devices.ts";
import { Entry, type EntryOptions } from "./entry.ts";
import type { FanOut } from "./fan-out.ts";
import { FileOffice } from "./files.ts";
import type { Invites } from "./invites.ts";
import { Lanes } from "./lanes.ts";
import { Lookups } from "./lookups.ts";
import { Moderation, type ModerationOptions } from "./moderation.ts";
import { OperatorLink } from "./operator-link.ts";
import type { Peer } from "./peer.ts";
import { Queries } from "./queries.ts";
import { Reactions } from "./reactions.ts";
import type { Reading } from "./reading.ts";
import type { ServerOptions } from "./server-options.ts";
import type { Watchers } from "./watchers.ts";
import { WebDownloads } from "./web-downloads.ts";
import { WindowOffice, type WindowOfficeOptions } from "./window-office.ts";

export interface OfficeParts extends Omit<ServerOptions, "accounts"> {
  readonly accounts: Pick<Log, "append" | "blank">;
  readonly entry: Entry;
  readonly invites: Invites;
  readonly callers: Callers;
  readonly reading: Reading;
  readonly fanOut: FanOut;
  readonly peersOf: (user: UserId) => ReadonlySet<Peer>;
  readonly watchers: Watchers;
  readonly stats: WindowOfficeOptions["stats"];
  readonly owner: DeskOwner & ModerationOptions["owner"];
}

export interface OpenOffices {
  readonly desk: Desk;
  readonly lanes: Lanes;
  readonly files: FileOffice | undefined;
  readonly downloads: WebDownloads | undefined;
  /** The account is not in on this link any more: what it had open goes with it. */
  ended(peer: Peer): void;
}

/** Who serves what, and the desk that takes each request to them. */
export function openOffices(parts: OfficeParts): OpenOffices {
  const { registry, rooms, archive, reading, peersOf } = parts;
  const { watchers, stats, owner } = parts;
  const files = openFiles(parts);
  const lookups = new Lookups(archive);
  const downloads = openDownloads(parts, files);
  const lanes = new Lanes({
    ...parts,
    peersOf: ({ id }) => peersOf(id),
    addressed: (token) => downloads?.laneOf(token),
  });
  const desk = new Desk({
    ...parts,
    offices: {
      moderation: new Moderation({ ...parts, lookups }),
      devices: new Devices(parts),
      reading,
      lanes,
      files,
      window: new WindowOffice({
        registry,
        watchers,
        downloads,
        stats,
        peers: () => owner.peers(),
        transfers: () => files?.listing() ?? [],
      }),
    },
    reactions: new Reactions({ lookups, rooms, registry, sha256 }),
    queries: new Queries({ ...parts, sha256 }),
  });
  const ended = (peer: Peer) => {
    lanes.ended(peer);
    downloads?.ended(peer);
    watchers.watch(peer, false);
  };
  return { desk, lanes, files, downloads, ended };
}

/** The door. @param guards what it asks beside passwords */
export function openEntry(
  options: ServerOptions,
  guards: Pick<EntryOptions, "accounts" | "invites" | "bans">,
  sessionsOf: EntryOptions["sessionsOf"],
): Entry {
  const { identity, settings, clock } = options;
  return new Entry({
    ...options,
    ...guards,
    sessionsOf,
    fingerprint: identity.fingerprint,
    roomPassword: settings.roomPassword,
    operatorToken: settings.operatorToken,
    operatorLink: new OperatorLink(clock, settings.operatorLink),
  });
}

function openDownloads(parts: OfficeParts, files: FileOffice | undefined) {
  const { clock, entropy, rooms, hall, blobs } = parts;
  if (blobs === undefined || files === undefined) return undefined;
  return new WebDownloads({
    clock,
    entropy,
    rooms,
    files: hall.files,
    blobs,
    sent: (bytes) => files.sent(bytes),
    trouble: (fault) => files.trouble(fault),
  });
}

function openFiles(parts: OfficeParts): FileOffice | undefined {
  const { hall, blobs, settings, callers } = parts;
  if (blobs === undefined) return undefined;
  return new FileOffice({
    ...parts,
    blobs,
    files: hall.files,
    announcements: hall.announcements,
    quotas: settings.files,
    announce: (user, to, body) => callers.announce(user, to, body),
  });
}
