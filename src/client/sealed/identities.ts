import { type FoldedName, foldName, type Name } from "../../base/names.ts";
import { keyChangedFault } from "./changed-key.ts";
import { allOtherKeys, type IdentityRow, identityKey, type OtherKeyRow, otherKey } from "./rows.ts";
import type { Vault } from "./vault.ts";

/** Whose account it is, as a device or a row says it. */
interface Owner {
  readonly user: string;
  readonly account: string;
}

/** The account key that a name is pinned to; undefined: it was never seen. */
export async function accountOf(vault: Vault, user: FoldedName): Promise<string | undefined> {
  return (await identityOf(vault, user))?.account;
}

/** One that cannot be read was never seen: its owner shows as not verified then. */
export function identityOf(vault: Vault, user: string): Promise<IdentityRow | undefined> {
  return vault.find<IdentityRow>(identityKey(user as Name));
}

/** The first sight of a name: from now on it stands for this account, unverified. */
export async function pinNewcomers(vault: Vault, devices: readonly Owner[]): Promise<void> {
  const seen = new Set<string>();
  for (const { user, account } of devices) {
    const folded = foldName(user as Name);
    if (seen.has(folded)) continue;
    seen.add(folded);
    if ((await identityOf(vault, user)) !== undefined) continue;
    const row: IdentityRow = { user, account, isVerified: false };
    await vault.put(identityKey(user as Name), row);
  }
}

/** The key that was seen beside the pinned one; undefined: there is none to decide about. */
export function otherKeyOf(vault: Vault, user: string): Promise<OtherKeyRow | undefined> {
  return vault.get<OtherKeyRow>(otherKey(user as Name));
}

/**
 * A name came with another key than it is pinned to: the pin stays, and nothing is said to its user
 * until the owner has compared. The last such key is the one to compare.
 * @returns whether that is news
 */
export async function noteOtherKey(vault: Vault, { user, account }: Owner): Promise<boolean> {
  const pin = await identityOf(vault, user);
  if (pin === undefined || pin.account === account) return false;
  const before = await otherKeyOf(vault, user);
  if (before?.account === account) return false;
  const row: OtherKeyRow = { user: pin.user, account };
  await vault.put(otherKey(user as Name), row);
  return true;
}

/** The name stands for the other key from now on, or for the one that it is seen with next. */
export async function acceptKey(vault: Vault, user: string): Promise<void> {
  const other = await vault.find<OtherKeyRow>(otherKey(user as Name));
  await vault.delete(otherKey(user as Name));
  if (other === undefined) return vault.delete(identityKey(user as Name));
  const row: IdentityRow = { ...other, isVerified: false };
  await vault.put(identityKey(user as Name), row);
}

/** Both have compared the digits of this key: it is theirs, and any other is not. */
export async function confirmKey(vault: Vault, owner: Owner): Promise<void> {
  await vault.put(identityKey(owner.user as Name), { ...owner, isVerified: true });
  await vault.delete(otherKey(owner.user as Name));
}

/** @throws Fault seal-refused: one of these has another key, and its owner has not compared */
export async function checkKeys(
  vault: Vault,
  members: readonly { readonly user: string }[],
): Promise<void> {
  // Mostly there is none: one look then, however many members there are.
  if ((await vault.rows(allOtherKeys(1))).length === 0) return;
  for (const user of new Set(members.map((member) => member.user))) {
    if ((await otherKeyOf(vault, user)) !== undefined) throw keyChangedFault(user);
  }
}
