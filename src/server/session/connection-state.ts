/** States of a connection, with the data of each state. */

import type { FileId, UserId } from "../../base/ids.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { FileEntry } from "../../core/rooms/files.ts";
import type { Blob } from "../../io/blob/interfaces.ts";
import type { Address } from "../../io/link/link.ts";
import type { Version } from "../../wire/since.ts";
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
      readonly login: ConnectionLogin | undefined;
    }
  | MemberState
  | {
      readonly kind: "data-channel";
      readonly handshake: HandshakeResult;
      readonly channel: DataChannel;
    };

export interface HandshakeResult {
  readonly clientName: string;
  /** Newest version whose records the client knows. */
  readonly knows: Version;
  /** Newest version that all servers of the cluster know, as the client was last notified. */
  clusterKnows: Version;
  readonly clientNonce: Uint8Array;
  readonly serverNonce: Uint8Array;
  /** Certificates that the server has proved besides the link's. */
  readonly proxyCertificates: readonly Uint8Array[];
  readonly admission: Admission;
  isReported: boolean;
}

/** Rights obtained with secrets presented on this link. They survive a log-out. */
export interface Admission {
  isAdmitted: boolean;
  /** True if the operator token or link was presented, which always permits registration. */
  isVouched: boolean;
  /** True if the operator token was presented, which permits operators' queries before log-in. */
  isOperator: boolean;
  invite: string | undefined;
  /** Account registered with the invite, which needs no password for the invite's room. */
  invited: UserId | undefined;
}

export interface ConnectionLogin {
  /** `undefined` in a session of an IRC client, which has no device. */
  readonly device: string | undefined;
  /** Seq of the IRC password; `undefined` if the session was opened with another secret. */
  readonly ircPassword?: number | undefined;
  /** True if the session makes its account appear online and receives live messages. */
  readonly isPresent: boolean;
}

export interface MemberState extends ConnectionLogin {
  readonly kind: "member";
  readonly handshake: HandshakeResult;
  readonly account: Account;
  isOperator: boolean;
  reportedDiskLevel?: "low" | "full" | undefined;
  /** Reason for which NATS refuses messages, empty for a lost majority. */
  reportedOutage?: string | undefined;
}

export type FileFact = Pick<FileEntry, "size" | "chunks" | "digest">;

/** Content for a data channel. `fact` is absent if the log has an entry for the file. */
export interface DownloadContent
  extends Pick<Blob, "metadata" | "have" | "hash" | "readSome" | "diskBytes" | "close"> {
  readonly fact?: FileFact;
}

export interface DataChannel {
  readonly parent: ClientConnection;
  readonly account: Account;
  readonly file?: FileId;
  /** Opens the content of a download that is not a stored file. */
  readonly open?: (address: Address, from: number) => Promise<DownloadContent>;
}
