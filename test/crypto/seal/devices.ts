import { toBase64Url, utf8Encode } from "../../../src/base/bytes.ts";
import { checkName, type FoldedName } from "../../../src/base/names.ts";
import { makeDeviceCert } from "../../../src/crypto/device-cert.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import type { AccountChecks } from "../../../src/crypto/seal/commit-check.ts";
import {
  type SealCommit,
  SealEngine,
  type SealProcessed,
} from "../../../src/crypto/seal/engine.ts";
import type { SealedGroup } from "../../../src/crypto/seal/group.ts";
import type { KeyPackagePair } from "../../../src/crypto/seal/key-packages.ts";
import type { SealPolicy } from "../../../src/crypto/seal/policy.ts";
import type { SealSigner } from "../../../src/crypto/seal/suite.ts";
import { formatFingerprint } from "../../../src/wire/fingerprint.ts";

export const ROOM = "rAAAAAAAAAAA";
const SERVER = Identity.generate();
export const SERVER_TEXT = formatFingerprint(SERVER.fingerprint);

export interface TestDeviceOptions {
  readonly user: string;
  readonly account?: Identity;
  readonly key?: SealSigner;
  readonly kind?: "cli" | "web";
  readonly server?: string;
  readonly unixMs?: () => number;
}

export class TestDevice {
  readonly user: string;
  readonly account: Identity;
  readonly key: SealSigner;
  readonly cert: Uint8Array;
  readonly engine: SealEngine;
  readonly pins = new Map<FoldedName, string>();

  private constructor(options: TestDeviceOptions, own: OwnKeys, engine: SealEngine) {
    this.user = options.user;
    this.account = own.account;
    this.key = own.key;
    this.cert = own.cert;
    this.engine = engine;
  }

  static async make(options: TestDeviceOptions): Promise<TestDevice> {
    const { account = Identity.generate(), key = Identity.generate(), kind = "cli" } = options;
    const server = options.server ?? SERVER_TEXT;
    const user = checkName(options.user);
    const request = { server, user, deviceKey: key.publicKey, kind, signedAtUnixMs: 1_700_000 };
    const cert = makeDeviceCert(account, request);
    const unixMs = options.unixMs ?? Date.now;
    const engine = await SealEngine.open({ signer: key, cert, servers: [server], unixMs });
    return new TestDevice(options, { account, key, cert }, engine);
  }

  get id(): string {
    return this.engine.device;
  }

  get accountId(): string {
    return toBase64Url(this.account.publicKey);
  }

  accountChecks(more: Partial<AccountChecks> = {}): AccountChecks {
    return { accountOf: (user) => this.pins.get(user), ...more };
  }

  policy(change: Partial<SealPolicy> = {}): SealPolicy {
    const admins = [this.accountId];
    return { room: ROOM, admins, adders: "members", web: true, history: false, ...change };
  }
}

interface OwnKeys {
  readonly account: Identity;
  readonly key: SealSigner;
  readonly cert: Uint8Array;
}

export const POST = utf8Encode("outbox 1");

export async function stocked(device: TestDevice) {
  const [pair] = await device.engine.makeKeyPackages(1);
  if (pair === undefined) throw new Error("a key package was to be made");
  return pair;
}

export function secretIn(pair: KeyPackagePair | undefined) {
  return (ref: string) => (ref === pair?.ref ? pair.secret : undefined);
}

export async function groupOf(
  [first, ...others]: readonly TestDevice[],
  policy: Partial<SealPolicy> = {},
): Promise<SealedGroup[]> {
  if (first === undefined) return [];
  const { group } = await first.engine.create(first.policy(policy));
  if (others.length === 0) return [group];
  const pairs = await Promise.all(others.map(stocked));
  const keyPackages = pairs.map(({ keyPackage }) => keyPackage);
  const made = await first.engine.commit(
    group,
    { kind: "add", keyPackages },
    { bound: POST, ...first.accountChecks() },
  );
  const joined = others.map(async (device, i) => {
    const { group } = await device.engine.join(welcomeOf(made), secretIn(pairs[i]), {
      room: ROOM,
      ...device.accountChecks(),
    });
    return group;
  });
  return [made.group, ...(await Promise.all(joined))];
}

export function welcomeOf({ welcome }: SealCommit): Uint8Array {
  if (welcome === undefined) throw new Error("the commit was to add a device");
  return welcome;
}

export function applied(processed: SealProcessed): SealedGroup {
  if (processed.kind === "applied") return processed.group;
  throw new Error(`the commit was to be applied: ${JSON.stringify(processed)}`, {
    cause: "cause" in processed ? processed.cause : undefined,
  });
}

let sent = 0;

export async function say(from: TestDevice, group: SealedGroup, text = `text ${++sent}`) {
  const body = utf8Encode(text);
  const content = { body, sentAtUnixMs: 1_800_000_000_000, count: ++sent };
  return from.engine.encrypt(group, content, { bound: POST });
}
