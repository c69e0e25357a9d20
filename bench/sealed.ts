/**
 * Cost of sealed rooms without a server, as JSON: `bun bench/sealed.ts [--quick]`. Measures the
 * worst case, in which no device has updated its keys before.
 */
import { parseArgs } from "node:util";
import { utf8Encode } from "../src/base/bytes.ts";
import type { SealProcessed } from "../src/crypto/seal/engine.ts";
import type { SealedGroup } from "../src/crypto/seal/group.ts";
import { importStateKey } from "../src/crypto/seal/state-box.ts";
import {
  POST,
  ROOM,
  secretIn,
  stocked,
  TestDevice,
  welcomeOf,
} from "../test/crypto/seal/devices.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const DEVICES = values.quick ? [2, 10, 100] : [2, 10, 100, 256];
const MESSAGES = values.quick ? 200 : 1_000;
const BODY = utf8Encode("x".repeat(100));

const key = await importStateKey(new Uint8Array(32));
const lease = "1";
const kilobytes = (bytes: Uint8Array) => round(bytes.length / 1_000);

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

async function timed<T>(action: () => Promise<T>): Promise<readonly [T, number]> {
  const started = performance.now();
  const result = await action();
  return [result, round(performance.now() - started)];
}

function groupAfter(processed: SealProcessed): SealedGroup {
  if (processed.kind !== "applied") throw new Error(processed.kind);
  return processed.group;
}

async function measure(count: number): Promise<Readonly<Record<string, number>>> {
  const devices: TestDevice[] = [];
  for (let i = 0; i < count; i++) devices.push(await TestDevice.make({ user: `user-${i}` }));
  const [ana, bob, ...others] = devices;
  if (ana === undefined || bob === undefined) throw new Error("two devices at least");
  const pair = await stocked(bob);
  const keyPackages = [pair.keyPackage];
  for (const device of others) keyPackages.push((await stocked(device)).keyPackage);
  const at = (device: TestDevice) => ({ bound: POST, ...device.accountChecks() });

  const { group } = await ana.engine.create(ana.policy());
  const [added, addMs] = await timed(() =>
    ana.engine.commit(group, { kind: "add", keyPackages }, at(ana)),
  );
  const joinContext = { room: ROOM, ...bob.accountChecks() };
  const [joined, joinMs] = await timed(() =>
    bob.engine.join(welcomeOf(added), secretIn(pair), joinContext),
  );
  const [update, updateMs] = await timed(() =>
    ana.engine.commit(added.group, { kind: "update" }, at(ana)),
  );
  const [processed, processMs] = await timed(() =>
    bob.engine.process(joined.group, update.commit, at(bob)),
  );
  const [, rejoinMs] = await timed(() =>
    bob.engine.rejoin(update.groupInfo, { ...joinContext, ...at(bob) }),
  );

  let from = update.group;
  const sent: Uint8Array[] = [];
  const [, sendMs] = await timed(async () => {
    for (let n = 1; n <= MESSAGES; n++) {
      const content = { body: BODY, sentAtUnixMs: 1_800_000_000_000, count: n };
      const step = await ana.engine.encrypt(from, content, { bound: POST });
      sent.push(step.message);
      from = step.group;
    }
  });
  let to = groupAfter(processed);
  const [, readMs] = await timed(async () => {
    for (const message of sent) {
      to = (await bob.engine.decrypt(to, message, { bound: POST })).group;
    }
  });
  const [state, saveMs] = await timed(() => bob.engine.save(to, { key, lease }));
  const [, loadMs] = await timed(() => bob.engine.load(state, { key, lease, gid: to.gid }));
  return {
    devices: count,
    sendsPerSecond: Math.round((MESSAGES * 1_000) / sendMs),
    readsPerSecond: Math.round((MESSAGES * 1_000) / readMs),
    addAllMs: addMs,
    joinMs,
    updateMs,
    processMs,
    rejoinMs,
    saveMs,
    loadMs,
    commitKb: kilobytes(added.commit),
    welcomeKb: kilobytes(welcomeOf(added)),
    groupInfoKb: kilobytes(update.groupInfo),
    updateKb: kilobytes(update.commit),
    stateKb: kilobytes(state),
  };
}

await measure(2); // Warm-up, because compilation is not measured.
for (const count of DEVICES) process.stdout.write(`${JSON.stringify(await measure(count))}\n`);
