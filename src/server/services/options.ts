/** Options of a server. */

import type { BlobStore } from "../../io/blob/interfaces.ts";
import type { Log } from "../../io/log/log.ts";
import type { ServerAddress } from "../../wire/invite.ts";
import type { Passwords } from "../auth/login.ts";
import type { SharedContents } from "../files/file-service.ts";
import type { ProgramSource } from "../http/programs.ts";
import type { RecordLine } from "../http/read-api.ts";
import type { BaseContext } from "../kernel/context.ts";
import type { Sequencer } from "../kernel/sequencer.ts";
import type { Siblings } from "../kernel/siblings.ts";
import type { PushDelivery } from "../push/sender.ts";
import type { StateFileLocation } from "../queue/state-file.ts";
import type { Provable } from "../rooms/proofs.ts";
import type { SealedBuckets } from "../sealed/buckets.ts";

export interface ServerOptions extends BaseContext {
  readonly accounts: Log;
  readonly passwords: Passwords;
  /** Location of read positions and device notes; `undefined` for memory only. */
  readonly stateFiles?: StateFileLocation;
  /** Storage for sealed rooms; `undefined` if sealed rooms are disabled. */
  readonly sealed?: SealedBuckets;
  /** `undefined` if push is disabled. */
  readonly push?: {
    readonly delivery: PushDelivery;
    readonly file: StateFileLocation | undefined;
  };
  /** `undefined` if file transfer is disabled. */
  readonly blobs?: BlobStore;
  /** `undefined` for a single server. */
  readonly contents?: SharedContents;
  /** `undefined` if the server does not offer the program. */
  readonly programs?: ProgramSource;
  /** Format for records read over HTTP; `undefined` if reading over HTTP is disabled. */
  readonly recordLine?: RecordLine;
  /** `undefined` if the server gives no proofs. */
  readonly provable?: Provable;
  /** `undefined` for a single server. */
  readonly sequencer?: Sequencer;
  /** `undefined` for a single server. */
  readonly siblings?: Siblings;
  /**
   * Called with the addresses of the cluster's servers when they change. This server's address
   * comes first.
   */
  readonly onClusterChange?: (addresses: readonly ServerAddress[]) => void;
}
