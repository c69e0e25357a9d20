import { expect, test } from "bun:test";
import type { StreamInfo } from "@nats-io/jetstream";
import { currentCount } from "../../../src/io/nats/stream-lookup.ts";

type Replica = NonNullable<StreamInfo["cluster"]>["replicas"] extends (infer One)[] | undefined
  ? One
  : never;

test.each([
  [{ current: true, active: 1e9 }, 3],
  [{ current: false, active: 1e9, lag: 5 }, 3],
  [{ current: false, active: 1e9, lag: 500 }, 2],
  [{ current: true, active: 1e9, offline: true }, 2],
  // Its disk is full, and JetStream has ended there.
  [{ current: false, active: 18e9, lag: 3 }, 2],
])("counts the servers that have the stream: %j", (replica, count) => {
  const others = [
    { name: "n2", current: true, active: 1e9 },
    { name: "n3", ...replica },
  ];
  const cluster = { name: "chat", leader: "n1", replicas: others as Replica[] };
  expect(currentCount({ config: { num_replicas: 3 }, cluster } as StreamInfo)).toBe(count);
});
