import type { UserId } from "../base/ids.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Log } from "../io/log.ts";
import type { Callers } from "./callers.ts";
import { Desk, type DeskOwner } from "./desk.ts";
import { Devices } from "./devices.ts";
import type { Entry } from "./entry.ts";
import type { FanOut } from "./fan-out.ts";
import { FileOffice } from "./files.ts";
import type { Invites } from "./invites.ts";
import { Lanes } from "./lanes.ts";
import { Moderation, type ModerationOptions } from "./moderation.ts";
import type { Peer } from "./peer.ts";
import { Queries } from "./queries.ts";
import { Reactions } from "./reactions.ts";
import type { Reading } from "./reading.ts";
import type { ServerOptions } from "./server-options.ts";

export interface OfficeParts extends Omit<ServerOptions, "accounts"> {
  readonly accounts: Pick<Log, "append" | "blank">;
  readonly entry: Entry;
  readonly invites: Invites;
  readonly callers: Callers;
  readonly reading: Reading;
  readonly fanOut: FanOut;
  readonly peersOf: (user: UserId) => ReadonlySet<Peer>;
  readonly owner: DeskOwner & ModerationOptions["owner"];
}

export interface OpenOffices {
  readonly desk: Desk;
  readonly lanes: Lanes;
  readonly files: FileOffice | undefined;
}

/** Who serves what, and the desk that takes each request to them. */
export function openOffices(parts: OfficeParts): OpenOffices {
  const { registry, rooms, archive, reading, peersOf } = parts;
  const lanes = new Lanes({ ...parts, peersOf: ({ id }) => peersOf(id) });
  const files = openFiles(parts);
  const desk = new Desk({
    ...parts,
    offices: {
      moderation: new Moderation(parts),
      devices: new Devices(parts),
      reading,
      lanes,
      files,
    },
    reactions: new Reactions({ archive, rooms, registry, sha256 }),
    queries: new Queries({ ...parts, sha256 }),
  });
  return { desk, lanes, files };
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
