import { expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { CLUSTER_METRICS_INTERVAL_MS } from "../../../src/base/limits-cluster.ts";
import {
  type ClusterMembership,
  leftClusterFault,
  newNodeName,
  partlyMovedFault,
  readMembership,
  removeMembership,
  writeMembership,
} from "../../../src/cli/membership.ts";
import {
  HealthWatch,
  isYounger,
  readNodeState,
  surveyCluster,
  twinsFault,
  twinsIn,
} from "../../../src/cli/serve/survey.ts";
import { packNodeMessage } from "../../../src/core/cluster/messages.ts";
import { newestVersion } from "../../../src/wire/since.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { plantVersion } from "../../plant.ts";
import { tempFolder } from "../../temp-folder.ts";

plantVersion();

const EQUAL = {
  last: 12,
  messages: 12,
  settings: [],
  bytes: 900,
  leader: "n1",
  replicas: 3,
  current: 3,
  hasMajority: true,
};

const STATE = { ...EQUAL, current: 2 };
const STARTED = { address: "", upMs: 0, state: "follows" };

function streamOf(nodes: () => readonly (readonly [records: number, root: string])[]) {
  const stream = {
    isAway: false,
    isLed: true,
    queryState: () =>
      Promise.resolve([
        ...nodes().map(([records, root], i) =>
          packNodeMessage(`n${i}`, { ...STARTED, seq: records, records, root }, `${i}`),
        ),
        Uint8Array.of(0xc1),
        packNodeMessage("later", { kind: "of a later version" }, "9"),
      ]),
    state: () =>
      stream.isAway
        ? Promise.reject(new Fault("no-majority", "away"))
        : Promise.resolve({ ...STATE, hasMajority: stream.isLed }),
  };
  return stream;
}

test("reports the state of the cluster, and whether the histories are equal", async () => {
  let nodes: (readonly [number, string])[] = [
    [10, "0a"],
    [8, "08"],
    [11, "ff"], // Longer than this node's history, so it cannot be compared.
  ];
  const clock = new VirtualClock();
  const stream = streamOf(() => nodes);
  let follows = true;
  let hasMajority = true;
  const surveyed: string[][] = [];
  const watch = new HealthWatch({
    stream,
    onSurvey: ({ nodes: answers }) => surveyed.push(answers.map(({ knows }) => knows)),
    clock,
    own: () => ({ follows, seq: 10 }),
    hasMajority: () => hasMajority,
    rootAt: (records) => Promise.resolve(records > 10 ? undefined : Uint8Array.of(records)),
  });
  await clock.advance(0);
  const well = {
    reachable: true,
    follows: true,
    nodes: 3,
    lag: 2,
    messages: 12,
    bytes: 900,
    leader: "n1",
    replicas: 3,
    current: 2,
    rootsEqual: true,
  };
  expect(watch.health).toEqual(well);
  expect(surveyed).toEqual([["0.4.0", "0.4.0", "0.4.0"]]);

  nodes = [
    [10, "0a"],
    [8, "09"],
  ];
  await clock.advance(CLUSTER_METRICS_INTERVAL_MS);
  expect(watch.health).toEqual({ ...well, nodes: 2, rootsEqual: false });
  nodes = [
    [11, "0b"],
    [11, "0c"],
  ];
  await clock.advance(CLUSTER_METRICS_INTERVAL_MS);
  expect(watch.health.rootsEqual).toBe(false);

  stream.isAway = true;
  follows = false;
  await clock.advance(CLUSTER_METRICS_INTERVAL_MS);
  expect(watch.health).toMatchObject({ reachable: false, follows: false, nodes: 0, leader: "" });
  stream.isAway = false;
  nodes = [];
  await clock.advance(CLUSTER_METRICS_INTERVAL_MS);
  expect(watch.health).toMatchObject({ reachable: true, nodes: 0, rootsEqual: true });

  stream.isLed = false;
  await clock.advance(CLUSTER_METRICS_INTERVAL_MS);
  expect(watch.health).toMatchObject({ reachable: false, follows: false });
  [stream.isLed, follows] = [true, true];
  await clock.advance(CLUSTER_METRICS_INTERVAL_MS);
  expect(watch.health).toMatchObject({ reachable: true, follows: true });
  hasMajority = false;
  expect(watch.health).toMatchObject({ reachable: false, follows: false });
  watch.close();
  await clock.advance(0);
  expect(clock.pendingTimers).toBe(0);
});

async function areOne(...nodes: readonly object[]): Promise<boolean> {
  const plain = { ...STARTED, records: 10, accounts: 4, root: "0a" };
  const survey = await surveyCluster({
    queryState: () =>
      Promise.resolve(
        nodes.map((node, i) => packNodeMessage(`n${i}`, { ...plain, seq: 12, ...node }, `${i}`)),
      ),
    state: () => Promise.resolve(EQUAL),
  });
  expect(survey.nodes).toHaveLength(nodes.length);
  return survey.areRootsEqual;
}

const at = (history: number, accounts: number) => ({ applied: { history, accounts } });

test("counts a process once that answers twice", async () => {
  const plain = { ...STARTED, records: 1, accounts: 0, root: "0a", seq: 12 };
  const answers = ["one", "one", "other"].map((instance) => packNodeMessage("n1", plain, instance));
  const { nodes } = await surveyCluster({
    queryState: () => Promise.resolve(answers),
    state: () => Promise.resolve(EQUAL),
  });
  expect(nodes).toMatchObject([{ instance: "one" }, { instance: "other" }]);
  expect(twinsIn(nodes.slice(0, 1))).toBeUndefined();
});

test("a report tells which records its server knows", async () => {
  const plain = { ...STARTED, seq: 1, records: 1, accounts: 0, root: "" };
  const read = (fields: object) =>
    readNodeState(packNodeMessage("n1", { ...plain, ...fields }, "1")) as object;
  expect(read({})).toMatchObject({ knows: "0.4.0" });
  expect(read({ knows: 3 })).toMatchObject({ knows: "0.4.0" });
  expect(read({ knows: "0.5.0" })).toMatchObject({ knows: "0.5.0" });
  // A later version knows at least what this one knows.
  expect(read({ knows: "99.0.0" })).toMatchObject({ knows: newestVersion() });
  expect(read({ program: "chat/9\u001b[31m", ignored: 2 })).toMatchObject({ ignored: 2 });
  expect(JSON.stringify(read({ program: "chat/9\u001b[31m" }))).not.toContain("u001b");
  expect(read({ program: 7, ignored: -1 })).not.toHaveProperty("program");
});

test("nodes at the same message have histories of equal length", async () => {
  const short = { records: 6, root: "06" };
  expect(await areOne(at(10, 4), { ...short, ...at(6, 4) })).toBe(false);
  expect(await areOne(at(10, 4), at(10, 5))).toBe(false);
  expect(await areOne(at(10, 4), at(10, 4))).toBe(true);
});

test("a server that lags, restores or reports nothing does not count as diverged", async () => {
  const short = { records: 6, root: "06" };
  expect(await areOne(at(10, 4), { ...short, ...at(6, 4), seq: 11 })).toBe(true);
  expect(await areOne(at(10, 4), { ...short, ...at(6, 4), state: "restores" })).toBe(true);
  expect(await areOne(at(10, 4), short, { ...short, applied: { history: -1 } })).toBe(true);
});

const folder = tempFolder();

const POSITION = { seq: 9, history: 7, accounts: 1 };
const KEPT: ClusterMembership = { cluster: "chat", node: "vm-1a2b", position: POSITION };

test("stores and removes the membership of a folder", () => {
  expect(readMembership(folder)).toBeUndefined();
  for (const kept of [
    KEPT,
    { ...KEPT, state: "filling" },
    { ...KEPT, state: "left" },
    { ...KEPT, position: { ...KEPT.position, isFilling: true } },
    { ...KEPT, before: [{ seq: 4, history: 3, accounts: 1 }] },
  ] as const) {
    writeMembership(folder, kept);
    expect(readMembership(folder)).toEqual({ before: [], ...kept });
  }
  removeMembership(folder);
  removeMembership(folder);
  expect([readMembership(folder), readdirSync(folder)]).toEqual([undefined, []]);
});

test("node names differ, and each refusal has a remedy", () => {
  expect(newNodeName()).not.toBe(newNodeName());
  expect(leftClusterFault("/data", KEPT).remedy).toContain("start over with only identity.key");
  expect(partlyMovedFault("/data", KEPT).remedy).toContain("chat cluster init /data");
});

test("refuses a malformed cluster.json", () => {
  const { position, ...rest } = KEPT;
  const whole = { ...rest, ...position };
  for (const value of [
    null,
    [],
    {},
    { ...whole, seq: -1 },
    { ...whole, history: 1.5 },
    { ...whole, accounts: "1" },
    { ...whole, node: 3 },
    { ...whole, state: "gone" },
  ]) {
    writeFileSync(join(folder, "cluster.json"), JSON.stringify(value));
    expect(() => readMembership(folder)).toThrow("was not written by a server");
  }
  writeFileSync(join(folder, "cluster.json"), '{"cluster":"chat"');
  expect(() => readMembership(folder)).toThrow("was not written by a server");
});

test.each([
  [{ instance: "b", upMs: 90_000 }, true], // The other has run for longer.
  [{ instance: "b", upMs: 4_000 }, false],
  [{ instance: "b", upMs: 9_500 }, false], // Started at once, so the greater instance stops.
  [{ instance: "9", upMs: 9_500 }, true],
  [{ instance: "9", upMs: 10_500 }, true],
])("decides which of two processes with one name stops: %j", (other, isOwn) => {
  for (const address of ["", "h:1"]) {
    const own = { instance: "a", upMs: 10_000, address };
    expect(isYounger(own, { ...other, address })).toBe(isOwn);
  }
});

test("a process that still starts stops for one of the same name that serves", () => {
  for (const instance of ["a", "b"]) {
    const starting = { instance, upMs: 9_000, address: "" };
    for (const upMs of [8_000, 9_000, 10_500, 90_000]) {
      const serving = { instance: "ab", upMs, address: "h:1" };
      expect(isYounger(starting, serving)).toBe(true);
      expect(isYounger(serving, starting)).toBe(false);
    }
  }
});

test("finds two servers with one name", async () => {
  const node = { ...STARTED, records: 1, root: "", seq: 1 };
  const report = (name: string, instance: string, address: string) =>
    readNodeState(packNodeMessage(name, { ...node, address }, instance));
  const [a, b, twin] = [report("a", "1", "h:1"), report("b", "2", ""), report("a", "3", "")];
  if (a === undefined || b === undefined || twin === undefined) throw new Error("unreadable");
  expect(twinsIn([a, b])).toBeUndefined();
  expect(twinsIn([a, b, twin])).toEqual([a, twin]);
  expect(twinsFault([a, twin]).message).toBe(
    "two servers have the name a in the cluster, one of them at h:1",
  );
  expect(twinsFault([twin, twin]).message).toBe("two servers have the name a in the cluster");
});
