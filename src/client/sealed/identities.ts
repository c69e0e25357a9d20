import { type FoldedName, foldName, type Name } from "../../base/names.ts";
import { type IdentityRow, identityKey } from "./rows.ts";
import type { Vault } from "./vault.ts";

/** The account key that a name is pinned to; undefined: it was never seen. */
export async function accountOf(vault: Vault, user: FoldedName): Promise<string | undefined> {
  return (await identityOf(vault, user))?.account;
}

/** One that cannot be read was never seen: its owner shows as not verified then. */
export function identityOf(vault: Vault, user: string): Promise<IdentityRow | undefined> {
  return vault.find<IdentityRow>(identityKey(user as Name));
}

/** The first sight of a name: from now on it stands for this account, unverified. */
export async function pinNewcomers(
  vault: Vault,
  devices: readonly { readonly user: string; readonly account: string }[],
): Promise<void> {
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
