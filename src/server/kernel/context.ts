/** Dependencies that all services share. */

import type { Fault } from "../../base/fault.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import type { RoomEngine } from "../../core/rooms/engine.ts";
import type { Rooms } from "../../core/rooms/rooms.ts";
import type { TargetResolver } from "../../core/rooms/targets.ts";
import type { Identity } from "../../crypto/identity.ts";
import type { Clock } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { Archive, Log } from "../../io/log/log.ts";
import type { Slots } from "../../io/task-queue.ts";
import type { ServerAddress } from "../../wire/invite.ts";
import type { ObservedEvent } from "../session/event.ts";
import type { Peers } from "../session/peers.ts";
import type { CurrentArchive } from "./current-archive.ts";
import type { Feed } from "./feed.ts";
import type { Kernel } from "./kernel.ts";
import type { LogQuota } from "./log-quota.ts";
import type { Sequencer } from "./sequencer.ts";
import type { ExpiryClock } from "./server-clock.ts";
import type { Siblings } from "./siblings.ts";

export interface ServerSettings {
  readonly name: string;
  readonly version: string;
  readonly welcome: string | undefined;
  readonly roomPassword: string | undefined;
  readonly postsPerSecond?: number;
  readonly postsBurst?: number;
  readonly operatorToken?: string;
  readonly operatorLink?: string;
  readonly build?: string;
  readonly linksMax?: number;
  /** Links of an address. */
  readonly linksPerAddress?: number;
  /** Links of an address before a log-in. */
  readonly loginsPerAddress?: number;
  readonly historyBytesPerDay?: number;
  readonly textsBytesPerDay?: number;
  readonly files?: FileQuotas;
  /** Reports whether the owner's new certificate is invalid. */
  readonly hasCertificateFailed?: () => boolean;
  /** SHA-256 of certificates that a proxy may use, besides the listener's. */
  readonly proxyCertificates?: () => readonly Uint8Array[];
}

export interface FileQuotas {
  readonly fileBytesMax: number;
  readonly userBytesMax: number;
  readonly totalBytesMax: number;
  readonly freeBytesMin: number;
}

export interface BaseContext {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly identity: Identity;
  readonly settings: ServerSettings;
  readonly history: Log;
  readonly archive: Archive;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly engine: RoomEngine;
  readonly onEvent: (event: ObservedEvent) => void;
}

export interface ServerContext extends BaseContext {
  readonly archive: CurrentArchive;
  /** Shared by all services that read pages of the logs. */
  readonly pageReads: Slots;
  readonly clock: ExpiryClock;
  readonly accounts: Pick<Log, "head" | "read" | "sizeBytes" | "falls">;
  readonly sequencer: Sequencer;
  readonly siblings: Siblings;
  readonly kernel: Kernel;
  readonly feed: Feed;
  readonly quota: LogQuota;
  readonly targets: TargetResolver;
  readonly warn: (fault: Fault) => void;
  readonly addresses: () => readonly ServerAddress[];
  readonly peers: Peers;
  readonly isStopping: () => boolean;
}
