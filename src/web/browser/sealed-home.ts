import { STATE_KEY_BYTES } from "../../base/limits-sealed.ts";
import type { SealedAccount } from "../../client/sealed/sealing.ts";
import { webCipherOf } from "../../crypto/seal/file-cipher.ts";
import { importStateKey, type StateKey } from "../../crypto/seal/state-box.ts";
import type { Databases, Platform } from "./environment.ts";
import { SEALED_PLACE, sealedDatabaseOf } from "./preferences.ts";
import { SealedDatabase } from "./sealed-database.ts";

const KEY_PLACE = { table: "keys", key: "sealed state" } as const;
const KEY_LOCK = "chat sealed key";
const KEY_LOCK_MS_MAX = 5_000;

/** All of a page's sealed home that needs the code for groups beside it. */
export function openSealedHome(
  { store, locks, databases }: Platform & { readonly databases: Databases },
  { account }: SealedAccount,
): SealedDatabase {
  let isPinned = false;
  const onPinned = () => {
    if (isPinned) return;
    isPinned = true;
    databases.persist();
    // What is not noted costs one look at the server: it tells which rooms are sealed.
    store.write([{ ...SEALED_PLACE, value: true }]).catch(() => undefined);
  };
  return new SealedDatabase({ databases, locks, name: sealedDatabaseOf(account), onPinned });
}

/**
 * Encrypts all that is kept. The browser lets nobody read it, not even this page; only that of
 * `chat web` is bytes, in the home of its user. @throws Fault store-…
 */
export function stateKeyOf({ store, locks, entropy }: Platform): Promise<StateKey> {
  // Two tabs at once must not have two.
  return locks.run(KEY_LOCK, KEY_LOCK_MS_MAX, async () => {
    const known = await store.get(KEY_PLACE.table, KEY_PLACE.key);
    if (known instanceof Uint8Array) return importStateKey(known);
    if (known instanceof CryptoKey) return webCipherOf(known);
    if (store.keepsBytes === true) {
      const raw = new Uint8Array(entropy(STATE_KEY_BYTES));
      await store.write([{ ...KEY_PLACE, value: raw }]);
      return importStateKey(raw);
    }
    const form = { name: "AES-GCM", length: STATE_KEY_BYTES * 8 };
    const made = await crypto.subtle.generateKey(form, false, ["encrypt", "decrypt"]);
    await store.write([{ ...KEY_PLACE, value: made }]);
    return webCipherOf(made);
  });
}
