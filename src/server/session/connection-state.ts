/** States of a connection, with the data of each state. */

import type { FileId, UserId } from "../../base/ids.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { ClientConnection } from "./client-connection.ts";

/**
 * State of one connection. A field exists only in the states that have it.
 *
 *     greeting ──hello──> unauthenticated ──register, login──> member
 *                           │   ^───────────logout, end──────────┘
 *                           └──ticket──> data-channel
 */
export type ConnectionState =
  | { readonly kind: "greeting" }
  | {
      readonly kind: "unauthenticated";
      readonly handshake: HandshakeResult;
      /** Last successful log-in whose account has not entered yet. */
      readonly login: Login | undefined;
    }
  | Member
  | {
      readonly kind: "data-channel";
      readonly handshake: HandshakeResult;
      readonly channel: DataChannel;
    };

/** Results of the handshake, valid until the link closes. */
export interface HandshakeResult {
  readonly clientName: string;
  readonly clientNonce: Uint8Array;
  readonly serverNonce: Uint8Array;
  readonly admission: Admission;
  /** The operator was notified of this connection. */
  isReported: boolean;
}

/** Rights from the secrets shown on this link. A log-out leaves them unchanged. */
export interface Admission {
  /** The room password or a token was shown. */
  isAdmitted: boolean;
  /** The operator token was shown: the server's owner may always register. */
  isVouched: boolean;
  /** Invite whose token was shown; a registration takes one of its uses. */
  invite: string | undefined;
  /** Account that registered with the invite: it needs no password for the invite's room. */
  invited: UserId | undefined;
}

/** Data of a log-in besides the name. */
export interface Login {
  /** base64url of the device key of the log-in. */
  readonly device: string;
  /**
   * The session makes its account online and receives live messages; otherwise it only sends
   * requests.
   */
  readonly isPresent: boolean;
}

export interface Member extends Login {
  readonly kind: "member";
  readonly handshake: HandshakeResult;
  readonly account: Account;
  /** The operator token was shown in this session. */
  isOperator: boolean;
  /** State of the disk last sent. `undefined` if none was sent or there is space. */
  reportedDiskLevel?: "low" | "full" | undefined;
  /** Whether the cluster has a majority, as last sent; `undefined` if nothing was sent. */
  reportedMajority?: boolean;
}

/** Session that requested the ticket of a data channel, and its account. */
export interface DataChannel {
  readonly parent: ClientConnection;
  readonly account: Account;
  /** The only file that the channel may fetch. `undefined` if it may carry any. */
  readonly file?: FileId;
}
