import { expect, test } from "bun:test";
import { NODE_VERSION_FORGET_MS, SIBLINGS_MAX } from "../../../src/base/limits-cluster.ts";
import { type NodeVersion, NodeVersions } from "../../../src/core/cluster/node-versions.ts";
import { plantVersion } from "../../plant.ts";

plantVersion();

const node = (name: string, knows: NodeVersion["knows"], isStopped = false): NodeVersion => {
  return { name, address: `${name}.example:2428`, knows, isStopped };
};

test("nothing new is recorded before the first survey", () => {
  const versions = new NodeVersions();
  expect(versions.refusal("0.5.0")).toMatchObject({ code: "kind-unknown", retryAfterMs: 1_000 });
  expect(versions.refusal("0.4.0")).toBeUndefined();
  expect(versions.known).toBe("0.4.0");
  versions.note([], 0);
  expect(versions.known).toBe("0.5.0");
  expect(versions.refusal("0.5.0")).toBeUndefined();
});

test("a refusal names the servers that are too old", () => {
  const versions = new NodeVersions();
  versions.note(
    [node("a", "0.5.0"), node("b", "0.4.0"), { ...node("c", "0.4.0"), address: "" }],
    0,
  );
  expect(versions.refusal("0.5.0")).toMatchObject({
    code: "kind-unknown",
    message: "not all servers of this cluster support this yet: b.example:2428, c",
    remedy: "upgrade them to chat 0.5.0 first",
  });
  expect(versions.refusal("0.4.0")).toBeUndefined();
  expect(versions.known).toBe("0.4.0");
  versions.note([node("a", "0.5.0"), node("b", "0.5.0"), node("c", "0.5.0")], 1);
  expect(versions.known).toBe("0.5.0");
  expect(versions.refusal("0.5.0")).toBeUndefined();
});

test("a server that is down counts for ten minutes, and one that has stopped does not", () => {
  const versions = new NodeVersions();
  versions.note([node("a", "0.5.0"), node("b", "0.4.0")], 0);
  versions.note([node("a", "0.5.0")], NODE_VERSION_FORGET_MS - 1);
  expect(versions.refusal("0.5.0")).toBeDefined();
  versions.note([node("a", "0.5.0")], NODE_VERSION_FORGET_MS);
  expect(versions.refusal("0.5.0")).toBeUndefined();
  versions.note([node("b", "0.4.0")], NODE_VERSION_FORGET_MS);
  expect(versions.refusal("0.5.0")).toBeDefined();
  versions.note([node("b", "0.4.0", true)], NODE_VERSION_FORGET_MS);
  expect(versions.refusal("0.5.0")).toBeUndefined();
});

test("remembers a bounded number of servers", () => {
  const versions = new NodeVersions();
  for (let i = 0; i <= SIBLINGS_MAX; i++) versions.note([node(`n${i}`, "0.4.0")], i);
  const { message = "" } = versions.refusal("0.5.0") ?? {};
  expect(message.split(", ")).toHaveLength(SIBLINGS_MAX);
  expect(message).not.toContain(" n0.example");
});
