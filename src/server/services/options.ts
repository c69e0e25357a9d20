/** Options for a server. */

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
  /** `undefined` to keep the state in memory only. */
  readonly stateFiles?: StateFileLocation;
  readonly sealed?: SealedBuckets;
  readonly push?: { readonly delivery: PushDelivery; readonly file: StateFileLocation | undefined };
  readonly blobs?: BlobStore;
  readonly contents?: SharedContents;
  readonly programs?: ProgramSource;
  readonly recordLine?: RecordLine;
  readonly provable?: Provable;
  readonly sequencer?: Sequencer;
  readonly siblings?: Siblings;
  readonly onClusterChange?: (addresses: readonly ServerAddress[]) => void;
}
