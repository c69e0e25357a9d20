/** Server events, reported to operators. */

import type { DiskSpace } from "../../base/disk-space.ts";
import type { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import type { ClockStatus } from "../../core/clock-check.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { Address, Transport } from "../../io/link/link.ts";
import type { LogRecord } from "../../wire/record.ts";

export interface Origin {
  readonly address: Address;
  readonly transport: Transport;
}

interface FileEventFields {
  readonly user: string;
  readonly address: Address;
  readonly file: FileId;
  readonly name: string;
}

export interface Decision {
  readonly decision: string;
  readonly by?: string;
  readonly whom?: string;
  readonly until?: number;
  readonly reason?: string;
}

export const MAJORITY_RESTORED = "the cluster records messages again";

export type ObservedEvent =
  | { readonly kind: "record"; readonly record: LogRecord; readonly room: Room }
  | ({ readonly kind: "connected"; readonly client: string } & Origin)
  | ({ readonly kind: "logged-in"; readonly user: string } & Origin)
  | ({ readonly kind: "logged-out"; readonly user: string } & Origin)
  | ({
      readonly kind: "disconnected";
      readonly user: string | undefined;
      readonly fault: Fault | undefined;
    } & Origin)
  | ({
      readonly kind: "offered";
      readonly to: readonly string[];
      readonly sizeBytes?: number;
    } & FileEventFields)
  | ({ readonly kind: "got" } & FileEventFields)
  | ({ readonly kind: "withdrawn" } & FileEventFields)
  | ({ readonly kind: "decided" } & Decision)
  | {
      readonly kind: "cancelled";
      readonly by: string;
      readonly user: string;
      readonly file: FileId;
    }
  | ({ readonly kind: "disk" } & DiskSpace)
  | { readonly kind: "majority"; readonly fault: Fault | undefined }
  | { readonly kind: "clock"; readonly status: ClockStatus }
  | { readonly kind: "warning"; readonly fault: Fault }
  /** The store has failed. The process must stop, and the store recovers at the next start. */
  | { readonly kind: "failed"; readonly fault: Fault }
  /** The disk is full. The server refuses requests but continues to run. */
  | { readonly kind: "full"; readonly fault: Fault };
