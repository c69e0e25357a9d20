import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { WriteLimits } from "../../src/client/write-limits.ts";
import type { ModelEvent } from "../../src/core/model/event.ts";
import type { Model } from "../../src/core/model/state.ts";
import { emptyModel } from "../../src/core/model/update.ts";
import { until } from "../event.ts";

type Answer = PromiseWithResolvers<{ readonly only?: "moderators" }>;

function limits() {
  const asked: string[] = [];
  const answers: Answer[] = [];
  const events: ModelEvent[] = [];
  const request = (_kind: string, { target }: { target: string }) => {
    asked.push(target);
    const answer: Answer = Promise.withResolvers();
    answers.push(answer);
    return answer.promise;
  };
  const writeLimits = new WriteLimits(request as never, (event) => events.push(event));
  return { writeLimits, asked, answers, events };
}

const LIMITED: Model = {
  ...emptyModel(),
  open: "@ben",
  notices: { rules: { direct: "moderators" } },
};
const OPENED: ModelEvent = { kind: "open", target: "@ben" };

function record(kind: string): ModelEvent {
  return { kind: "record", record: { kind } as never };
}

test("asks about an open conversation while a rule of the server limits messages", async () => {
  const { writeLimits, asked, answers, events } = limits();
  writeLimits.ask(LIMITED);
  writeLimits.note(OPENED);
  writeLimits.ask({ ...LIMITED, open: "lobby" });
  writeLimits.ask({ ...LIMITED, notices: { rules: { files: "operators" } } });
  expect(asked).toEqual([]);
  writeLimits.ask(LIMITED);
  expect(asked).toEqual(["@ben"]);
  answers[0]?.resolve({ only: "moderators" });
  await until("the answer is there", () => events.length > 0);
  expect(events).toEqual([{ kind: "write-limit", target: "@ben", only: "moderators" }]);
  writeLimits.ask(LIMITED);
  expect(asked).toEqual(["@ben"]);
});

test("asks again, one question at a time, when members or moderators have changed", async () => {
  const { writeLimits, asked, answers, events } = limits();
  writeLimits.note(OPENED);
  writeLimits.ask(LIMITED);
  for (const kind of ["text", "grant", "join", "kick"]) {
    writeLimits.note(record(kind));
    writeLimits.ask(LIMITED);
  }
  expect(asked).toHaveLength(1);
  answers[0]?.reject(new Fault("link-closed", "lost"));
  await until("it asks again", () => {
    writeLimits.ask(LIMITED);
    return asked.length > 1;
  });
  writeLimits.ask(LIMITED);
  expect(asked).toHaveLength(2);
  answers[1]?.resolve({});
  await until("the answer is there", () => events.length > 0);
  writeLimits.note(record("text"));
  writeLimits.ask(LIMITED);
  expect([asked.length, events]).toEqual([
    2,
    [{ kind: "write-limit", target: "@ben", only: undefined }],
  ]);
});
