import { expect } from "bun:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { Fault } from "../../../src/base/fault.ts";
import type { FileId } from "../../../src/base/ids.ts";
import { KEY_PACKAGES_MAX } from "../../../src/base/limits-sealed.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { SharedFiles } from "../../../src/io/cluster/shared-files.ts";
import type { StreamMessage } from "../../../src/io/cluster/stream.ts";
import { StreamReader } from "../../../src/io/cluster/stream-reader.ts";
import { openBuckets } from "../../../src/io/nats/bucket.ts";
import { openContentStore } from "../../../src/io/nats/content.ts";
import { connectNats, openJetStream } from "../../../src/io/nats/jetstream.ts";
import { KeyPackageStore } from "../../../src/server/sealed/key-packages.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { until } from "../../event.ts";
import { requires } from "../../installed.ts";
import { memberOf } from "./nats-node.ts";
import { type NatsServer, NatsServers } from "./nats-servers.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

const clock = systemClock();
const expiryClock = Object.assign(new VirtualClock(), clock);
/** NATS 2.9.10 may take this long to elect a leader after servers are killed. */
const ELECTED_WITHIN_MS = 90_000;
let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start();
});

afterAll(() => nats.stop());

function serverNamed(name: string | undefined): NatsServer | undefined {
  return nats.servers[Number(name?.slice(1))];
}

async function openKeys(cluster: string) {
  const stream = await openJetStream(memberOf(nats, cluster));
  try {
    const { keys } = await openBuckets(stream.clusterConnection, ["keys"]);
    return { stream, keys };
  } catch (error) {
    await stream.close();
    throw error;
  }
}

test("replicates a bucket like the log, even if it had fewer replicas", async () => {
  // On a busy machine, each request may get no answer within a second, although it was served.
  const first = await until("the bucket", () => openKeys("copies").catch(() => undefined));
  await until("the value is written", async () => {
    await first.keys.write("x", Uint8Array.of(1), undefined).catch(() => {});
    return await first.keys.read("x").catch(() => undefined);
  });
  const { manager } = first.stream.clusterConnection;
  const hasReplicas = async (count: number) =>
    (await manager.streams.info("CHATKEPT_copies")).config.num_replicas === count;
  // For a moment after an update, NATS may give no answer, or the previous number, also to a node
  // that opens the bucket.
  await until("1 replica", async () => {
    await manager.streams.update("CHATKEPT_copies", { num_replicas: 1 }).catch(() => {});
    return await hasReplicas(1).catch(() => false);
  });
  await until("3 replicas", async () => {
    const again = await openKeys("copies").catch(() => undefined);
    await again?.stream.close();
    return again !== undefined && (await hasReplicas(3).catch(() => false));
  });
  const value = await until("the value", () => first.keys.read("x").catch(() => undefined));
  expect(value.bytes).toEqual(Uint8Array.of(1));
  await first.stream.close();
});

test("gives out no key package twice when the leader is killed", async () => {
  const nodes = await Promise.all(["a", "b", "c"].map(() => openKeys("kills")));
  const stores = nodes.map(({ keys }) => new KeyPackageStore(keys, expiryClock));
  const given: string[] = [];
  let made = 0;
  const addPackages = async () => {
    for (;;) {
      const first = ++made;
      const packages = Array.from({ length: KEY_PACKAGES_MAX }, (_, at) =>
        Uint8Array.of(first, at, ...new Uint8Array(600)),
      );
      try {
        return await stores[0]?.add("device", packages);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }
  };
  let isFinished = false;
  let empty = 0;
  const taking = stores.map(async (store) => {
    while (!isFinished) {
      try {
        const taken = await store.claim("device");
        if (taken === undefined) empty++;
        else given.push(taken.keyPackage.join());
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }
  });
  await addPackages();
  await until("some packages are taken", () => given.length > 5);
  const info = await nodes[0]?.stream.clusterConnection.manager.streams.info("CHATKEPT_kills");
  const leader = serverNamed(info?.cluster?.leader);
  expect(leader).toBeDefined();
  await leader?.kill();
  await addPackages();
  leader?.start();
  empty = 0;
  await until("no package is left", () => empty > 0, ELECTED_WITHIN_MS);
  isFinished = true;
  await Promise.all(taking);
  expect(new Set(given).size).toBe(given.length);
  expect(given.length).toBeGreaterThan(10);
  for (const { stream } of nodes) await stream.close();
});

test("reads and writes the log while a server is frozen", async () => {
  const open = (server: number) =>
    openJetStream({ ...memberOf(nats, "frozen"), servers: nats.urls.slice(server, server + 1) });
  const first = await open(0);
  const { leader } = await first.state();
  const [frozen = 0] = [0, 1, 2].filter((one) => `n${one}` !== leader);
  const stuck = await open(frozen);
  const read: string[] = [];
  const fail = () => {
    throw new Error("the stream has lost something");
  };
  const reader = new StreamReader({
    stream: stuck,
    clock,
    sha256,
    after: { seq: 0 },
    onMessage: ({ bytes }: StreamMessage) => {
      read.push(Buffer.from(bytes).toString());
      return undefined;
    },
    onRewound: fail,
    onLost: fail,
    onTruncated: fail,
    onNoAnswer: () => undefined,
  });
  const publish = async (text: string) => {
    await until(`${text} is stored`, async () => {
      try {
        await stuck.publish(Buffer.from(text), text);
        return true;
      } catch (error) {
        if (error instanceof Fault) return false;
        throw error;
      }
    });
  };
  await publish("before");
  nats.servers[frozen]?.signal("SIGSTOP");
  const texts = Array.from({ length: 10 }, (_, i) => `text ${i}`);
  try {
    for (const text of texts) {
      await publish(text);
      await until(`${text} is read`, () => read.at(-1) === text);
    }
  } finally {
    nats.servers[frozen]?.signal("SIGCONT");
  }
  expect(read).toEqual(["before", ...texts]);
  reader.close();
  for (const stream of [first, stuck]) await stream.close();
});

test("reads contents while a replica is frozen", async () => {
  const file = "fAAAAAAAAAA1" as FileId;
  const options = { cluster: "contents", isUnsafe: true, clock };
  const store = await openContentStore({ ...options, servers: nats.urls.slice(0, 1) });
  const shared = new SharedFiles({ store, clock, sha256 });
  const chunks = Array.from({ length: 24 }, (_, i) => Uint8Array.of(i));
  const hashes = chunks.map((chunk) => sha256(chunk));
  for (const [i, chunk] of chunks.entries()) {
    await shared.put(file, i, sha256(chunk), async () => chunk);
  }
  const connection = await connectNats({ servers: nats.urls });
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const { cluster } = await manager.streams.info("CHATFILES_contents");
  await connection.close();
  const leader = serverNamed(cluster?.leader);
  const frozen = nats.servers.slice(1).find((server) => server !== leader);
  frozen?.signal("SIGSTOP");
  try {
    for await (const { index, bytes } of shared.chunks(file, hashes, 0)) {
      expect(bytes).toEqual(chunks[index] ?? new Uint8Array());
    }
  } finally {
    frozen?.signal("SIGCONT");
  }
  await store.close();
});
