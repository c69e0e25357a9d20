import type { Hall } from "../core/hall.ts";
import type { Registry } from "../core/registry.ts";
import type { Rooms } from "../core/room.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Clock } from "../io/clock.ts";
import type { BlobStore } from "../io/content.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Archive, Log } from "../io/log.ts";
import type { Passwords } from "./entry.ts";
import type { MarksPlace } from "./marks.ts";
import type { FileQuotas } from "./quotas.ts";
import type { ServerEvent } from "./server-event.ts";

export interface ServerSettings {
  readonly name: string;
  readonly version: string;
  readonly welcome: string | undefined;
  /** Undefined: open to whoever comes. */
  readonly roomPassword: string | undefined;
  readonly postsPerSecond?: number;
  readonly postsBurst?: number;
  /** What `operate` asks for; left out: nobody operates by token. */
  readonly operatorToken?: string;
  /** What the one-use link for the page carries; left out: there is none. */
  readonly operatorLink?: string;
  /** What page this server gives; left out: none. */
  readonly build?: string;
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
  /** Folded from the logs by whoever opened them. */
  readonly rooms: Rooms;
  readonly registry: Registry;
  /** Restored from history by whoever opened it. */
  readonly hall: Hall;
  readonly passwords: Passwords;
  /** Where read positions are kept; left out: in memory only. */
  readonly marks?: MarksPlace;
  /** Where the content of files is kept; left out: this server takes no files. */
  readonly blobs?: BlobStore;
  readonly onEvent: (event: ServerEvent) => void;
}
