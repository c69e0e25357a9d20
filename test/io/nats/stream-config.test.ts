import { expect, test } from "bun:test";
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from "@nats-io/jetstream";
import { DUPLICATE_WINDOW_NS, settingsFault } from "../../../src/io/nats/stream-config.ts";

const OURS = {
  name: "CHAT_a",
  subjects: ["chat.a.log"],
  max_msgs: -1,
  max_msgs_per_subject: -1,
  max_bytes: -1,
  max_age: 0,
  max_msg_size: -1,
  discard: DiscardPolicy.New,
  duplicate_window: DUPLICATE_WINDOW_NS,
  num_replicas: 3,
  republish: { src: "chat.a.log", dest: "chat.a.stored" },
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  sealed: false,
  no_ack: false,
} as unknown as StreamConfig;

const EXPECTED = { subject: "chat.a.log", republishedAs: "chat.a.stored", isReplicated: true };

function fault(change: Readonly<Record<string, unknown>>, expected = EXPECTED) {
  return settingsFault({ config: { ...OURS, ...change } as StreamConfig }, expected);
}

test("accepts the settings of a stream of ours", () => {
  expect(fault({})).toBeUndefined();
  expect(fault({ num_replicas: 1 }, { ...EXPECTED, isReplicated: false })).toBeUndefined();
  // A NATS version that cannot republish safely.
  const { republishedAs: _, ...old } = EXPECTED;
  expect(
    settingsFault({ config: { ...OURS, republish: undefined } as never }, old),
  ).toBeUndefined();
});

const REMOVE = "stop all servers, remove the stream";

test.each([
  [{ subjects: ["chat.>"] }, "subjects chat.>", "--subjects=chat.a.log"],
  [{ max_msgs: 5 }, "max_msgs 5", "--max-msgs=-1"],
  [{ max_msgs_per_subject: 5 }, "max_msgs_per_subject 5", "--max-msgs-per-subject=-1"],
  [{ max_bytes: 5 }, "max_bytes 5", "--max-bytes=-1"],
  [{ max_age: 60e9 }, "max_age 60 s", "--max-age=0"],
  [{ max_msg_size: 5 }, "max_msg_size 5", "--max-msg-size=-1"],
  [{ discard: DiscardPolicy.Old }, "discard old", "--discard=new"],
  [{ duplicate_window: 1e9 }, "duplicate_window 1 s", "--dupe-window=2m"],
  [{ num_replicas: 1 }, "num_replicas 1", "--replicas=3"],
  [
    { republish: undefined },
    "republish off",
    "--republish-source=chat.a.log --republish-destination=chat.a.stored",
  ],
  [
    { republish: { src: "chat.a.log", dest: "else\u001b" } },
    "republish chat.a.log to else",
    "--republish-source=chat.a.log --republish-destination=chat.a.stored",
  ],
  [{ retention: RetentionPolicy.Workqueue }, "retention workqueue", REMOVE],
  [{ storage: StorageType.Memory }, "storage memory", REMOVE],
  [{ sealed: true }, "sealed true", REMOVE],
  [{ no_ack: true }, "no_ack true", "--ack"],
  [{ persist_mode: "async" }, "persist_mode async", REMOVE],
  [{ sources: [{ name: "other" }] }, "sources other", REMOVE],
  [{ mirror: { name: "other" } }, "sources other", REMOVE],
])("names %j, and what restores it", (change, found, remedy) => {
  const { code, message, remedy: told } = fault(change) ?? {};
  expect([code, message]).toEqual(["data-foreign", expect.stringContaining(`messages: ${found}`)]);
  expect(told).toContain(remedy);
  expect(message).not.toContain("\u001b");
});
