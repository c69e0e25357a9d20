/** Sealed-room state for `chat doctor`. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { checkName } from "../../base/names.ts";
import { LEASE_KEY, type LeaseRow, type RoomRow } from "../../client/sealed/rows.ts";
import type { SealedTables } from "../../client/sealed/store.ts";
import { Vault } from "../../client/sealed/vault.ts";
import { makeDeviceCert } from "../../crypto/device-cert.ts";
import { Identity } from "../../crypto/identity.ts";
import { ClientState } from "../../io/state/client-state.ts";
import { SealedFile } from "../../io/state/sealed-store.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import { type ClientFlags, openClient } from "../connect/client.ts";
import { nativeSealPrimitives } from "../connect/seal-primitives.ts";
import { sealedHome } from "../connect/sealed-home.ts";
import type { Context } from "../context.ts";
import type { SealedDevices, SealedState } from "./sealed.ts";

/** Prefixes of rows that are not encrypted with the device key. */
const RAW = ["device/", "pin/", "state/", "pending-state/"];

/**
 * Reads the sealed state of the last account at that server. Creates no key.
 * @returns `undefined` if the home has no sealed state
 * @throws {Fault} store-…
 */
export async function readSealedState(
  { clock, settings }: Context,
  server: Fingerprint | undefined,
): Promise<SealedState | undefined> {
  const { data } = settings().folders;
  using file = SealedFile.open(data);
  if (file === undefined) return undefined;
  file.check();
  const owner = server === undefined ? undefined : ownerAt(data, server);
  const rows = owner === undefined ? [] : file.rows([owner.fingerprint], owner.account);
  const emptyState = { path: file.path, rooms: [], instance: "", leases: undefined };
  if (owner === undefined) return { ...emptyState, rejoinsUnixMs: [], unreadable: 0, rows: 0 };
  const stateKey = await sealedHome(data, owner.device, clock).stateKey();
  const vault = new Vault(NO_TABLES, stateKey);
  const encrypted = rows.filter(({ key }) => !RAW.some((prefix) => key.startsWith(prefix)));
  const decrypted = await vault.openRows<unknown>(encrypted);
  const values = new Map(decrypted.map(({ key, value }) => [key, value]));
  const lease = values.get(LEASE_KEY) as LeaseRow | undefined;
  return {
    path: file.path,
    rooms: decrypted
      .filter(({ key }) => key.startsWith("room/"))
      .map(({ value }) => value as RoomRow),
    instance: lease?.instance ?? "",
    leases: lease?.count,
    rejoinsUnixMs: lease?.anew ?? [],
    unreadable: encrypted.length - decrypted.length,
    rows: encrypted.length,
  };
}

const NO_TABLES: SealedTables = {
  get: () => undefined,
  put: () => undefined,
  delete: () => undefined,
  list: () => [],
};

function ownerAt(data: string, fingerprint: Fingerprint) {
  if (!existsSync(join(data, "device.key"))) return undefined;
  using state = ClientState.open(data);
  const user = state.lastUser(fingerprint);
  const account = user === undefined ? undefined : state.enrolment(fingerprint, user);
  if (account === undefined) return undefined;
  const pem = state.deviceKey(() => {
    throw new Fault("not-found", "no device key found");
  });
  return { fingerprint, account, device: Identity.fromPem(pem, "device.key") };
}

export async function querySealedDevices(
  context: Context,
  flags: ClientFlags,
  argument: string | undefined,
): Promise<SealedDevices> {
  const withoutTerminal = { ...context, terminal: undefined };
  const options = { argument, mode: "login", follow: "none", audits: false } as const;
  const { client, close } = await openClient(withoutTerminal, flags, options);
  try {
    const { devices } = await client.request("devices", {});
    const packages = await client.request("key-packages", { packages: [] }).then(
      ({ left }) => left,
      (error: unknown) => {
        if (error instanceof Fault) return error;
        throw error;
      },
    );
    return { devices, packages };
  } finally {
    await close();
  }
}

export async function testMlsLibrary({ clock }: Context): Promise<void> {
  const { SealEngine } = await import("../../crypto/seal/engine.ts");
  const [server, account, signer] = [Identity.generate(), Identity.generate(), Identity.generate()];
  const serverId = formatFingerprint(server.fingerprint);
  const unixMs = () => clock.unixMs();
  const user = checkName("doctor");
  const request = { server: serverId, user, deviceKey: signer.publicKey, kind: "cli" } as const;
  const cert = makeDeviceCert(account, { ...request, signedAtUnixMs: unixMs() });
  const primitives = nativeSealPrimitives;
  const engine = await SealEngine.open({ signer, cert, servers: [serverId], unixMs, primitives });
  const room = "rAAAAAAAAAAA" as RoomId;
  const admins = [toBase64Url(account.publicKey)];
  const policy = { room, admins, adders: "admins", web: true, history: false } as const;
  const { groupInfo } = await engine.create(policy);
  const bound = utf8Encode("doctor");
  await engine.rejoin(groupInfo, { room, bound, accountOf: () => undefined });
}
