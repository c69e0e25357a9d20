import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { TransferQueue, type TransferTask } from "../../../src/client/files/queue.ts";

class Lab {
  readonly events: string[] = [];
  readonly runs = new Map<string, PromiseWithResolvers<void>>();
  readonly queue = new TransferQueue({
    runningMax: { upload: 2 },
    removesEnded: true,
    emit: (event) => {
      const isGone = event.kind === "transfer-gone";
      const { id, state } = isGone ? { id: event.id, state: { kind: "gone" } } : event.transfer;
      this.events.push(`${id} ${state.kind}`);
    },
  });

  add(id: string, more: Partial<TransferTask> = {}): void {
    void this.queue.add({
      view: { id, kind: "upload", file: undefined, name: id, to: [] },
      run: () => {
        const run = Promise.withResolvers<void>();
        this.runs.set(id, run);
        return run.promise;
      },
      ...more,
    });
  }

  get running(): string[] {
    return [...this.runs.keys()];
  }

  async ends(id: string, fault?: Fault): Promise<void> {
    if (fault === undefined) this.runs.get(id)?.resolve();
    else this.runs.get(id)?.reject(fault);
    await new Promise(setImmediate);
  }
}

test("starts urgent tasks first, up to the limit of their kind", async () => {
  const lab = new Lab();
  for (const id of ["a", "b", "c"]) lab.add(id);
  lab.add("urgent", { isUrgent: () => true });
  lab.add("get", { view: { id: "get", kind: "download", file: undefined, name: "", to: [] } });
  expect(lab.running).toEqual(["a", "b", "get"]);
  await lab.ends("a");
  expect(lab.running.at(-1)).toBe("urgent");
  await lab.ends("b");
  expect(lab.running.at(-1)).toBe("c");
});

test("removes ended tasks and emits the fault of a failed one", async () => {
  const lab = new Lab();
  lab.add("a");
  lab.add("b");
  await lab.ends("a");
  await lab.ends("b", new Fault("store-full", "full"));
  expect(lab.queue.ofKind("upload")).toEqual([]);
  expect(lab.events.slice(-2)).toEqual(["a gone", "b failed"]);
});

test("is settled when cancelled runs have ended", async () => {
  const lab = new Lab();
  for (const id of ["a", "b", "c"]) lab.add(id);
  let isSettled = false;
  const settled = lab.queue.settled().then(() => {
    isSettled = true;
  });
  for (const id of ["c", "b", "a"]) lab.queue.cancel(id);
  await lab.ends("a");
  expect([isSettled, lab.queue.unsettledCount]).toEqual([false, 1]);
  await lab.ends("b", new Fault("interrupted", "cancelled"));
  await settled;
  expect(lab.running).toEqual(["a", "b"]);
});

test("is settled when the last run ends after the queue was closed", async () => {
  const lab = new Lab();
  lab.add("a");
  const settled = lab.queue.settled();
  lab.queue.close();
  await lab.ends("a");
  await settled;
});
