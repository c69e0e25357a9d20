/** English texts of the page for faults of servers and machines, by code. */

import type { FaultCode } from "../../../base/fault.ts";

/** A fault of another code has a text of its own. */
export const ENGLISH_FAULTS: Readonly<Partial<Record<FaultCode, string>>> = {
  "frame-malformed": "The server sent something unexpected. Reload the page",
  "kind-unknown": "The server doesn't support this request. Reload the page",
  "out-of-order": "The server sent something unexpected. Reload the page",
  "version-unsupported": "This page and the server have different versions. Reload the page",
  "fingerprint-changed": "The server's identity has changed",
  "log-rolled-back": "Records that this browser has seen are missing from the server",
  "log-forked": "The server's history differs from what this browser has seen",
  "log-unproved": "The server can't prove that its history is unchanged",
  "seal-broken": "This encrypted room contains something that can't be decrypted or trusted",
  "clock-wrong": "This device's clock is wrong",
  "checksum-wrong": "The received data is damaged. Try again",
  "release-untrusted": "This release can't be verified",
  "folder-malformed": "The folder is incomplete or damaged",
  "stale-epoch": "The room's keys have just changed. Try again",
  unreachable: "Can't reach the server",
  timeout: "The server didn't answer in time. Try again",
  "link-closed": "The connection was lost",
  "shutting-down": "The server is shutting down. Try again later",
  "port-taken": "The server's port is in use",
  "store-full": "There's no storage space left",
  "store-failed": "The data couldn't be stored",
  "store-denied": "The browser doesn't allow this",
  "data-foreign": "The data belongs to another server",
  "data-locked": "The data is in use elsewhere",
  "log-corrupt": "The history on the server is damaged",
  "log-conflict": "Something else changed at the same time. Try again",
  "no-majority": "Too few servers are running. Try again later",
  "cluster-diverged": "This server's history differs from that of the other servers",
  "seal-state": "This browser can't read its data for encrypted rooms",
  internal: "Something went wrong. Reload the page and try again",
};
