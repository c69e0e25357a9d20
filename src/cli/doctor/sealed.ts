/** Checks of encrypted rooms, and the probes that they use. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { KEY_PACKAGES_LOW, REJOINS_WINDOW_MS } from "../../base/limits-sealed.ts";
import { checkName } from "../../base/names.ts";
import { LEASE_KEY, type LeaseRow, type RoomRow } from "../../client/sealed/rows.ts";
import type { SealedTables } from "../../client/sealed/store.ts";
import { Vault } from "../../client/sealed/vault.ts";
import { makeDeviceCert } from "../../crypto/device-cert.ts";
import { Identity } from "../../crypto/identity.ts";
import { ClientState } from "../../io/state/client-state.ts";
import { SealedFile } from "../../io/state/sealed-store.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import type { Answer } from "../../wire/messages.ts";
import { type ClientFlags, openClient } from "../connect/client.ts";
import { nativeSealPrimitives, sealedHome } from "../connect/keys.ts";
import type { Context } from "../context.ts";
import { type Finding, failed, ok, warning, warningFrom } from "./check.ts";

export interface SealedState {
  readonly path: string;
  readonly rooms: readonly Pick<RoomRow, "target" | "status" | "reason" | "instance" | "isCopy">[];
  readonly instance: string;
  readonly leases: number | undefined;
  /** Recent times at which the server detected that the folder was an old copy. */
  readonly rejoinsUnixMs: readonly number[];
  readonly unreadable: number;
  readonly rows: number;
}

export interface SealedDevices {
  readonly devices: Answer<"devices">["devices"];
  /** Number of this device's key packages on the server, or why the device cannot be added. */
  readonly packages: number | Fault;
}

export function checkSealedFile({ path, rows, unreadable, rooms }: SealedState): Finding {
  const count = `${rooms.length} encrypted room${rooms.length === 1 ? "" : "s"}`;
  if (unreadable === 0) return ok(`${path}: intact, with ${count}`);
  return warning(
    `${path}: ${unreadable} of ${rows} rows cannot be read with the key of this device`,
    "run chat join to rejoin rooms; device.key may belong to another device",
  );
}

export function checkLease({ leases, rejoinsUnixMs }: SealedState, nowUnixMs: number): Finding {
  const rejoins = rejoinsUnixMs.filter(
    (unixMs) => Math.abs(nowUnixMs - unixMs) < REJOINS_WINDOW_MS,
  ).length;
  if (rejoins > 0) {
    const times = rejoins === 1 ? "once" : `${rejoins} times`;
    return warning(
      `the server found this folder to be outdated ${times} within the last hour`,
      "if another machine uses a copy, link it instead: chat link-device",
    );
  }
  if (leases === undefined) return ok("the server has not issued a lease yet");
  return ok(`this folder is the device's current copy (lease ${leases})`);
}

export function checkSealedRooms({ rooms, instance }: SealedState): Finding {
  const isOld = (room: SealedState["rooms"][number]) =>
    room.isCopy === true || (room.instance ?? "") !== instance;
  const distrusted = rooms.filter(({ status }) => status === "suspect");
  const pending = rooms.filter(
    (room) => room.status === "lost" || (room.status === "in" && isOld(room)),
  );
  const [first] = distrusted;
  if (first !== undefined) {
    const moreText = distrusted.length === 1 ? "" : `, and ${distrusted.length - 1} more`;
    const message = `'${first.target}' is not trusted: ${first.reason ?? "?"}${moreText}`;
    return warning(
      message,
      "ask the other members and the server's owner, then run /sealed accept there",
    );
  }
  if (pending.length > 0) {
    const names = pending.map(({ target }) => `'${target}'`).join(", ");
    return warning(`this device is waiting to rejoin ${names}`, "run chat join and wait");
  }
  const joinedCount = rooms.filter(({ status }) => status !== "out").length;
  return ok(`this device is in ${joinedCount} of ${rooms.length}`);
}

export function checkSealedDevices({ devices }: SealedDevices): Finding {
  const certified = devices.filter((device) => device.certified).length;
  const own = devices.find(({ current }) => current);
  if (own?.certified === false) {
    return warning(
      "this device signed in with a password, and cannot join encrypted rooms",
      "link this device from one that is already linked: chat link-device",
    );
  }
  const uncertified = devices.length - certified;
  const moreText =
    uncertified === 0 ? "" : `; ${uncertified} more signed in with a password, and cannot`;
  return ok(`${certified} of your devices can join encrypted rooms${moreText}`);
}

export function checkPackages({ packages }: SealedDevices): Finding {
  if (packages instanceof Fault) return warningFrom(packages);
  const leftText = `${packages} key package${packages === 1 ? "" : "s"} left on the server`;
  if (packages >= KEY_PACKAGES_LOW) return ok(leftText);
  const remedy = "run chat join once; otherwise others may soon be unable to add this device";
  return warning(leftText, remedy);
}

/** @param work operation that fails without this project's patch of the MLS library */
export async function checkMlsLibrary(work: () => Promise<void>): Promise<Finding> {
  try {
    await work();
    return ok("the MLS library works: a test device rejoined its group");
  } catch (error) {
    const { message } = failed(error);
    return failed(
      new Fault("internal", `the MLS library does not work correctly (${message})`, {
        remedy: "use another build of chat; this one cannot use encrypted rooms safely",
      }),
    );
  }
}

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
    const stocked = client.request("key-packages", { packages: [] });
    const packages = await stocked.then(({ left }) => left, asFault);
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
