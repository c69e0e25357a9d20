/** Account keys pinned to user names, and received keys that differ from the pin. */

import { Fault, msg } from "../../base/fault.ts";
import { type FoldedName, foldName, type Name } from "../../base/names.ts";
import type { PersonPin } from "../../core/client/person-keys.ts";
import { allOf, type IdentityRow, identityKey, type OtherKeyRow, otherKey } from "./rows.ts";
import type { Vault } from "./vault.ts";

interface Owner {
  readonly user: string;
  readonly account: string;
}

export async function accountOf(vault: Vault, user: FoldedName): Promise<string | undefined> {
  return (await identityOf(vault, user))?.account;
}

/** An unreadable row counts as absent, so that the user is unverified. */
export function identityOf(vault: Vault, user: string): Promise<IdentityRow | undefined> {
  return vault.find<IdentityRow>(identityKey(user as Name));
}

export async function pinNewcomers(vault: Vault, devices: readonly Owner[]): Promise<void> {
  const checkedNames = new Set<string>();
  for (const { user, account } of devices) {
    const folded = foldName(user as Name);
    if (checkedNames.has(folded)) continue;
    checkedNames.add(folded);
    if ((await identityOf(vault, user)) !== undefined) continue;
    const row: IdentityRow = { user, account, isVerified: false };
    await vault.put(identityKey(user as Name), row);
  }
}

export function otherKeyOf(vault: Vault, user: string): Promise<OtherKeyRow | undefined> {
  return vault.get<OtherKeyRow>(otherKey(user as Name));
}

/**
 * Keeps the pinned key. This device sends the user no messages until its owner has compared keys.
 * @returns true if the key is new
 */
export async function storeOtherKey(vault: Vault, { user, account }: Owner): Promise<boolean> {
  const pin = await identityOf(vault, user);
  if (pin === undefined || pin.account === account) return false;
  const earlier = await otherKeyOf(vault, user);
  if (earlier?.account === account) return false;
  const row: OtherKeyRow = { user: pin.user, account };
  await vault.put(otherKey(user as Name), row);
  return true;
}

/** Pins the accepted key unless another one is pinned, and stores the key that has replaced it. */
export async function storeProvedKeys(
  vault: Vault,
  { user, keys, trusted }: PersonPin,
): Promise<void> {
  const [accepted, current] = [keys[trusted]?.key, keys.at(-1)?.key];
  if (accepted !== undefined) await pinNewcomers(vault, [{ user, account: accepted }]);
  if (current !== undefined) await storeOtherKey(vault, { user, account: current });
}

export async function acceptKey(vault: Vault, user: string): Promise<void> {
  const other = await vault.find<OtherKeyRow>(otherKey(user as Name));
  await vault.delete(otherKey(user as Name));
  if (other === undefined) return vault.delete(identityKey(user as Name));
  const row: IdentityRow = { ...other, isVerified: false };
  await vault.put(identityKey(user as Name), row);
}

export async function confirmKey(vault: Vault, owner: Owner): Promise<void> {
  await vault.put(identityKey(owner.user as Name), { ...owner, isVerified: true });
  await vault.delete(otherKey(owner.user as Name));
}

export async function checkKeys(
  vault: Vault,
  members: readonly { readonly user: string }[],
): Promise<void> {
  if ((await vault.rows(allOf("other-key", 1))).length === 0) return;
  for (const user of new Set(members.map((member) => member.user))) {
    if ((await otherKeyOf(vault, user)) !== undefined) throw keyChangedFault(user);
  }
}

export function keyChangedText(user: string): string {
  return `${user}'s identity key has changed`;
}

export function keyChangedNotice(user: string): string {
  const { message, remedy } = keyChangedFault(user);
  return `${message}: ${remedy}`;
}

export function keyChangedFault(user: string): Fault {
  return new Fault("seal-refused", msg`${user}'s identity key has changed`, {
    remedy: msg`verify it, then accept it: ${`chat verify-user ${user} --accept`}`,
  });
}
