import type { FileId, UserId } from "../../base/ids.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { ClientConnection } from "./client-connection.ts";

/**
 * Where one connection stands. A field exists only in the state that has it.
 *
 *     greeting ──hello──> unauthenticated ──register, login──> member
 *                           │   ^───────────logout, end──────────┘
 *                           └──ticket──> data-channel
 */
export type ConnectionState =
  | { readonly kind: "greeting" }
  | {
      readonly kind: "unauthenticated";
      readonly greeted: Greeted;
      /** The last log-in that was good, while its account is not in yet. */
      readonly login: Login | undefined;
    }
  | Member
  | {
      readonly kind: "data-channel";
      readonly greeted: Greeted;
      readonly channel: DataChannel;
    };

/** What the handshake settled; it holds until the link ends. */
export interface Greeted {
  readonly clientName: string;
  readonly clientNonce: Uint8Array;
  readonly serverNonce: Uint8Array;
  readonly admission: Admission;
  /** The operator was told of this connection. */
  isTold: boolean;
}

/** What the secrets that were shown on this link allow. A log-out leaves it as it is. */
export interface Admission {
  /** The room password or a token was shown. */
  isAdmitted: boolean;
  /** The operator token was shown: who runs the server may always register. */
  isVouched: boolean;
  /** The invite whose token was shown; one of its uses goes with a registration. */
  invite: string | undefined;
  /** The account whose registration took it: no password for the room it leads to is asked. */
  invited: UserId | undefined;
}

/** What a log-in says beside the name. */
export interface Login {
  /** base64url of the device key with which the account came in. */
  readonly device: string;
  /** It shows that its account is there, and hears what happens; else it only asks and says. */
  readonly isPresent: boolean;
}

export interface Member extends Login {
  readonly kind: "member";
  readonly greeted: Greeted;
  readonly account: Account;
  /** In this session the operator token was shown. */
  isOperator: boolean;
  /** What it was told of the disk last; undefined: that there is room, or nothing. */
  diskTold?: "low" | "full" | undefined;
  /** Whether the cluster has a majority, as last sent; `undefined` if nothing was sent. */
  majorityTold?: boolean;
}

/** The session that asked for the ticket of a data channel, and the account of that session. */
export interface DataChannel {
  readonly parent: ClientConnection;
  readonly account: Account;
  /** The only file that may be fetched on it; undefined if it may carry any. */
  readonly file?: FileId;
}
