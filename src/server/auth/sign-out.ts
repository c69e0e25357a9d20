/** Checks of whether a session has outlived what it signed in with. */

import type { Account } from "../../core/rooms/accounts.ts";
import type { Login } from "../session/connection-state.ts";

type Credentials = Pick<Account, "devices" | "ircPasswords">;
type Used = Pick<Login, "device" | "ircPassword">;

export function hasCredential(account: Credentials, { device, ircPassword }: Used): boolean {
  if (device !== undefined) return account.devices.has(device);
  return ircPassword === undefined || account.ircPasswords.has(ircPassword);
}

/** An IRC client with the account's password is signed out with the account's last device. */
export function isSignedOut(account: Credentials, login: Used | undefined): boolean {
  if (login === undefined || !hasCredential(account, login)) return true;
  const isByPassword = login.device === undefined && login.ircPassword === undefined;
  return isByPassword && account.devices.size === 0;
}
