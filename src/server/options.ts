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
  /** Undefined: open to every newcomer. */
  readonly roomPassword: string | undefined;
  readonly postsPerSecond?: number;
  readonly postsBurst?: number;
  /** What `operate` asks for; left out: there is no operator token. */
  readonly operatorToken?: string;
  /** What the one-use link for the page carries; left out: there is none. */
  readonly operatorLink?: string;
  /** What page this server gives; left out: none. */
  readonly build?: string;
  /** Connections in all; LINKS_MAX if left out. */
  readonly linksMax?: number;
  /** Bytes of history that one account may read in a day; HISTORY_BYTES_PER_DAY if left out. */
  readonly historyBytesPerDay?: number;
  /** What files may take; left out: as much as the disk has, but for what the log needs. */
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
  /** Folded from the logs by the caller that opened them. */
  readonly rooms: Rooms;
  readonly registry: Registry;
  /** Restored from history by the caller that opened it. */
  readonly engine: RoomEngine;
  readonly passwords: Passwords;
  /** Where read positions, and notes of devices, are kept; left out: in memory only. */
  readonly positions?: KeptFilePlace;
  /** Where sealed rooms keep what devices need that are away; left out: there are none. */
  readonly sealed?: SealedBuckets;
  /** How pushes leave, and where devices are kept that take them; left out: none do. */
  readonly push?: {
    readonly delivery: PushDelivery;
    /** Undefined: in memory only. */
    readonly file: KeptFilePlace | undefined;
  };
  /** Where the content of files is kept; left out: this server takes no files. */
  readonly blobs?: BlobStore;
  /** What of it the servers of a cluster have in common; left out: this one stands alone. */
  readonly contents?: SharedContents;
  /** The program itself, for visitors; left out: it is not offered. */
  readonly programs?: Pick<ProgramFolder, "list" | "open">;
  /** How programs read a record over HTTP; left out: they do not. */
  readonly recordLine?: RecordLine;
  /** What proves the history to clients; left out: nothing does. */
  readonly provable?: Provable;
  /** It is one of several; left out: it stands alone. */
  readonly siblings?: Siblings;
  /** Users reach the servers of its cluster there from now on, this one first. */
  readonly onCluster?: (places: readonly ServerPlace[]) => void;
  readonly onEvent: (event: ServerEvent) => void;
}
