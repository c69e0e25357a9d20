import { expect, test } from "bun:test";
import {
  CLUSTER_ELECTION_MS,
  CLUSTER_LEASE_MS,
  MAJORITY_CHECK_INTERVAL_MS,
} from "../../../src/base/limits-cluster.ts";
import { MajorityWatch, type Refusal, RefusedByNats } from "../../../src/io/cluster/majority.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

function watched() {
  const refusal = undefined as Refusal | undefined;
  const clock = new VirtualClock();
  const world = { clock, silent: [] as string[], isLed: true, heardAt: 0, refusal };
  const watch = new MajorityWatch({
    clock,
    sinceAnswerMs: () => {
      if (world.isLed) world.heardAt = clock.now();
      return Promise.resolve(clock.now() - world.heardAt);
    },
    missing: () => {
      const isMajorityLost = world.silent.length > 1;
      return Promise.resolve({ servers: world.silent, total: 3, isMajorityLost });
    },
    refusal: () => Promise.resolve(world.refusal),
  });
  const until = async (isFault: boolean) => {
    const from = clock.now();
    while ((watch.fault !== undefined) !== isFault) {
      if (clock.now() - from > 60_000) throw new Error("it says nothing");
      await clock.advance(100);
    }
    return clock.now() - from;
  };
  return { ...world, world, watch, until };
}

test("names the missing servers when the lease expires", async () => {
  const { world, watch, until, clock } = watched();
  await clock.advance(60_000);
  expect(watch.fault).toBeUndefined();
  Object.assign(world, { isLed: false, silent: ["nats://n2:4222", "nats://n3:4222"] });
  expect(await until(true)).toBeLessThanOrEqual(CLUSTER_LEASE_MS + MAJORITY_CHECK_INTERVAL_MS);
  expect(watch.fault).toMatchObject({ code: "no-majority", exitCode: 5 });
  expect(watch.fault?.message).toContain("2 of 3 NATS servers do not answer");
  expect(watch.fault?.message).toContain("nats://n2:4222, nats://n3:4222");
  world.isLed = true;
  expect(await until(false)).toBeLessThanOrEqual(MAJORITY_CHECK_INTERVAL_MS);
  watch.close();
  expect(clock.pendingTimers).toBe(0);
});

test("waits for an election if enough servers remain", async () => {
  const { world, watch, until, clock } = watched();
  Object.assign(world, { isLed: false, silent: ["nats://n2:4222"] });
  await clock.advance(CLUSTER_ELECTION_MS - 1);
  expect(watch.fault).toBeUndefined();
  world.isLed = true;
  await clock.advance(5_000);
  expect(watch.fault).toBeUndefined();
  Object.assign(world, { isLed: false, silent: [] });
  const elapsedMs = await until(true);
  expect(elapsedMs).toBeGreaterThanOrEqual(CLUSTER_ELECTION_MS - MAJORITY_CHECK_INTERVAL_MS);
  expect(elapsedMs).toBeLessThan(10_000);
  expect(watch.fault?.message).toBe("the cluster has no majority: the NATS servers have no leader");
  watch.close();
});

test("reports each refusal at once and once, until NATS stores messages again", async () => {
  const { world, watch, until } = watched();
  const full = { message: "NATS has no storage left", remedy: "add some" };
  world.refusal = full;
  expect(await until(true)).toBeLessThanOrEqual(MAJORITY_CHECK_INTERVAL_MS);
  const { fault } = watch;
  expect(fault).toBeInstanceOf(RefusedByNats);
  expect(fault).toMatchObject({ ...full, code: "no-majority" });
  world.refusal = { ...full };
  await world.clock.advance(5 * MAJORITY_CHECK_INTERVAL_MS);
  expect(watch.fault).toBe(fault);
  world.refusal = { ...full, message: "the stream is sealed" };
  await world.clock.advance(MAJORITY_CHECK_INTERVAL_MS);
  expect(watch.fault?.message).toBe("the stream is sealed");
  world.refusal = undefined;
  expect(await until(false)).toBeLessThanOrEqual(MAJORITY_CHECK_INTERVAL_MS);
  watch.close();
});
