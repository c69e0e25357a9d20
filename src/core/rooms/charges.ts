/** Ledger of the logs: which account pays for a record, and at which limit it is refused. */

import type { RecordKind } from "../../wire/kinds.ts";

/** Members who have reached their limit can still erase what they wrote, and log in. */
export const RESERVED_FACTOR = 2;

type Charge =
  /** Counts for the account that requested it, and is refused at the account's daily limit. */
  | "account"
  /**
   * Counts too, but is refused only at RESERVED_FACTOR times that limit, because it logs in,
   * protects or removes something.
   */
  | "reserved"
  /** Only operators can cause it, who have no daily limit. */
  | "operator"
  /** Only the server causes it, at times that no account chooses. */
  | "server";

export const CHARGES: Readonly<Record<RecordKind, Charge>> = {
  room: "account",
  join: "account",
  leave: "reserved",
  topic: "account",
  text: "account",
  action: "account",
  reaction: "account",
  edit: "account",
  erase: "reserved",
  kick: "reserved",
  mute: "account",
  admission: "account",
  grant: "account",
  file: "account",
  rename: "operator",
  close: "operator",
  remove: "reserved",
  retention: "operator",
  pin: "account",
  receipts: "account",
  hand: "account",
  wall: "account",
  poll: "account",
  vote: "account",
  knock: "account",
  rules: "account",
  profile: "account",
  group: "account",
  sealed: "account",
  checkpoint: "server",
  fork: "server",
  clock: "server",
  account: "account",
  "account-name": "operator",
  "display-name": "account",
  "external-id": "operator",
  "account-gone": "reserved",
  device: "reserved",
  "device-gone": "reserved",
  password: "reserved",
  reset: "operator",
  avatar: "account",
  "avatar-gone": "reserved",
  "irc-password": "account",
  "irc-password-gone": "reserved",
  "room-password": "account",
  ban: "operator",
  bot: "account",
  role: "operator",
  registration: "operator",
  "server-rules": "operator",
  announcement: "operator",
  "server-clock": "server",
  invite: "account",
  "invite-used": "account",
  "invite-gone": "reserved",
  ignore: "account",
  prefs: "account",
  "prefs-erase": "reserved",
  identity: "server",
};
