/** Storage for sealed rooms on the page, and the key that encrypts it. */

import { STATE_KEY_BYTES } from "../../base/limits-sealed.ts";
import type { SealedAccount } from "../../client/sealed/sealing.ts";
import { webCipherOf } from "../../crypto/seal/file-cipher.ts";
import { importStateKey, type StateKey } from "../../crypto/seal/state-box.ts";
import { ifPossible } from "../../io/promises.ts";
import type { Databases, Platform } from "./environment.ts";
import { SEALED_FLAG, sealedDatabaseName } from "./preferences.ts";
import { SealedDatabase } from "./sealed-database.ts";

const KEY_ROW = { table: "keys", key: "sealed state" } as const;
const KEY_LOCK = "chat sealed key";
const KEY_LOCK_TIMEOUT_MS = 5_000;

/** Opens the database without loading group cryptography. */
export function openSealedHome(
  { store, locks, databases }: Platform & { readonly databases: Databases },
  { account }: SealedAccount,
): SealedDatabase {
  let isPinned = false;
  const onPinned = () => {
    if (isPinned) return;
    isPinned = true;
    databases.persist();
    // If this write fails, the next page learns about sealed rooms from the server.
    void ifPossible(store.write([{ ...SEALED_FLAG, value: true }]));
  };
  return new SealedDatabase({ databases, locks, name: sealedDatabaseName(account), onPinned });
}

/**
 * Returns a key that is extractable only on a `chat web` page, which stores the key as bytes.
 * @throws {Fault} store-…
 */
export function loadStateKey({ store, locks, entropy }: Platform): Promise<StateKey> {
  return locks.run(KEY_LOCK, KEY_LOCK_TIMEOUT_MS, async () => {
    const stored = await store.get(KEY_ROW.table, KEY_ROW.key);
    if (stored instanceof Uint8Array) return importStateKey(stored);
    if (stored instanceof CryptoKey) return webCipherOf(stored);
    if (store.isExternal === true) {
      const raw = new Uint8Array(entropy(STATE_KEY_BYTES));
      await store.write([{ ...KEY_ROW, value: raw }]);
      return importStateKey(raw);
    }
    const algorithm = { name: "AES-GCM", length: STATE_KEY_BYTES * 8 };
    const generated = await crypto.subtle.generateKey(algorithm, false, ["encrypt", "decrypt"]);
    await store.write([{ ...KEY_ROW, value: generated }]);
    return webCipherOf(generated);
  });
}
