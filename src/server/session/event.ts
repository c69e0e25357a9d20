import type { DiskSpace } from "../../base/disk-space.ts";
import type { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { Address, Transport } from "../../io/link/link.ts";
import type { LogRecord } from "../../wire/record.ts";

/** Where a client comes from. */
export interface Origin {
  readonly address: Address;
  readonly transport: Transport;
}

interface FileOfSomebody {
  readonly user: string;
  readonly address: Address;
  readonly file: FileId;
  /** As sent: not cleaned. */
  readonly name: string;
}

/** What was decided, by whom, of whom or what. No secret of a record is in it. */
export interface Decision {
  readonly decision: string;
  readonly by?: string;
  readonly whom?: string;
  /** Unix ms. */
  readonly until?: number;
  readonly reason?: string;
}

export const MAJORITY_AGAIN = "the cluster has a majority again";

/** What happens, for operators: `chat serve` prints it. */
export type ServerEvent =
  | { readonly kind: "record"; readonly record: LogRecord; readonly room: Room }
  | ({ readonly kind: "connected"; readonly client: string } & Origin)
  | ({ readonly kind: "logged-in"; readonly user: string } & Origin)
  | ({ readonly kind: "logged-out"; readonly user: string } & Origin)
  | ({
      readonly kind: "disconnected";
      readonly user: string | undefined;
      readonly fault: Fault | undefined;
    } & Origin)
  /** An upload began; its `record` follows when the file is whole. */
  | ({
      readonly kind: "offered";
      /** As its sender named them. */
      readonly to: readonly string[];
      readonly sizeBytes?: number;
    } & FileOfSomebody)
  /** A receiver has a file whole, checked and under its name. */
  | ({ readonly kind: "got" } & FileOfSomebody)
  /** Its sender gave up a file that was not finished. */
  | ({ readonly kind: "withdrawn" } & FileOfSomebody)
  /** A record of the accounts, for those who look after them. */
  | ({ readonly kind: "decided" } & Decision)
  /** An operator has ended it. */
  | {
      readonly kind: "cancelled";
      readonly by: string;
      readonly user: string;
      readonly file: FileId;
    }
  /** The disk is nearly full, or is not any more. */
  | ({ readonly kind: "disk" } & DiskSpace)
  /** The cluster has lost its majority, or (`undefined`) has it again. */
  | { readonly kind: "majority"; readonly fault: Fault | undefined }
  /** Something went wrong that ends nothing. */
  | { readonly kind: "warning"; readonly fault: Fault }
  /** The store cannot go on: the process must stop and recover at its next start. */
  | { readonly kind: "failed"; readonly fault: Fault }
  /** The disk took nothing more; what was asked is refused, and the server goes on. */
  | { readonly kind: "full"; readonly fault: Fault };
