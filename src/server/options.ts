/** Settings and options of a server. */

import type { Registry } from "../core/rooms/accounts.ts";
import type { RoomEngine } from "../core/rooms/engine.ts";
import type { Rooms } from "../core/rooms/rooms.ts";
import type { Identity } from "../crypto/identity.ts";
import type { BlobStore } from "../io/blob/interfaces.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { ProgramFolder } from "../io/file/program-folder.ts";
import type { Archive, Log } from "../io/log/log.ts";
import type { ServerPlace } from "../wire/invite.ts";
import type { Passwords } from "./auth/login.ts";
import type { SharedContents } from "./files/file-service.ts";
import type { FileQuotas } from "./files/quotas.ts";
import type { RecordLine } from "./http/read-api.ts";
import type { PushDelivery } from "./push/sender.ts";
import type { KeptFilePlace } from "./queue/kept-file.ts";
import type { Provable } from "./rooms/proofs.ts";
import type { SealedBuckets } from "./sealed/buckets.ts";
import type { ServerEvent } from "./session/event.ts";
import type { Siblings } from "./siblings/siblings.ts";

export interface ServerSettings {
  readonly name: string;
  readonly version: string;
  readonly welcome: string | undefined;
  /** `undefined` if everyone may register. */
  readonly roomPassword: string | undefined;
  readonly postsPerSecond?: number;
  readonly postsBurst?: number;
  /** Token that `operate` expects. `undefined` if there is none. */
  readonly operatorToken?: string;
  /** Token of the one-use operator link. `undefined` if there is none. */
  readonly operatorLink?: string;
  /** Build of the page that this server serves. `undefined` if it serves none. */
  readonly build?: string;
  /** Maximum connections in total. Default: LINKS_MAX. */
  readonly linksMax?: number;
  /** Bytes of history that one account may read per day. Default: HISTORY_BYTES_PER_DAY. */
  readonly historyBytesPerDay?: number;
  /** Quotas for files. Default: all of the disk except what the log needs. */
  readonly files?: FileQuotas;
}

export interface ServerOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly identity: Identity;
  readonly settings: ServerSettings;
  readonly history: Log;
  readonly accounts: Log;
  readonly archive: Archive;
  /** Folded from the logs by the caller. */
  readonly rooms: Rooms;
  readonly registry: Registry;
  /** Restored from history by the caller. */
  readonly engine: RoomEngine;
  readonly passwords: Passwords;
  /** Files for read positions and device notes. `undefined` for memory only. */
  readonly positions?: KeptFilePlace;
  /** Storage of sealed rooms for offline devices. `undefined` if sealed rooms are disabled. */
  readonly sealed?: SealedBuckets;
  /** Delivery and subscriptions of pushes. `undefined` if push is disabled. */
  readonly push?: {
    readonly delivery: PushDelivery;
    /** `undefined` for memory only. */
    readonly file: KeptFilePlace | undefined;
  };
  /** Storage of file contents. `undefined` if file transfer is disabled. */
  readonly blobs?: BlobStore;
  /** Shared contents of a cluster. `undefined` for a single server. */
  readonly contents?: SharedContents;
  /** The program's downloads. `undefined` if the server does not offer the program. */
  readonly programs?: Pick<ProgramFolder, "list" | "open">;
  /** Format of a record for programs that read over HTTP. `undefined` if reading is disabled. */
  readonly recordLine?: RecordLine;
  /** Proofs of the history for clients. `undefined` if there are none. */
  readonly provable?: Provable;
  /** The other servers of the cluster. `undefined` for a single server. */
  readonly siblings?: Siblings;
  /** Called with the addresses of the cluster's servers, this one first, when they change. */
  readonly onCluster?: (places: readonly ServerPlace[]) => void;
  readonly onEvent: (event: ServerEvent) => void;
}
