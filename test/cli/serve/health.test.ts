import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { CLUSTER_LOOK_EVERY_MS } from "../../../src/base/limits-cluster.ts";
import { HealthWatch } from "../../../src/cli/serve/health.ts";
import { packNews } from "../../../src/core/cluster/messages.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const STATE = { last: 12, bytes: 900, leader: "n1", replicas: 3, current: 2, hasMajority: true };

/** A stream with these servers. */
function streamOf(nodes: () => readonly (readonly [records: number, root: string])[]) {
  const stream = {
    isAway: false,
    isLed: true,
    ask: () =>
      Promise.resolve([
        ...nodes().map(([records, root], i) =>
          packNews(`n${i}`, { address: "", seq: records, records, root, state: "follows" }),
        ),
        Uint8Array.of(0xc1),
        packNews("later", { kind: "of a later version" }),
      ]),
    state: () =>
      stream.isAway
        ? Promise.reject(new Fault("no-majority", "away"))
        : Promise.resolve({ ...STATE, hasMajority: stream.isLed }),
  };
  return stream;
}

test("a server tells how its cluster is, and beside whose history its own stands", async () => {
  let nodes: (readonly [number, string])[] = [
    [10, "0a"],
    [8, "08"],
    [11, "ff"], // Longer than the own one: nothing is known of it.
  ];
  const clock = new VirtualClock();
  const stream = streamOf(() => nodes);
  let follows = true;
  let hasMajority = true;
  const watch = new HealthWatch({
    ...{ stream, clock, own: () => ({ follows, seq: 10 }) },
    hasMajority: () => hasMajority,
    rootAt: (records) => Promise.resolve(records > 10 ? undefined : Uint8Array.of(records)),
  });
  await clock.advance(0);
  const well = {
    ...{ reachable: true, follows: true, nodes: 3, lag: 2, messages: 12, bytes: 900 },
    ...{ leader: "n1", replicas: 3, current: 2, rootsEqual: true },
  };
  expect(watch.health).toEqual(well);

  nodes = [
    [10, "0a"],
    [8, "09"],
  ];
  await clock.advance(CLUSTER_LOOK_EVERY_MS);
  expect(watch.health).toEqual({ ...well, nodes: 2, rootsEqual: false });
  // Two that are ahead of it, and do not agree.
  nodes = [
    [11, "0b"],
    [11, "0c"],
  ];
  await clock.advance(CLUSTER_LOOK_EVERY_MS);
  expect(watch.health.rootsEqual).toBe(false);

  stream.isAway = true;
  follows = false;
  await clock.advance(CLUSTER_LOOK_EVERY_MS);
  expect(watch.health).toMatchObject({ reachable: false, follows: false, nodes: 0, leader: "" });
  stream.isAway = false;
  nodes = [];
  await clock.advance(CLUSTER_LOOK_EVERY_MS);
  expect(watch.health).toMatchObject({ reachable: true, nodes: 0, rootsEqual: true });

  // The one that is left still answers.
  stream.isLed = false;
  await clock.advance(CLUSTER_LOOK_EVERY_MS);
  expect(watch.health).toMatchObject({ reachable: false, follows: false });
  [stream.isLed, follows] = [true, true];
  await clock.advance(CLUSTER_LOOK_EVERY_MS);
  expect(watch.health).toMatchObject({ reachable: true, follows: true });
  hasMajority = false;
  expect(watch.health).toMatchObject({ reachable: false, follows: false });
  watch.close();
  await clock.advance(0);
  expect(clock.waiting).toBe(0);
});
