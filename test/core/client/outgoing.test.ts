import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../../src/base/fault.ts";
import type { FileId } from "../../../src/base/ids.ts";
import {
  faultOf,
  type OutgoingCommand,
  type OutgoingEffect,
  OutgoingMessage,
  refusedMessage,
  storedFault,
  type UploadedContent,
  type WaitingMessage,
} from "../../../src/core/client/outgoing.ts";
import { waitingPercent, waitingView } from "../../../src/core/model/waiting.ts";

type Message = WaitingMessage<string>;
type Effect = OutgoingEffect<string>;

const TEXT = "the text";

function content(file: number): UploadedContent {
  return { file: `f${file}` as FileId, size: 3, chunks: 1, digest: "ab".repeat(32) };
}

function newMessage(fileCount: number, change: Partial<Message> = {}): Message {
  const files = Array.from({ length: fileCount }, (_, id) => {
    return {
      id,
      name: `${id}.txt`,
      size: 3,
      source: `/${id}.txt`,
      state: { kind: "waiting" } as const,
    };
  });
  return { to: ["lobby"], text: TEXT, createdUnixMs: 1, files, ...change };
}

const kinds = (effects: readonly Effect[]) => effects.map(({ kind }) => kind);
const refused = (code: Fault["code"] = "too-large") => new Fault(code, "refused");

function uploaded(outgoing: OutgoingMessage<string>, file: number, now = 0) {
  return outgoing.handle({ kind: "uploaded", file, content: content(file) }, now);
}

test("uploads all files at once, and posts when the last one is complete", () => {
  const outgoing = new OutgoingMessage(newMessage(2, { to: ["lobby", "@ben"], re: 4 }));
  expect(kinds(outgoing.handle({ kind: "started" }, 0))).toEqual(["upload", "upload"]);
  expect(kinds(uploaded(outgoing, 1))).toEqual(["store"]);
  const [store, post] = uploaded(outgoing, 0);
  expect(store?.kind).toBe("store");
  const files = [0, 1].map((file) => ({ ...content(file), digest: new Uint8Array(32).fill(0xab) }));
  const body = { text: TEXT, re: 4, files };
  expect(post).toMatchObject({ kind: "post", posts: [{ to: "lobby" }, { to: "@ben", body }] });
  expect(outgoing.handle({ kind: "discard" }, 0)).toEqual([]);
  expect(outgoing.handle({ kind: "queued" }, 0)).toEqual([]);
  expect(outgoing.isGone).toBe(true);
});

test("mentions the people whom a caption mentions", () => {
  const outgoing = new OutgoingMessage(newMessage(0, { text: "@ben look" }));
  const [post] = outgoing.handle({ kind: "started" }, 0);
  expect(post).toMatchObject({ posts: [{ body: { text: "@ben look", mentions: ["ben"] } }] });
});

test("is stuck while a file has failed, and retries only that file", () => {
  const outgoing = new OutgoingMessage(newMessage(2));
  outgoing.handle({ kind: "started" }, 0);
  const [store] = outgoing.handle({ kind: "failed", file: 0, fault: refused() }, 0);
  expect(store).toMatchObject({ message: { files: [{ state: { kind: "failed" } }, {}] } });
  expect(kinds(uploaded(outgoing, 1))).toEqual(["store"]);
  expect(outgoing.isStuck).toBe(true);
  expect(outgoing.actions).toEqual(["retry", "remove-file", "send-without", "edit", "discard"]);
  const retried = outgoing.handle({ kind: "retry" }, 0);
  expect(retried.slice(1)).toMatchObject([{ kind: "upload", file: { id: 0 }, isRetry: true }]);
  expect(kinds(uploaded(outgoing, 0))).toEqual(["store", "post"]);
});

test("sends the others without a file that has failed", () => {
  const outgoing = new OutgoingMessage(newMessage(3));
  outgoing.handle({ kind: "started" }, 0);
  uploaded(outgoing, 2);
  outgoing.handle({ kind: "failed", file: 0, fault: refused() }, 0);
  expect(kinds(outgoing.handle({ kind: "send-without" }, 0))).toEqual(["store"]);
  const [, post] = uploaded(outgoing, 1);
  expect(post).toMatchObject({ posts: [{ body: { files: [{ file: "f1" }, { file: "f2" }] } }] });
});

test("deletes a message without text when its last file is removed", () => {
  const outgoing = new OutgoingMessage(newMessage(1, { text: "" }));
  outgoing.handle({ kind: "started" }, 0);
  outgoing.handle({ kind: "failed", file: 0, fault: refused() }, 0);
  expect(outgoing.actions).toEqual(["retry", "remove-file", "edit", "discard"]);
  expect(kinds(outgoing.handle({ kind: "remove-file", file: 0 }, 0))).toEqual(["delete"]);
  const unstarted = new OutgoingMessage(newMessage(1, { text: "" }));
  unstarted.handle({ kind: "started" }, 0);
  expect(kinds(unstarted.handle({ kind: "remove-file", file: 0 }, 0))).toEqual(["delete", "stop"]);
});

test("removes a running file, whose late answer is withdrawn", () => {
  const outgoing = new OutgoingMessage(newMessage(2));
  outgoing.handle({ kind: "started" }, 0);
  expect(kinds(outgoing.handle({ kind: "remove-file", file: 0 }, 0))).toEqual(["store", "stop"]);
  expect(outgoing.handle({ kind: "failed", file: 0, fault: refused() }, 0)).toEqual([]);
  expect(kinds(uploaded(outgoing, 0))).toEqual(["withdraw"]);
  expect(kinds(uploaded(outgoing, 1))).toEqual(["store", "post"]);
});

test("waits as long as the server asks before it uploads again", () => {
  const outgoing = new OutgoingMessage(newMessage(1));
  outgoing.handle({ kind: "started" }, 0);
  const fault = new Fault("too-many", "later", { retryAfterMs: 5_000 });
  expect(outgoing.handle({ kind: "failed", file: 0, fault }, 10)).toEqual([]);
  expect(outgoing.isStuck).toBe(false);
  expect(outgoing.deadline()).toBe(5_010);
  expect(outgoing.handle({ kind: "tick" }, 5_009)).toEqual([]);
  expect(outgoing.handle({ kind: "tick" }, 5_010)).toMatchObject([{ kind: "upload" }]);
  expect(outgoing.deadline()).toBeUndefined();
});

test("stays stuck over a restart until its author decides", () => {
  const fault = storedFault(refused("muted"));
  const outgoing = new OutgoingMessage(newMessage(1, { fault }));
  expect(outgoing.handle({ kind: "started" }, 0)).toEqual([]);
  expect(outgoing.actions).toEqual(["retry", "edit", "discard"]);
  expect(kinds(outgoing.handle({ kind: "retry" }, 0))).toEqual(["store", "upload"]);
});

test("leaves a refused target alone, and renews uploads that the server has deleted once", () => {
  const message = newMessage(1, { to: ["lobby", "@ben"] });
  const muted = refusedMessage(message, "@ben", refused("muted"));
  expect(muted).toMatchObject({ to: ["@ben"], fault: { code: "muted" } });
  const expired = refusedMessage(message, "lobby", refused("file-unknown"));
  expect(expired.fault).toBeUndefined();
  expect(kinds(new OutgoingMessage(expired).handle({ kind: "started" }, 0))).toEqual(["upload"]);
  const again = refusedMessage(expired, "lobby", refused("file-unknown"));
  expect(again.fault?.code).toBe("file-unknown");
});

test("stores faults so that they can be translated later", () => {
  const fault = new Fault("too-large", { text: "limit 5", template: "limit {}", values: ["5"] });
  const restored = faultOf(JSON.parse(JSON.stringify(storedFault(fault))));
  expect(restored).toMatchObject({ code: "too-large", message: "limit 5", remedy: fault.remedy });
  expect(restored.translatable.message).toEqual(fault.translatable.message);
});

test("shows the percent of each file", () => {
  const view = waitingView("k", newMessage(2), new Map());
  const report = { doneBytes: 2, sizeBytes: 3, resumedBytes: 0, ratePerS: 0, elapsedMs: 1 };
  const [file] = view.files;
  expect(view.files.map(waitingPercent)).toEqual([0, 0]);
  if (file === undefined) throw new Error("no file");
  expect(waitingPercent({ ...file, progress: report })).toBe(66);
  expect(waitingPercent({ ...file, progress: { ...report, doneBytes: 3 } })).toBe(99);
  expect(waitingPercent({ ...file, isComplete: true })).toBe(100);
  expect(waitingPercent({ ...file, size: undefined })).toBeUndefined();
});

const TARGETS = ["lobby", "@ben"];

/** Client whose process can end between any two writes, and whose server can refuse anything. */
class Scene {
  /** Targets of the messages that their author took back or discarded. */
  readonly ended: string[] = [];
  readonly rows = new Map<string, Message>();
  readonly outbox = new Map<string, Message>();
  readonly log: string[] = [];
  #running = new Map<string, OutgoingMessage<string>>();
  #now = 0;

  constructor(fileCount: number) {
    this.rows.set("first", newMessage(fileCount, { to: TARGETS }));
    this.restart();
  }

  restart(): void {
    this.#running = new Map([...this.rows].map(([key, row]) => [key, new OutgoingMessage(row)]));
    for (const key of this.#running.keys()) this.#handle(key, { kind: "started" });
  }

  /** Every command reaches every message, so that late and repeated ones occur. */
  handle(input: Parameters<OutgoingMessage<string>["handle"]>[0], dies = false): void {
    for (const key of [...this.#running.keys()]) this.#handle(key, input, dies);
    if (dies) this.restart();
  }

  tick(): void {
    this.#now += 10_000;
    this.handle({ kind: "tick" });
  }

  settle(isAccepted: boolean, code: Fault["code"]): void {
    const [first] = this.outbox;
    if (first === undefined) return;
    const [to, message] = first;
    this.outbox.delete(to);
    if (isAccepted) return void this.log.push(to);
    const key = `refused ${to} ${this.#now++}`;
    const row = refusedMessage(message, to, refused(code));
    this.rows.set(key, row);
    this.#running.set(key, new OutgoingMessage(row));
    this.#handle(key, { kind: "started" });
  }

  #handle(
    key: string,
    input: Parameters<OutgoingMessage<string>["handle"]>[0],
    dies = false,
  ): void {
    const outgoing = this.#running.get(key);
    if (outgoing === undefined) return;
    for (const effect of outgoing.handle(input, this.#now)) {
      this.#perform(key, outgoing, effect);
      if (dies) return;
    }
  }

  /** Each call stands for at most one write. */
  #perform(key: string, outgoing: OutgoingMessage<string>, effect: Effect): void {
    if (effect.kind === "store") {
      expect(this.rows.has(key)).toBe(true);
      this.rows.set(key, effect.message);
    } else if (effect.kind === "post") {
      if (this.#now % 3 === 2) {
        return this.#handle(key, { kind: "not-queued", fault: refused("store-full") });
      }
      for (const { to, body } of effect.posts) {
        expect(body.files?.length ?? 0).toBe(outgoing.message.files.length);
        expect(this.outbox.has(to)).toBe(false);
        this.outbox.set(to, outgoing.message);
      }
      this.rows.delete(key);
      this.#handle(key, { kind: "queued" });
    } else if (effect.kind === "return" || effect.kind === "delete") {
      expect(this.rows.delete(key)).toBe(true);
      this.ended.push(...outgoing.message.to);
    }
  }

  placesOf(target: string): number {
    const rows = [...this.rows.values()].filter(
      ({ to, text }) => to.includes(target) && text === TEXT,
    );
    const isLogged = this.log.filter((to) => to === target).length;
    const isEnded = this.ended.filter((to) => to === target).length;
    return rows.length + Number(this.outbox.has(target)) + isLogged + isEnded;
  }
}

test("keeps the text in exactly one place, in any order of events", () => {
  const command = fc.constantFrom<OutgoingCommand>(
    { kind: "retry" },
    { kind: "send-without" },
    { kind: "remove-file", file: 0 },
    { kind: "edit" },
    { kind: "discard" },
  );
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ uploads: fc.nat(3), dies: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ fails: fc.nat(3), isLater: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ command, dies: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ isAccepted: fc.boolean(), isExpired: fc.boolean() }) },
    fc.constantFrom("tick" as const, "restart" as const),
  );
  const property = fc.property(fc.nat(3), fc.array(step, { maxLength: 40 }), (fileCount, steps) => {
    const scene = new Scene(fileCount);
    for (const step of steps) {
      if (step === "tick") scene.tick();
      else if (step === "restart") scene.restart();
      else if ("uploads" in step) {
        const { uploads: file, dies } = step;
        scene.handle({ kind: "uploaded", file, content: content(file) }, dies);
      } else if ("fails" in step) {
        const detail = step.isLater ? { retryAfterMs: 1 } : {};
        const fault = new Fault("too-many", "no", detail);
        scene.handle({ kind: "failed", file: step.fails, fault });
      } else if ("command" in step) scene.handle(step.command, step.dies);
      else scene.settle(step.isAccepted, step.isExpired ? "file-unknown" : "muted");
      for (const target of TARGETS) expect(scene.placesOf(target)).toBe(1);
    }
  });
  fc.assert(property);
});
